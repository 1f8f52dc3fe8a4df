//! permessage-deflate's payloads (RFC 7692, 7.2): each message compressed by itself.
//!
//! One compressor and one inflater a worker thread, made at first use and reset for each message,
//! so a connection holds none. That is what "no context takeover" both ways buys. Keeps true:
//! inflating stops at the bound given, whatever the ratio; what is compressed needs no larger
//! window than the peer agreed to. Leaves to others: what was agreed, and the frames.

use std::cell::RefCell;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use crate::violation::Violation;

/// What a sync flush ends with, and a message leaves out.
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
/// Final blocks a message may hold: one, and the room a sloppy peer needs. Each one costs a reset.
const FINAL_BLOCKS_MAX: u32 = 4;

/// What was agreed about compression on a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Deflate {
    /// Messages of fewer bytes are sent plain.
    pub(crate) bytes_min: u32,
    /// 1, the fastest, to 9, the smallest.
    pub(crate) level: u8,
    /// Messages up to two to the power of this are compressed. A message that fits in the peer's
    /// window reaches back no further than that window, whatever ours is, so one compressor, and
    /// one shared frame, serve every agreement; larger messages go plain to that peer.
    pub(crate) send_window_bits: u8,
}

impl Deflate {
    /// Whether a message of so many bytes is sent compressed.
    #[must_use]
    pub fn compresses(&self, bytes: usize) -> bool {
        let fits = self.send_window_bits >= 15 || bytes <= 1 << self.send_window_bits;
        fits && bytes >= self.bytes_min as usize
    }
}

#[derive(Default)]
struct Engines {
    compress: Option<(u8, Compress)>,
    inflate: Option<Decompress>,
}

thread_local! {
    static ENGINES: RefCell<Engines> = RefCell::default();
}

/// Compresses a message; `None` where that would not make it smaller.
pub(crate) fn deflate(payload: &[u8], level: u8) -> Option<Vec<u8>> {
    ENGINES.with_borrow_mut(|engines| {
        if engines.compress.as_ref().is_none_or(|made| made.0 != level) {
            let made = Compress::new(Compression::new(level.into()), false);
            engines.compress = Some((level, made));
        }
        let (_, engine) = engines.compress.as_mut()?;
        engine.reset();
        deflate_with(engine, payload)
    })
}

fn deflate_with(engine: &mut Compress, payload: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(payload.len() + TAIL.len());
    let status = engine
        .compress_vec(payload, &mut out, FlushCompress::Sync)
        .ok()?;
    // A buffer that is full may have cut the flush: then it was not smaller.
    if status != Status::Ok || out.len() == out.capacity() || !out.ends_with(&TAIL) {
        return None;
    }
    out.truncate(out.len() - TAIL.len());
    (out.len() < payload.len()).then_some(out)
}

/// Inflates a message of up to `bytes_max` bytes.
///
/// # Errors
///
/// `MessageTooLarge` beyond them, having made no more; `BadDeflate` for what does not inflate.
pub(crate) fn inflate(payload: &[u8], bytes_max: usize) -> Result<Vec<u8>, Violation> {
    ENGINES.with_borrow_mut(|engines| {
        let engine = engines
            .inflate
            .get_or_insert_with(|| Decompress::new(false));
        engine.reset(false);
        inflate_with(engine, payload, bytes_max)
    })
}

fn inflate_with(
    engine: &mut Decompress,
    payload: &[u8],
    bytes_max: usize,
) -> Result<Vec<u8>, Violation> {
    // One byte over the bound shows that it is passed.
    let room = bytes_max.saturating_add(1);
    let mut out = Vec::with_capacity(room.min(payload.len().saturating_mul(3) + 64));
    let mut finals = 0;
    for part in [payload, &TAIL] {
        let mut rest = part;
        loop {
            let (input, output) = (rest.len(), out.len());
            let before = engine.total_in();
            let status = engine
                .decompress_vec(rest, &mut out, FlushDecompress::Sync)
                .map_err(|_| Violation::BadDeflate)?;
            let taken = usize::try_from(engine.total_in() - before).expect("no more than given");
            rest = &rest[taken..];
            if out.len() > bytes_max {
                return Err(Violation::MessageTooLarge);
            }
            if status == Status::StreamEnd {
                finals += 1;
                if finals > FINAL_BLOCKS_MAX {
                    return Err(Violation::BadDeflate);
                }
                engine.reset(false);
            } else if out.len() == out.capacity() {
                out.reserve_exact(out.len().max(64).min(room - out.len()));
                continue;
            } else if rest.len() == input && out.len() == output && input > 0 {
                return Err(Violation::BadDeflate);
            }
            if rest.is_empty() {
                break;
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::{Deflate, deflate, inflate};
    use crate::violation::Violation;

    #[test]
    fn the_examples_of_the_rfc_inflate() {
        // RFC 7692, 7.2.3.1, 7.2.3.3 (no compression), 7.2.3.4 (a final block), 7.2.3.5 (two blocks).
        let examples: [&[u8]; 4] = [
            &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00],
            &[
                0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00,
            ],
            &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00],
            &[
                0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00,
            ],
        ];
        for example in examples {
            assert_eq!(inflate(example, 5).unwrap(), b"Hello");
        }
        // 7.2.3.6: an empty message.
        assert_eq!(inflate(&[0x00], 0).unwrap(), b"");
    }

    #[test]
    fn inflating_stops_at_the_bound_and_makes_no_more() {
        let zeros = vec![0; 1 << 20];
        let bomb = deflate(&zeros, 9).unwrap();
        assert!(bomb.len() < 2_000);
        assert_eq!(inflate(&bomb, 1 << 20).unwrap(), zeros);
        assert_eq!(
            inflate(&bomb, (1 << 20) - 1),
            Err(Violation::MessageTooLarge)
        );
        assert_eq!(inflate(&bomb, 100), Err(Violation::MessageTooLarge));
        assert!(inflate(&bomb, 1 << 20).unwrap().capacity() <= (1 << 20) + 1);
    }

    #[test]
    fn what_is_not_deflate_is_refused() {
        for bad in [
            &b"\xff\xff\xff\xff"[..],
            &[0x07],
            &[0x00, 0x05, 0x00, 0x00, 0x00],
        ] {
            assert_eq!(inflate(bad, 1_000), Err(Violation::BadDeflate), "{bad:?}");
        }
        // Final blocks without end, each of which asks for a reset.
        let finals = [0x03, 0x00].repeat(1_000);
        assert_eq!(inflate(&finals, 1_000), Err(Violation::BadDeflate));
    }

    #[test]
    fn what_does_not_get_smaller_is_left_alone() {
        assert_eq!(deflate(b"", 6), None);
        assert_eq!(deflate(b"abc", 6), None);
        let noise: Vec<u8> = (0..5_000u32)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        if let Some(small) = deflate(&noise, 6) {
            assert!(small.len() < noise.len());
            assert_eq!(inflate(&small, noise.len()).unwrap(), noise);
        }
    }

    #[test]
    fn a_message_larger_than_the_peers_window_is_not_compressed_for_it() {
        let agreed = |send_window_bits| Deflate {
            bytes_min: 256,
            level: 6,
            send_window_bits,
        };
        assert!(!agreed(15).compresses(255));
        assert!(agreed(15).compresses(256) && agreed(15).compresses(1 << 20));
        assert!(agreed(9).compresses(512) && !agreed(9).compresses(513));
        assert!(agreed(8).compresses(256) && !agreed(8).compresses(257));
    }
}
