//! The writing end: any task notes, one thread writes.
//!
//! Keeps true: records stand in the file in the order in which they were noted, so each client's are in
//! order; the queue holds 64 pages, some 4 MiB, and who finds it full waits, is counted, and holds
//! up all others who note: the load must not outrun its proof. What was noted is on its way to the file
//! within 200 ms, so that a killed process loses no more than that.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::clock::Clock;
use super::encoder::Encoder;
use super::header::{HEADER_BYTES, Header, PAGE_HEAD_BYTES, VERSION};
use super::record::{Name, Record, Session};
use crate::checksum::Checksum;

/// A page is sent to the writer when it holds this much.
const PAGE_BYTES: usize = 64 * 1024;
/// Pages that wait to be written: 4 MiB.
const PAGES_QUEUED_MAX: usize = 64;
/// How long a page that isn't full waits.
const LINGER: Duration = Duration::from_millis(200);

/// A ledger being written. Clones note into the same file.
#[derive(Clone)]
pub struct Ledger {
    shared: Arc<Shared>,
}

/// The writer's thread; [`Writing::close`] ends the ledger.
pub struct Writing {
    ledger: Ledger,
    thread: JoinHandle<io::Result<u64>>,
}

/// How often and how long somebody waited for the writer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Waits {
    /// How often.
    pub times: u64,
    /// How long in all.
    pub us: u64,
}

/// What became of a ledger.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Written {
    /// Records, names and epochs apart.
    pub records: u64,
    /// Size of the file.
    pub bytes: u64,
    /// What it cost the load.
    pub waits: Waits,
}

struct Shared {
    noting: Mutex<Noting>,
    clock: Clock,
    sessions: AtomicU32,
    is_broken: AtomicBool,
    waits: AtomicU64,
    waited_us: AtomicU64,
}

struct Noting {
    encoder: Encoder,
    /// Gone once the ledger is closed.
    pages: Option<SyncSender<Vec<u8>>>,
}

impl Ledger {
    /// Begins a ledger in a new file. `process` tells the processes of a fleet apart.
    ///
    /// # Errors
    /// The file exists, or can't be written; no thread can be had.
    pub fn create(path: &Path, clock: Clock, process: u32) -> io::Result<(Self, Writing)> {
        Self::into_file(File::create_new(path)?, clock, process)
    }

    pub(super) fn into_file(
        mut file: impl Write + Send + 'static,
        clock: Clock,
        process: u32,
    ) -> io::Result<(Self, Writing)> {
        let header = Header {
            version: VERSION,
            process,
            run_unix_us: clock.run_unix_us(),
        };
        file.write_all(&header.bytes())?;
        let (pages, queue) = sync_channel(PAGES_QUEUED_MAX);
        let noting = Noting {
            encoder: Encoder::default(),
            pages: Some(pages),
        };
        let shared = Arc::new(Shared {
            noting: Mutex::new(noting),
            clock,
            sessions: AtomicU32::new(0),
            is_broken: AtomicBool::new(false),
            waits: AtomicU64::new(0),
            waited_us: AtomicU64::new(0),
        });
        let ledger = Self { shared };
        let shared = Arc::clone(&ledger.shared);
        let thread = std::thread::Builder::new()
            .name("ledger".into())
            .spawn(move || shared.write_all(&queue, file))?;
        let writing = Writing {
            ledger: ledger.clone(),
            thread,
        };
        Ok((ledger, writing))
    }

    /// The run's clock.
    pub fn clock(&self) -> Clock {
        self.shared.clock
    }

    /// The number of a text. Ask once for what is used often, and keep it.
    pub fn name(&self, text: &str) -> Name {
        let mut noting = self.shared.lock();
        let name = Name(noting.encoder.name(text));
        if noting.encoder.page.len() >= PAGE_BYTES {
            self.shared.hand_over(&mut noting);
        }
        name
    }

    /// A number for a session that is about to be opened.
    pub fn session(&self) -> Session {
        Session(self.shared.sessions.fetch_add(1, Ordering::Relaxed))
    }

    /// Notes what happened at `at_us` of the run's clock. Waits where the writer is behind; see
    /// [`Ledger::waits`].
    pub fn note(&self, at_us: u64, record: &Record) {
        let mut noting = self.shared.lock();
        noting.encoder.put(at_us, record);
        if noting.encoder.page.len() >= PAGE_BYTES {
            self.shared.hand_over(&mut noting);
        }
    }

    /// How often and how long the load has waited so far. Never waits itself.
    pub fn waits(&self) -> Waits {
        self.shared.waits()
    }

    /// Whether writing has failed: what is noted from then on is lost, and the run proves nothing.
    pub fn is_broken(&self) -> bool {
        self.shared.is_broken.load(Ordering::Relaxed)
    }
}

impl Writing {
    /// Ends the ledger: notes [`Record::End`] and writes what is left. What clones note afterwards is
    /// dropped.
    ///
    /// # Errors
    /// What kept the thread from writing, now or before.
    pub fn close(self) -> io::Result<Written> {
        let shared = Arc::clone(&self.ledger.shared);
        let records = {
            let mut noting = shared.lock();
            noting.encoder.put(shared.clock.now_us(), &Record::End);
            shared.hand_over(&mut noting);
            noting.pages = None;
            noting.encoder.records
        };
        let ended = self.thread.join();
        let bytes = ended.unwrap_or_else(|_| Err(io::Error::other("the writer panicked")))?;
        Ok(Written {
            records,
            bytes,
            waits: shared.waits(),
        })
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Noting> {
        self.noting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn waits(&self) -> Waits {
        Waits {
            times: self.waits.load(Ordering::Relaxed),
            us: self.waited_us.load(Ordering::Relaxed),
        }
    }

    fn hand_over(&self, noting: &mut Noting) {
        let page = std::mem::replace(
            &mut noting.encoder.page,
            Vec::with_capacity(PAGE_BYTES + 1024),
        );
        let Some(pages) = &noting.pages else { return };
        match pages.try_send(page) {
            // A writer that is gone has said so in `is_broken`.
            Ok(()) | Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(page)) => {
                let begin_us = self.clock.now_us();
                self.waits.fetch_add(1, Ordering::Relaxed);
                let _ = pages.send(page);
                let us = self.clock.now_us().saturating_sub(begin_us);
                self.waited_us.fetch_add(us, Ordering::Relaxed);
            }
        }
    }

    /// The writer's life; returns the size of the file.
    fn write_all(&self, queue: &Receiver<Vec<u8>>, mut file: impl Write) -> io::Result<u64> {
        let mut bytes = HEADER_BYTES as u64;
        loop {
            let written = match queue.recv_timeout(LINGER) {
                Ok(page) => write_page(&mut file, &page),
                Err(RecvTimeoutError::Timeout) => self.write_started(queue, &mut file),
                Err(RecvTimeoutError::Disconnected) => return Ok(bytes),
            };
            match written {
                Ok(written) => bytes += written,
                Err(why) => {
                    self.is_broken.store(true, Ordering::Relaxed);
                    return Err(why);
                }
            }
        }
    }

    /// Writes the page that isn't full, behind all that are.
    fn write_started(&self, queue: &Receiver<Vec<u8>>, file: &mut impl Write) -> io::Result<u64> {
        // Whoever holds the lock may wait for this thread: never wait for the lock.
        let mut noting = match self.noting.try_lock() {
            Ok(noting) => noting,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Ok(0),
        };
        let mut bytes = 0;
        for page in queue.try_iter() {
            bytes += write_page(file, &page)?;
        }
        let started = std::mem::take(&mut noting.encoder.page);
        drop(noting);
        Ok(bytes + write_page(file, &started)?)
    }
}

fn write_page(file: &mut impl Write, records: &[u8]) -> io::Result<u64> {
    if records.is_empty() {
        return Ok(0);
    }
    let length = u32::try_from(records.len()).map_err(io::Error::other)?;
    let mut page = Vec::with_capacity(PAGE_HEAD_BYTES + records.len());
    page.extend(length.to_le_bytes());
    page.extend((!length).to_le_bytes());
    page.extend(Checksum::new().and(records).value().to_le_bytes());
    page.extend_from_slice(records);
    file.write_all(&page)?;
    Ok(page.len() as u64)
}
