//! Ledgers that a run left: judged again, cut short, damaged, mixed up; and what they say of the crowd.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::slice::from_ref;

use loadtest::ledger::reader::Reader;
use loadtest::ledger::record::Record;
use serde_json::Value;

use crate::called::{Called, call, play, words};
use crate::lie::Lie;
use crate::server::Double;

/// Few, and yet a case for each check. The audit of ledgers alone asks for the usual time to settle.
const LOAD: &str = "--clients 12 --rooms 6 --rooms-each 2 --rate 12 --for 4s --idle 0s --settle 10s \
                    --fault reconnect@1s --keep";

async fn run(lie: Option<Lie>, load: &str) -> Called {
    let double = Double::start(2, lie, 1).await;
    play("chatter", &double.urls, load).await
}

/// `loadtest audit` of these ledgers.
async fn audit(ledgers: &[PathBuf], more: &str) -> Called {
    let paths = ledgers.iter().map(|path| path.display().to_string());
    let line = [words("audit"), paths.collect(), words(more)].concat();
    call(&line, &[]).await
}

/// The ledger of the process that made the load; the other one is the lead's.
fn load_ledger(run: &Called) -> PathBuf {
    let ledgers = run.ledgers();
    assert_eq!(ledgers.len(), 2, "{ledgers:?}");
    ledgers[1].clone()
}

/// Writes other bytes into a ledger.
fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

/// Ends without a verdict, and with a sentence that names the file and says this.
fn is_refused(called: &Called, path: &Path, why: &str) {
    assert_eq!(called.code, Some(70), "{called}");
    let complaint = called.complained.trim_end();
    let names_it = complaint.contains(&path.display().to_string());
    assert!(names_it && complaint.contains(why), "{called}");
    assert_eq!(complaint.lines().count(), 1, "{called}");
    assert_eq!(called.said, "");
}

#[tokio::test]
async fn the_audit_of_kept_ledgers_repeats_the_verdict_until_they_are_damaged() {
    let run = run(None, &format!("{LOAD} --seed 7")).await;
    assert_eq!(run.code, Some(0), "{run}");
    let again = audit(&run.ledgers(), "").await;
    assert_eq!(again.code, Some(0), "{again}");
    assert!(again.said.starts_with("PASSED"), "{again}");
    let again = audit(&run.ledgers(), "--json").await;
    let verdict: Value = serde_json::from_str(&again.said).unwrap();
    assert_eq!(verdict, run.result()["audit"]);

    // Cut short: read as far as it goes, and no proof any more.
    let ledger = load_ledger(&run);
    change(&ledger, |bytes| bytes.truncate(bytes.len() - 1));
    let cut = audit(&run.ledgers(), "").await;
    assert_eq!(cut.code, Some(3), "{cut}");
    assert!(cut.said.starts_with("INCONCLUSIVE"), "{cut}");
    let told = format!("{} was cut short", ledger.display());
    assert!(cut.said.contains(&told), "{cut}");

    change(&ledger, |bytes| bytes[100] ^= 1);
    let damaged = audit(&run.ledgers(), "").await;
    // What is cut short has no checksum left to be compared with.
    assert_ne!(damaged.code, Some(0), "{damaged}");
    change(&ledger, |bytes| bytes.truncate(9));
    let short = audit(&run.ledgers(), "").await;
    is_refused(&short, &ledger, "its header is cut short");
    change(&ledger, |bytes| *bytes = vec![b'x'; 500]);
    let other = audit(&run.ledgers(), "").await;
    is_refused(&other, &ledger, "it doesn't begin as a ledger does");
    fs::remove_file(&ledger).unwrap();
    let gone = audit(from_ref(&ledger), "").await;
    is_refused(&gone, &ledger, "No such file");
}

#[tokio::test]
async fn the_audit_of_kept_ledgers_repeats_what_was_broken_and_refuses_changed_ones() {
    let lie = Lie::DropDelivery { one_in: 10 };
    let run = run(Some(lie), &format!("{LOAD} --seed 7")).await;
    assert_eq!(run.code, Some(1), "{run}");
    let again = audit(&run.ledgers(), "--json").await;
    assert_eq!(again.code, Some(1), "{again}");
    let verdict: Value = serde_json::from_str(&again.said).unwrap();
    assert_eq!(verdict["checks"], run.result()["audit"]["checks"]);

    let ledger = load_ledger(&run);
    change(&ledger, |bytes| bytes[200] ^= 1);
    let damaged = audit(&run.ledgers(), "").await;
    is_refused(&damaged, &ledger, "is damaged in the page at byte");
}

/// Who was in which room, both by number.
fn crowd(run: &Called) -> BTreeSet<(u32, u32)> {
    let mut reader = Reader::open(&load_ledger(run)).unwrap();
    let mut clients = HashMap::new();
    let mut crowd = BTreeSet::new();
    while let Some((_, record)) = reader.read_next().unwrap() {
        match record {
            Record::Opened {
                session, client, ..
            } => {
                clients.insert(session, client);
            }
            Record::JoinAsked { session, room, .. } => {
                let (_, number) = reader.text(room).split_once('-').unwrap();
                // An inbox is everybody's own.
                if let Ok(number) = number.parse() {
                    crowd.insert((clients[&session], number));
                }
            }
            _ => {}
        }
    }
    crowd
}

#[tokio::test]
async fn the_same_seed_makes_the_same_crowd() {
    let load = "--clients 30 --rooms 20 --rate 1 --for 1s --idle 0s --settle 0s --keep";
    let with = async |seed: u64| run(None, &format!("{load} --seed {seed}")).await;
    let (first, second, other) = tokio::join!(with(7), with(7), with(8));
    assert_eq!(crowd(&first).len(), 90, "three rooms each\n{first}");
    assert_eq!(crowd(&first), crowd(&second));
    assert_ne!(crowd(&first), crowd(&other));
}
