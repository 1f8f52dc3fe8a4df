//! How much a core delivers when it has no rest: whatever serves is on one core, the load on another.
//!
//! A sender keeps some messages on their way, and says another when one is acknowledged. Nothing is
//! lost meanwhile: what is counted has come.

use std::io::Write as _;
use std::net::SocketAddr;
use std::thread::sleep;
use std::time::Duration;

use roomcast_broker::conformance::RedisProcess;
use tokio::time::Instant;

use crate::process::{self, Node};
use crate::readers::Readers;
use crate::wire::{self, Extension, Session};

/// Where what is measured runs, and where the load does.
const SERVING: u32 = 0;
const LOADING: u32 = 1;
/// So that a sender is held back by its acks alone.
const FLAGS: [&str; 4] = [
    "--commands-per-second",
    "100000",
    "--commands-burst",
    "100000",
];
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(2);
/// Until the joins have been told, and until all is in full swing.
const REST: Duration = Duration::from_secs(1);

/// Deliveries a second, of each round.
pub(crate) struct Rates {
    pub(crate) what: String,
    /// As the clock on the wall has it: something else may have used the core as well.
    pub(crate) wall: Vec<f64>,
    /// Of the CPU time of what serves.
    pub(crate) core: Vec<f64>,
}

/// One room on one node.
pub(crate) fn one_room() -> Rates {
    const MEMBERS: usize = 1_000;
    let node = Node::pinned(SERVING, &FLAGS);
    let room = Crowd {
        name: "room".into(),
        members: MEMBERS,
        // A connection alone is read no faster than the socket's own bound allows.
        senders: 8,
        window: 16,
    };
    measure(
        format!("room of {MEMBERS}, 1 node"),
        room.join(&[node.address]),
        || node.cpu_us(),
    )
}

/// Many rooms on two nodes, with Redis between them.
pub(crate) fn many_rooms() -> Rates {
    const ROOMS: usize = 100;
    const MEMBERS: usize = 20;
    let redis = RedisProcess::start();
    process::pin(redis.pid(), SERVING);
    let url = redis.url();
    let flags = [&FLAGS[..], &["--redis", &url]].concat();
    let nodes = [(); 2].map(|()| Node::pinned(SERVING, &flags));
    let addresses = [nodes[0].address, nodes[1].address];
    // A session publishes one message at a time: with few senders Redis would be waited for, and
    // there would be nothing to put into one write.
    let rooms = (0..ROOMS).map(|at| Crowd {
        name: format!("room-{at}"),
        members: MEMBERS,
        senders: MEMBERS,
        window: 4,
    });
    measure(
        format!("{ROOMS} rooms of {MEMBERS}, 2 nodes and Redis"),
        rooms.flat_map(|room| room.join(&addresses)).collect(),
        || {
            let nodes: f64 = nodes.iter().map(Node::cpu_us).sum();
            nodes + process::cpu_of_us(redis.pid())
        },
    )
}

fn measure(what: String, sessions: Vec<Session>, cpu_us: impl Fn() -> f64) -> Rates {
    process::pin(std::process::id(), LOADING);
    sleep(REST);
    let readers = Readers::start(sessions);
    process::pin(std::process::id(), LOADING);
    sleep(REST);
    let (mut wall, mut core) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (found, begun, before) = (readers.found(), Instant::now(), cpu_us());
        sleep(ROUND);
        let deliveries = (readers.found() - found) as f64;
        wall.push(deliveries / begun.elapsed().as_secs_f64());
        core.push(deliveries / (cpu_us() - before) * 1e6);
    }
    readers.stop();
    Rates { what, wall, core }
}

/// A room's members to be.
struct Crowd {
    name: String,
    members: usize,
    senders: usize,
    /// Messages of a sender on their way.
    window: usize,
}

impl Crowd {
    /// Joins them, spread over these nodes.
    fn join(self, nodes: &[SocketAddr]) -> Vec<Session> {
        let Self { name, .. } = &self;
        let said = wire::said(name);
        let one = |at: usize| {
            let (node, user) = (nodes[at % nodes.len()], format!("{name}-{at}"));
            Session::join(node, &user, name, Extension::None)
        };
        let mut sessions: Vec<_> = (0..self.members).map(one).collect();
        for sender in &mut sessions[..self.senders] {
            let first = sender.stream.write_all(&said.repeat(self.window));
            first.expect("the node reads");
            sender.says.clone_from(&said);
        }
        sessions
    }
}
