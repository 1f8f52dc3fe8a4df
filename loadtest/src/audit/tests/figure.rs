//! The ledger and the audit at their full size. By hand, with figures:
//! `cargo test --release -p loadtest -- --ignored --nocapture a_million`.

use std::path::{Path, PathBuf};

use crate::audit::audit;
use crate::audit::plan::Plan;
use crate::audit::verdict::{Outcome, Verdict};
use crate::ledger::clock::Clock;
use crate::ledger::record::{Name, Place, Record, Session};
use crate::ledger::writer::Ledger;
use crate::payload::{Carried, Said};

const PROCESSES: u32 = 4;
const MEMBERS: u32 = 10;
const EPOCH: u64 = 0x0123_4567_89ab_cdef;

struct Size {
    rooms: u32,
    /// In each room.
    messages: u32,
}

/// One process, which has some of the members of each room.
struct Process<'a> {
    number: u32,
    size: &'a Size,
    ledger: Ledger,
    rooms: Vec<Name>,
}

/// A ledger of one process.
fn write(path: &Path, clock: Clock, size: &Size, number: u32) -> u64 {
    let (ledger, writing) = Ledger::create(path, clock, number).unwrap();
    let name = |room| ledger.name(&format!("room-{room}"));
    let rooms: Vec<Name> = (0..size.rooms).map(name).collect();
    let process = Process {
        number,
        size,
        ledger,
        rooms,
    };
    process.open();
    let mut at_us = 10;
    for message in 0..size.messages {
        for room in 0..size.rooms {
            at_us += 7;
            process.message(at_us, room, message);
        }
    }
    process.ledger.note(at_us + 12_000_000, &Record::Rest);
    if number == 0 {
        let (at, messages) = (place(size.messages), u64::from(size.messages.min(100)));
        let note = |room| {
            process
                .ledger
                .note(at_us + 12_000_001, &Record::Head { room, at, messages })
        };
        process.rooms.iter().copied().for_each(note);
    }
    writing.close().unwrap().bytes
}

fn place(seq: u32) -> Place {
    Place {
        epoch: EPOCH,
        seq: u64::from(seq),
    }
}

impl Process<'_> {
    fn is_mine(&self, client: u32) -> bool {
        client % PROCESSES == self.number
    }

    /// Every member joins its room, and looks into the next one.
    fn open(&self) {
        let node = self.ledger.name("node-a");
        let clients = 0..self.size.rooms * MEMBERS;
        for client in clients.filter(|client| self.is_mine(*client)) {
            let user = self.ledger.name(&format!("user-{client}"));
            let session = Session(client);
            let opened = Record::Opened {
                session,
                client,
                user,
                node,
                uuid: u128::from(client),
            };
            self.ledger.note(1, &opened);
            let own = client / MEMBERS;
            for room in [own, (own + 1) % self.size.rooms] {
                let room = self.rooms[room as usize];
                let joined = Record::Joined {
                    session,
                    room,
                    at: place(0),
                    recovered: false,
                    gap: None,
                    count: 0,
                    messages: 0,
                };
                self.ledger.note(3, &joined);
                if room != self.rooms[own as usize] {
                    self.ledger.note(4, &Record::Left { session, room });
                }
            }
        }
    }

    /// A message is said, told to all members, and acked; the last hundred are still in the log.
    fn message(&self, at_us: u64, number: u32, message: u32) {
        let (ledger, room) = (&self.ledger, self.rooms[number as usize]);
        let said = Said {
            client: number * MEMBERS + message % MEMBERS,
            number: message / MEMBERS,
        };
        let (at, carried) = (place(message + 1), Carried::Intact(said));
        // Random to the eye, as real ids are.
        let id = u128::from(message * self.size.rooms + number + 1)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        if self.is_mine(said.client) {
            let sent = Record::Sent {
                said,
                room,
                key: Some(id as u64),
                scheduled_us: at_us - 5,
            };
            ledger.note(at_us, &sent);
        }
        let members = number * MEMBERS..(number + 1) * MEMBERS;
        for client in members.filter(|client| self.is_mine(*client)) {
            let received = Record::Received {
                session: Session(client),
                room,
                at,
                id,
                carried,
            };
            ledger.note(at_us + 900, &received);
        }
        if self.is_mine(said.client) {
            let acked = Record::Acked {
                said,
                room,
                at,
                duplicate: false,
            };
            ledger.note(at_us + 1_000, &acked);
        }
        if self.number == 0 && message + 100 >= self.size.messages {
            let logged = Record::Logged {
                room,
                at,
                id,
                carried,
            };
            ledger.note(at_us + 11_000_000, &logged);
        }
    }
}

/// The verdict, the bytes of all ledgers, and how long writing and judging took, in ms.
fn run(size: &Size) -> (Verdict, u64, [u64; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::begin();
    let files = (0..PROCESSES).map(|process| folder.path().join(format!("{process}.ledger")));
    let files: Vec<PathBuf> = files.collect();
    let bytes = files
        .iter()
        .zip(0..)
        .map(|(file, process)| write(file, clock, size, process))
        .sum();
    let written_us = clock.now_us();
    let verdict = audit(&files, &Plan::default()).unwrap();
    let judged_us = clock.now_us() - written_us;
    (verdict, bytes, [written_us / 1_000, judged_us / 1_000])
}

fn check(size: &Size) -> (Verdict, u64, [u64; 2]) {
    let (verdict, bytes, times) = run(size);
    assert_eq!(verdict.outcome, Outcome::Passed, "{verdict}");
    let messages = u64::from(size.rooms * size.messages);
    assert_eq!(verdict.facts.acked, messages);
    assert_eq!(verdict.facts.deliveries, messages * u64::from(MEMBERS));
    assert!(bytes < verdict.facts.deliveries * 50, "{bytes}");
    (verdict, bytes, times)
}

#[test]
fn a_delivery_takes_less_than_fifty_bytes_with_all_that_belongs_to_it() {
    check(&Size {
        rooms: 20,
        messages: 200,
    });
}

#[test]
#[ignore = "half a gigabyte and a minute; run it by hand for the figures"]
fn a_million_acked_messages_and_ten_million_deliveries_are_judged_in_bounded_memory() {
    let size = Size {
        rooms: 100,
        messages: 10_000,
    };
    let (verdict, bytes, [write_ms, judge_ms]) = check(&size);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap_or("");
    println!("{verdict}");
    println!("{bytes} bytes, written in {write_ms} ms, judged in {judge_ms} ms, {peak}");
}
