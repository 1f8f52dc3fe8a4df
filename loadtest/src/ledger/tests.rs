//! Ledgers that were written, cut short, damaged, or written to where nothing can be written.

mod damage;
mod queue;

use std::path::{Path, PathBuf};

use super::clock::Clock;
use super::reader::{LedgerError, Reader};
use super::record::{ClosedBy, Cost, Name, Place, Range, Record, Session};
use super::writer::Ledger;
use crate::payload::{Carried, Said};

const SESSION: Session = Session(3);
const ROOM: Name = Name(0);
const AT: Place = Place {
    epoch: 0xfeed_f00d_0000_0001,
    seq: (1 << 53) - 1,
};
const ID: u128 = u128::MAX - 7;
const SAID: Said = Said {
    client: u32::MAX,
    number: 9,
};
const GAP: Range = Range { from: 5, to: 4 };

/// One record of each kind, and those with and without what may be missing.
fn one_of_each() -> Vec<Record> {
    [of_sessions(), of_rooms(), of_senders(), of_the_run()].concat()
}

fn of_sessions() -> Vec<Record> {
    let (session, room) = (SESSION, ROOM);
    let closed = |by, code| Record::Closed { session, code, by };
    let asked = |since| Record::JoinAsked {
        session,
        room,
        since,
    };
    vec![
        Record::Opened {
            session,
            client: 8,
            user: Name(1),
            node: Name(2),
            uuid: ID,
        },
        closed(ClosedBy::Us, None),
        closed(ClosedBy::Server, Some(4000)),
        closed(ClosedBy::Lost, Some(u16::MAX)),
        asked(None),
        asked(Some(AT)),
        Record::Left { session, room },
    ]
}

fn of_rooms() -> Vec<Record> {
    let (session, room, at, id) = (SESSION, ROOM, AT, ID);
    let joined = |gap, recovered| Record::Joined {
        session,
        room,
        at,
        recovered,
        gap,
        count: 1_000_000,
        messages: 77,
    };
    let received = |carried| Record::Received {
        session,
        room,
        at,
        id,
        carried,
    };
    let carried = Carried::Intact(SAID);
    vec![
        joined(None, true),
        joined(Some(GAP), false),
        received(carried),
        received(Carried::Altered(SAID)),
        received(Carried::Foreign),
        Record::GapTold {
            session,
            room,
            epoch: 0,
            gap: GAP,
        },
        Record::Logged {
            room,
            at,
            id,
            carried,
        },
        Record::Head {
            room,
            at,
            messages: 3,
        },
    ]
}

fn of_senders() -> Vec<Record> {
    let (said, room, at) = (SAID, ROOM, AT);
    let sent = |key, scheduled_us| Record::Sent {
        said,
        room,
        key,
        scheduled_us,
    };
    let refused = |what, code| Record::Refused { what, code };
    vec![
        sent(Some(u64::MAX), 0),
        sent(None, u64::MAX),
        Record::Acked {
            said,
            room,
            at,
            duplicate: true,
        },
        refused(Some((said, room)), 300),
        refused(None, 100),
        Record::Unanswered { said, room },
    ]
}

fn of_the_run() -> Vec<Record> {
    let present = |session, users| Record::Present {
        session,
        room: ROOM,
        count: 1_000_000,
        users,
    };
    vec![
        present(None, None),
        present(Some(SESSION), Some(vec![Name(2), Name(0)])),
        Record::FaultBegan {
            fault: 4,
            name: Name(1),
            cost: Cost {
                forgets: true,
                cuts: false,
                refuses: true,
            },
        },
        Record::FaultEnded { fault: 4 },
        Record::Rest,
    ]
}

/// A ledger of these records in a folder, with the names that they speak of.
fn written(folder: &Path, records: &[(u64, Record)]) -> PathBuf {
    let path = folder.join("one.ledger");
    let (ledger, writing) = Ledger::create(&path, Clock::begin(), 5).unwrap();
    for name in ["room", "üser", "node"] {
        ledger.name(name);
    }
    for (at_us, record) in records {
        ledger.note(*at_us, record);
    }
    let written = writing.close().unwrap();
    assert_eq!(written.records, records.len() as u64 + 1);
    assert_eq!(written.bytes, std::fs::metadata(&path).unwrap().len());
    path
}

/// All records but the end, and whether the file was torn.
fn read(path: &Path) -> Result<(Vec<(u64, Record)>, bool), LedgerError> {
    let mut reader = Reader::open(path)?;
    let mut records = Vec::new();
    while let Some(entry) = reader.read_next()? {
        records.push(entry);
    }
    // Whoever asks again hears the same.
    assert!(reader.read_next()?.is_none());
    records.retain(|(_, record)| *record != Record::End);
    Ok((records, reader.is_torn()))
}

/// Records with times that go forth and back.
fn timed(records: Vec<Record>) -> Vec<(u64, Record)> {
    let times = (0..).map(|index: u64| (index % 5) * 1_000_000_007);
    times.zip(records).collect()
}

#[test]
fn every_record_is_read_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let records = timed(one_of_each());
    let path = written(folder.path(), &records);
    assert_eq!(read(&path).unwrap(), (records, false));
    let mut reader = Reader::open(&path).unwrap();
    assert_eq!(reader.process(), 5);
    reader.read_next().unwrap();
    assert_eq!(reader.text(Name(1)), "üser");
}

#[test]
fn a_ledger_of_many_pages_is_read_in_the_order_of_noting() {
    let folder = tempfile::tempdir().unwrap();
    let all = one_of_each();
    let records: Vec<Record> = all.iter().cycle().take(20_000).cloned().collect();
    let records = timed(records);
    let path = written(folder.path(), &records);
    assert!(std::fs::metadata(&path).unwrap().len() > 300_000);
    assert_eq!(read(&path).unwrap(), (records, false));
}

#[test]
fn a_ledger_is_never_written_over_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), &[]);
    let Err(why) = Ledger::create(&path, Clock::begin(), 0) else {
        panic!("there is one already");
    };
    assert_eq!(why.kind(), std::io::ErrorKind::AlreadyExists);
}
