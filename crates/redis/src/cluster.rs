//! A Redis Cluster, as far as one must know it: its nodes, one of which is asked who keeps which slots.
//!
//! The client library's Cluster connection is not used: it loses sharded subscriptions at any
//! reconnect, and learns of a failover only from commands. Leaves when to ask to its callers.

use std::time::Duration;

use parking_lot::Mutex;
use rand::seq::SliceRandom as _;
use redis::{ErrorKind, RedisResult, Value};

use crate::address::Address;
use crate::door::{Door, Patience};
use crate::slots::Slots;
use crate::spot::Spot;
use crate::target::Target;

/// How long a node may take to say who keeps what; then another is asked.
const PATIENCE: Patience = Patience {
    connect: Duration::from_millis(500),
    response: Duration::from_millis(500),
    commands: 4,
};
/// Nodes asked before it is given up for now.
const ASKED_MAX: usize = 6;

/// A Cluster.
#[derive(Debug)]
pub struct Cluster {
    door: Door,
    /// Those that the operator named; they may lead to it when all that was known is gone.
    seeds: Vec<Spot>,
    known: Mutex<Vec<Spot>>,
}

impl Cluster {
    /// The Cluster at an address.
    pub fn of(address: &Address) -> Self {
        Self {
            door: Door::of(address),
            seeds: address.hosts.clone(),
            known: Mutex::default(),
        }
    }

    /// One of its masters.
    pub fn master(&self, spot: Spot) -> Target {
        Target::at(self.door.clone(), spot)
    }

    /// Asks one node after the other, in any order, until one says who keeps which slots.
    ///
    /// # Errors
    /// That of the last one asked.
    pub async fn slots(&self) -> RedisResult<Slots> {
        let mut last = Err((ErrorKind::EmptySentinelList, "no node is known").into());
        for spot in self.to_ask() {
            last = self.ask(&spot).await;
            if let Ok(slots) = &last {
                *self.known.lock() = slots.nodes().cloned().collect();
                break;
            }
        }
        last
    }

    fn to_ask(&self) -> Vec<Spot> {
        let mut known = self.known.lock().clone();
        known.shuffle(&mut rand::rng());
        known.truncate(ASKED_MAX);
        let seeds = self.seeds.iter().filter(|seed| !known.contains(seed));
        let seeds: Vec<Spot> = seeds.cloned().collect();
        [known, seeds].concat()
    }

    async fn ask(&self, spot: &Spot) -> RedisResult<Slots> {
        let mut connection = self.door.connect(spot, PATIENCE).await?;
        let mut command = redis::cmd("CLUSTER");
        command.arg("SLOTS");
        let answer: Value = command.query_async(&mut connection).await?;
        let slots = Slots::read(&answer, spot)?;
        if slots.masters().is_empty() {
            return Err((ErrorKind::Io, "it knows nobody who keeps a slot").into());
        }
        Ok(slots)
    }
}
