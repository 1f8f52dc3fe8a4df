//! The first 32 bytes of a ledger: what it is, whose it is, and when the run began.

use super::bytes::{Bytes, Flaw};

pub(super) const MAGIC: &[u8; 8] = b"RCLEDGER";
pub(super) const VERSION: u16 = 1;
pub(super) const HEADER_BYTES: usize = 32;
/// The length twice, so that a wrong one is no page that was cut short; then the checksum.
pub(super) const PAGE_HEAD_BYTES: usize = 16;
/// A longer page was never written; what claims so is damage.
pub(super) const PAGE_BYTES_MAX: usize = 1 << 20;

/// What stands at the top of a ledger.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Header {
    pub(super) version: u16,
    /// Which process of the fleet wrote it.
    pub(super) process: u32,
    /// When the run began, in µs since 1970.
    pub(super) run_unix_us: u64,
}

impl Header {
    pub(super) fn bytes(self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend(self.version.to_le_bytes());
        out.extend([0; 2]);
        out.extend(self.process.to_le_bytes());
        out.extend(self.run_unix_us.to_le_bytes());
        out.resize(HEADER_BYTES, 0);
        out
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self, Flaw> {
        let mut bytes = Bytes(bytes);
        if bytes.take(MAGIC.len())? != MAGIC {
            return Err(Flaw::Bad("it doesn't begin as a ledger does"));
        }
        let version = u16::from_le_bytes(bytes.array()?);
        bytes.take(2)?;
        Ok(Self {
            version,
            process: u32::from_le_bytes(bytes.array()?),
            run_unix_us: u64::from_le_bytes(bytes.array()?),
        })
    }
}
