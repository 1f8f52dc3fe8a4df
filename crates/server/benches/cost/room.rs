//! CPU of the node for each message it delivers to a member of a large room.

use std::io::Write as _;
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

use crate::floor::Floor;
use crate::process::{HASTY, Node};
use crate::readers::Readers;
use crate::wire::{self, Session};

/// Members of the room, the sender among them.
pub(crate) const MEMBERS: usize = 1_000;
/// Messages of a round, and how many at once.
const MESSAGES: usize = 40;
const BURST: usize = 8;
/// Twenty messages a second, singly or in bursts.
const PAUSE: Duration = Duration::from_millis(50);
const ROUNDS: usize = 5;
/// Until the joins have been told.
const REST: Duration = Duration::from_secs(1);
/// Until the node sleeps again after a round.
const SETTLE: Duration = Duration::from_millis(50);
/// The text of a message, in bytes.
const TEXT_BYTES: usize = 200;

/// Microseconds of each round: of the floor a write, and of the node a delivery, by how it was sent.
pub(crate) fn rounds() -> (Vec<f64>, Vec<(String, Vec<f64>)>) {
    let node = Node::start(HASTY);
    let sessions: Vec<_> = (0..MEMBERS)
        .map(|at| Session::join(node.address, &format!("user-{at}"), "room"))
        .collect();
    let mut sender = sessions[0]
        .stream
        .try_clone()
        .expect("a descriptor is free");
    let readers = Readers::start(sessions);
    let mut floor = Floor::open(MEMBERS);
    sleep(REST);
    let (mut floors, mut singly, mut bursts) = (Vec::new(), Vec::new(), Vec::new());
    // In turns, so that what else the machine does disturbs all alike.
    for _ in 0..ROUNDS {
        floors.push(floor.round(&told(), MESSAGES, PAUSE));
        singly.push(round(&node, &mut sender, &readers, 1));
        bursts.push(round(&node, &mut sender, &readers, BURST));
    }
    let rows = vec![
        ("one by one".to_owned(), singly),
        (format!("bursts of {BURST}"), bursts),
    ];
    (floors, rows)
}

fn round(node: &Node, sender: &mut TcpStream, readers: &Readers, at_once: usize) -> f64 {
    let (found, before) = (readers.found(), node.cpu_us());
    let frames = said().repeat(at_once);
    for _ in 0..MESSAGES / at_once {
        sender.write_all(&frames).expect("the node reads");
        sleep(PAUSE * u32::try_from(at_once).expect("a few"));
    }
    let deliveries = (MESSAGES * MEMBERS) as u64;
    readers.until(found + deliveries);
    sleep(SETTLE);
    (node.cpu_us() - before) / deliveries as f64
}

/// What the sender says.
fn said() -> Vec<u8> {
    let text = "x".repeat(TEXT_BYTES);
    wire::text_frame(&format!(
        r#"{{"type":"chat","id":1,"room":"room","message":"{text}"}}"#
    ))
}

/// What a member is told of it.
fn told() -> Vec<u8> {
    let text = "x".repeat(TEXT_BYTES);
    wire::server_frame(&format!(
        r#"{{"type":"chat","room":"room","epoch":"6f1c2a9be4d07735","seq":100,"timestamp":1767225607000,"id":"d23f0824-128b-4f33-8c5c-7fd0a6a3a450","from":"user-0","message":"{text}"}}"#
    ))
}
