//! The reading end: a ledger as a stream of records, a page at a time.
//!
//! Keeps true: it holds one page and the table of names, however long the file. A file that was cut
//! short is read as far as it goes; one that was damaged is refused.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use super::bytes::{Bytes, Flaw};
use super::decoder::Decoder;
use super::header::{HEADER_BYTES, Header, PAGE_BYTES_MAX, PAGE_HEAD_BYTES, VERSION};
use super::record::{Name, Record};
use crate::checksum::Checksum;

/// Why a ledger can't be read.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file can't be opened or read.
    #[error("{}: {why}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        why: io::Error,
    },
    /// The file is none of ours, or of another version.
    #[error("{} is no ledger of this version: {why}", path.display())]
    NotALedger {
        /// Which file.
        path: PathBuf,
        /// What it lacks.
        why: &'static str,
    },
    /// The file was changed or damaged after it was written.
    #[error("{} is damaged in the page at byte {page_at}: {why}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Where the page begins.
        page_at: u64,
        /// What is wrong.
        why: &'static str,
    },
}

/// A ledger being read.
pub struct Reader {
    path: PathBuf,
    file: BufReader<File>,
    header: Header,
    decoder: Decoder,
    page: Vec<u8>,
    /// How much of the page is read.
    read: usize,
    page_at: u64,
    next_at: u64,
    is_torn: bool,
}

impl Reader {
    /// Opens a ledger.
    ///
    /// # Errors
    /// The file can't be read, or is no ledger of this version.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        let io = |why| LedgerError::Io {
            path: path.into(),
            why,
        };
        let not = |why| LedgerError::NotALedger {
            path: path.into(),
            why,
        };
        let mut file = BufReader::with_capacity(1 << 18, File::open(path).map_err(io)?);
        let mut bytes = [0; HEADER_BYTES];
        let length = read_up_to(&mut file, &mut bytes).map_err(io)?;
        if length < HEADER_BYTES {
            return Err(not("its header is cut short"));
        }
        let header = match Header::read(&bytes) {
            Ok(header) if header.version == VERSION => header,
            Ok(_) => return Err(not("another version")),
            Err(Flaw::Bad(why)) => return Err(not(why)),
            Err(Flaw::Short) => return Err(not("its header is cut short")),
        };
        Ok(Self {
            path: path.into(),
            file,
            header,
            decoder: Decoder::default(),
            page: Vec::new(),
            read: 0,
            page_at: HEADER_BYTES as u64,
            next_at: HEADER_BYTES as u64,
            is_torn: false,
        })
    }

    /// Which process of the fleet wrote it.
    pub fn process(&self) -> u32 {
        self.header.process
    }

    /// When the run began, in µs since 1970.
    pub fn run_unix_us(&self) -> u64 {
        self.header.run_unix_us
    }

    /// The text of a name that a record of this file spoke of.
    pub fn text(&self, name: Name) -> &str {
        &self.decoder.names[name.0 as usize]
    }

    /// How many names were told so far; they have the numbers below that.
    pub(crate) fn names(&self) -> usize {
        self.decoder.names.len()
    }

    /// Whether the file ended inside a page; known once all records are read.
    pub fn is_torn(&self) -> bool {
        self.is_torn
    }

    /// The next record with its time in µs since the run began; nothing at the end.
    ///
    /// # Errors
    /// The file can't be read, or is damaged.
    pub fn read_next(&mut self) -> Result<Option<(u64, Record)>, LedgerError> {
        loop {
            let mut bytes = Bytes(&self.page[self.read..]);
            let next = self.decoder.next(&mut bytes);
            self.read = self.page.len() - bytes.0.len();
            match next {
                Ok(Some(entry)) => return Ok(Some(entry)),
                Ok(None) if self.is_torn => return Ok(None),
                Ok(None) => {}
                Err(Flaw::Short) if self.is_torn => {
                    self.page.clear();
                    self.read = 0;
                    return Ok(None);
                }
                Err(Flaw::Short) => return Err(self.damaged("a record goes beyond its page")),
                Err(Flaw::Bad(why)) => return Err(self.damaged(why)),
            }
            if !self.turn_page()? {
                return Ok(None);
            }
        }
    }

    /// Whether there was another page.
    fn turn_page(&mut self) -> Result<bool, LedgerError> {
        self.page_at = self.next_at;
        self.page.clear();
        self.read = 0;
        let mut head = [0; PAGE_HEAD_BYTES];
        let length = read_up_to(&mut self.file, &mut head).map_err(|why| self.io(why))?;
        if length < PAGE_HEAD_BYTES {
            self.is_torn |= length > 0;
            return Ok(false);
        }
        if head == [0; PAGE_HEAD_BYTES] {
            return self.only_zeros();
        }
        let flaw = |_| self.damaged("its head is too short");
        let mut bytes = Bytes(&head);
        let length = u32::from_le_bytes(bytes.array().map_err(flaw)?);
        let complement = u32::from_le_bytes(bytes.array().map_err(flaw)?);
        let checksum = u64::from_le_bytes(bytes.array().map_err(flaw)?);
        if length != !complement {
            return Err(self.damaged("its length is wrong"));
        }
        let length = length as usize;
        if length == 0 || length > PAGE_BYTES_MAX {
            return Err(self.damaged("no page has this length"));
        }
        self.page.resize(length, 0);
        let got = read_up_to(&mut self.file, &mut self.page);
        let got = got.map_err(|why| self.io(why))?;
        self.page.truncate(got);
        self.is_torn = got < length;
        if !self.is_torn && Checksum::new().and(&self.page).value() != checksum {
            return Err(self.damaged("its checksum is wrong"));
        }
        self.next_at += (PAGE_HEAD_BYTES + length) as u64;
        Ok(true)
    }

    /// A file system that lost its last blocks in a power cut leaves zeros at the end.
    fn only_zeros(&mut self) -> Result<bool, LedgerError> {
        let mut rest = [0; 4096];
        loop {
            let length = read_up_to(&mut self.file, &mut rest).map_err(|why| self.io(why))?;
            if rest[..length].iter().any(|byte| *byte != 0) {
                return Err(self.damaged("an empty page with something behind it"));
            }
            if length < rest.len() {
                self.is_torn = true;
                return Ok(false);
            }
        }
    }

    fn io(&self, why: io::Error) -> LedgerError {
        LedgerError::Io {
            path: self.path.clone(),
            why,
        }
    }

    fn damaged(&self, why: &'static str) -> LedgerError {
        LedgerError::Damaged {
            path: self.path.clone(),
            page_at: self.page_at,
            why,
        }
    }
}

/// Fills the buffer as far as the file goes.
fn read_up_to(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
            Err(why) => return Err(why),
        }
    }
    Ok(filled)
}
