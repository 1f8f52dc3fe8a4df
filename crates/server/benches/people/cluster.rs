//! Three nodes and their Redis, and what the kernel and Redis say of them.

use std::net::SocketAddr;

use roomcast_broker::conformance::RedisProcess;

use crate::process::{self, Node};

pub(crate) const NODES: usize = 3;

/// Ends with its processes when dropped.
pub(crate) struct Cluster {
    pub(crate) redis: RedisProcess,
    nodes: Vec<Node>,
}

/// CPU time so far, in microseconds.
#[derive(Clone, Copy)]
pub(crate) struct Cpu {
    /// Of all nodes.
    pub(crate) nodes_us: f64,
    pub(crate) redis_us: f64,
}

impl Cluster {
    /// With the default settings.
    pub(crate) fn start() -> Self {
        let redis = RedisProcess::start();
        let url = redis.url();
        let nodes = (0..NODES)
            .map(|_| Node::start(&["--redis", &url]))
            .collect();
        Self { redis, nodes }
    }

    /// Where clients find one of the nodes, in turns.
    pub(crate) fn address(&self, turn: usize) -> SocketAddr {
        self.nodes[turn % NODES].address
    }

    pub(crate) fn cpu(&self) -> Cpu {
        Cpu {
            nodes_us: self.nodes.iter().map(Node::cpu_us).sum(),
            redis_us: process::cpu_of_us(self.redis.pid()),
        }
    }

    /// Users in a room, as Redis has it.
    pub(crate) fn online(&self, room: &str) -> u64 {
        let told = self.redis.run(&["HLEN", &format!("rc:{{{room}}}:online")]);
        let number = told.trim().strip_prefix(':');
        number
            .and_then(|number| number.parse().ok())
            .expect("a number")
    }

    /// How often each command was called so far, those inside scripts included.
    pub(crate) fn calls(&self) -> Vec<(String, u64)> {
        let told = self.redis.run(&["INFO", "commandstats"]);
        let lines = told
            .lines()
            .filter_map(|line| line.strip_prefix("cmdstat_"));
        let calls = lines.filter_map(|line| {
            let (name, rest) = line.split_once(":calls=")?;
            let (calls, _) = rest.split_once(',')?;
            Some((name.to_owned(), calls.parse().ok()?))
        });
        calls.collect()
    }
}

impl Cpu {
    /// Seconds since `before`: of the nodes, and of Redis.
    pub(crate) fn seconds_since(self, before: Self) -> (f64, f64) {
        (
            (self.nodes_us - before.nodes_us) / 1e6,
            (self.redis_us - before.redis_us) / 1e6,
        )
    }
}
