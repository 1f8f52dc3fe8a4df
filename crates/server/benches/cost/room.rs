//! CPU of the node for each message it delivers to a member of a large room.

use std::io::Write as _;
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

use crate::floor::Floor;
use crate::process::{HASTY, Node};
use crate::readers::Readers;
use crate::wire::{self, Extension, Session};

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

/// Microseconds of each round: of the floor a write, and of the node a delivery, by how it was sent.
pub(crate) fn rounds() -> (Vec<f64>, Vec<(String, Vec<f64>)>) {
    let node = Node::start(HASTY);
    let mut rooms = [
        Room::open(&node, "plain", Extension::None),
        Room::open(&node, "small", Extension::Deflate),
    ];
    let mut floor = Floor::open(MEMBERS);
    sleep(REST);
    let mut floors = Vec::new();
    let mut rows: Vec<(String, Vec<f64>)> = Vec::new();
    for deflated in ["", ", deflated"] {
        rows.push((format!("one by one{deflated}"), Vec::new()));
        rows.push((format!("bursts of {BURST}{deflated}"), Vec::new()));
    }
    // In turns, so that what else the machine does disturbs all alike.
    for _ in 0..ROUNDS {
        floors.push(floor.round(&wire::told(), MESSAGES, PAUSE));
        for (at, (_, figures)) in rows.iter_mut().enumerate() {
            figures.push(rooms[at / 2].round(&node, [1, BURST][at % 2]));
        }
    }
    (floors, rows)
}

/// A room and the other ends of its members.
struct Room {
    name: &'static str,
    sender: TcpStream,
    readers: Readers,
}

impl Room {
    fn open(node: &Node, name: &'static str, extension: Extension) -> Self {
        let sessions: Vec<_> = (0..MEMBERS)
            .map(|at| Session::join(node.address, &format!("user-{at}"), name, extension))
            .collect();
        let sender = sessions[0].stream.try_clone();
        Self {
            name,
            sender: sender.expect("a descriptor is free"),
            readers: Readers::start(sessions),
        }
    }

    fn round(&mut self, node: &Node, at_once: usize) -> f64 {
        let (found, before) = (self.readers.found(), node.cpu_us());
        let frames = wire::said(self.name).repeat(at_once);
        for _ in 0..MESSAGES / at_once {
            self.sender.write_all(&frames).expect("the node reads");
            sleep(PAUSE * u32::try_from(at_once).expect("a few"));
        }
        let deliveries = (MESSAGES * MEMBERS) as u64;
        self.readers.until(found + deliveries);
        sleep(SETTLE);
        (node.cpu_us() - before) / deliveries as f64
    }
}
