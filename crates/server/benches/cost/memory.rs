//! Memory of idle sessions that have joined a room.

use std::thread::sleep;
use std::time::Duration;

use crate::process::{HASTY, Node};
use crate::wire::{Extension, Session};

/// Sessions of a round, each another user's.
pub(crate) const SESSIONS: usize = 15_000;
/// Sessions in a room.
pub(crate) const MEMBERS: usize = 50;
const ROUNDS: usize = 3;
/// Until what was told at the last join is written, and memory has come to rest.
const REST: Duration = Duration::from_secs(1);

/// Resident KiB a session, of each round. What the kernel holds for the sockets is not in it.
pub(crate) fn rounds(extension: Extension) -> Vec<f64> {
    (0..ROUNDS).map(|_| round(extension)).collect()
}

fn round(extension: Extension) -> f64 {
    let node = Node::start(HASTY);
    // One session first: it pays for what is made once.
    let _first = Session::join(node.address, "first", "room-first", extension);
    sleep(REST);
    let before = node.resident_kib();
    let sessions: Vec<_> = (0..SESSIONS)
        .map(|at| {
            let room = format!("room-{}", at / MEMBERS);
            Session::join(node.address, &format!("user-{at}"), &room, extension)
        })
        .collect();
    sleep(REST);
    let after = node.resident_kib();
    drop(sessions);
    (after - before) / SESSIONS as f64
}
