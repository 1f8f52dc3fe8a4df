//! The writer's queue when the disk is slow, broken, or idle.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::ledger::clock::Clock;
use crate::ledger::record::{Name, Place, Record};
use crate::ledger::writer::Ledger;

/// A disk that writes a page only when it gets a permit, and any number once there will be none.
struct Slow {
    permits: Receiver<()>,
    written: Arc<Mutex<u64>>,
}

impl Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = self.written.lock().unwrap();
        if *written > 0 {
            drop(written);
            let _ = self.permits.recv();
            written = self.written.lock().unwrap();
        }
        *written += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn slow() -> (Slow, SyncSender<()>, Arc<Mutex<u64>>) {
    let (permit, permits) = sync_channel(1_000);
    let written = Arc::new(Mutex::new(0));
    let disk = Slow {
        permits,
        written: Arc::clone(&written),
    };
    (disk, permit, written)
}

fn head() -> Record {
    Record::Head {
        room: Name(0),
        at: Place { epoch: 1, seq: 1 },
        messages: 1,
    }
}

/// Waits up to a minute.
fn until(holds: impl Fn() -> bool) -> bool {
    for _ in 0..6_000 {
        if holds() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

#[test]
fn who_outruns_the_disk_waits_is_counted_and_loses_nothing() {
    let (disk, permit, written) = slow();
    let (ledger, writing) = Ledger::into_file(disk, Clock::begin(), 0).unwrap();
    ledger.name("room");
    // Far more than the queue holds, as 6 MB of heads.
    let records = 1_000_000;
    let noting = {
        let ledger = ledger.clone();
        std::thread::spawn(move || (0..records).for_each(|at_us| ledger.note(at_us, &head())))
    };
    assert!(until(|| ledger.waits().times > 0));
    assert!(!noting.is_finished(), "it must wait for the disk");
    assert!(*written.lock().unwrap() < 1_000);
    drop(permit);
    noting.join().unwrap();
    let end = writing.close().unwrap();
    assert_eq!(end.records, records + 1);
    assert_eq!(end.bytes, *written.lock().unwrap());
    assert_eq!(end.waits, ledger.waits());
}

#[test]
fn a_record_reaches_the_disk_though_nothing_follows_it() {
    let (disk, permit, written) = slow();
    drop(permit);
    let (ledger, writing) = Ledger::into_file(disk, Clock::begin(), 0).unwrap();
    let before = *written.lock().unwrap();
    ledger.name("room");
    ledger.note(1, &head());
    assert!(until(|| *written.lock().unwrap() > before));
    writing.close().unwrap();
}

#[test]
fn a_broken_disk_is_told_at_once_and_at_the_end() {
    struct Broken(bool);
    impl Write for Broken {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if std::mem::replace(&mut self.0, true) {
                return Err(io::Error::other("no space"));
            }
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (ledger, writing) = Ledger::into_file(Broken(false), Clock::begin(), 0).unwrap();
    ledger.name("room");
    ledger.note(1, &head());
    assert!(until(|| ledger.is_broken()));
    // Nobody waits for a writer that is gone.
    (0..1_000_000).for_each(|at_us| ledger.note(at_us, &head()));
    assert_eq!(writing.close().unwrap_err().to_string(), "no space");
}
