//! A Redis Cluster, as far as one must know it: its nodes, which are asked who keeps which slots.
//!
//! Some are asked at once, and the one that is well and knows of the latest change is believed: a node
//! that was cut off still tells what was so before.
//!
//! The client library's Cluster connection is not used: it loses sharded subscriptions at any
//! reconnect, and learns of a failover only from commands. Leaves when to ask to its callers.

use std::time::Duration;

use futures_util::future::join_all;
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
/// Nodes asked at once.
const ASKED_AT_ONCE: usize = 3;
/// Nodes asked before it is given up for now.
const ASKED_MAX: usize = 12;

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

    /// Asks some nodes, and others if none of these says who keeps which slots.
    ///
    /// # Errors
    /// That of one that was asked last.
    pub async fn slots(&self) -> RedisResult<Slots> {
        let mut trouble = (ErrorKind::EmptySentinelList, "no node is known").into();
        for some in self.to_ask().chunks(ASKED_AT_ONCE) {
            let mut best: Option<Answer> = None;
            for answer in join_all(some.iter().map(|spot| self.ask(spot))).await {
                match answer {
                    Ok(answer) if best.as_ref().is_none_or(|best| answer.rank > best.rank) => {
                        best = Some(answer);
                    }
                    Ok(_) => {}
                    Err(error) => trouble = error,
                }
            }
            if let Some(Answer { slots, .. }) = best {
                *self.known.lock() = slots.nodes().cloned().collect();
                return Ok(slots);
            }
        }
        Err(trouble)
    }

    fn to_ask(&self) -> Vec<Spot> {
        let mut known = self.known.lock().clone();
        known.shuffle(&mut rand::rng());
        known.truncate(ASKED_MAX);
        let seeds = self.seeds.iter().filter(|seed| !known.contains(seed));
        let seeds: Vec<Spot> = seeds.cloned().collect();
        [known, seeds].concat()
    }

    async fn ask(&self, spot: &Spot) -> RedisResult<Answer> {
        let mut connection = self.door.connect(spot, PATIENCE).await?;
        let (slots, info): (Value, String) = redis::pipe()
            .cmd("CLUSTER")
            .arg("SLOTS")
            .cmd("CLUSTER")
            .arg("INFO")
            .query_async(&mut connection)
            .await?;
        let slots = Slots::read(&slots, spot)?;
        if slots.masters().is_empty() {
            return Err((ErrorKind::Io, "it knows nobody who keeps a slot").into());
        }
        Ok(Answer {
            slots,
            rank: rank(&info),
        })
    }
}

/// What a node said, and how much it is worth.
struct Answer {
    slots: Slots,
    rank: Rank,
}

/// Whether the node thinks all is well, and the latest change it knows of.
type Rank = (bool, u64);

fn rank(info: &str) -> Rank {
    let field = |name: &str| {
        let mut lines = info.lines().filter_map(|line| line.split_once(':'));
        let value = lines.find(|(key, _)| *key == name);
        value.map(|(_, value)| value.trim())
    };
    let epoch = field("cluster_current_epoch").and_then(|text| text.parse().ok());
    (field("cluster_state") == Some("ok"), epoch.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::rank;

    #[test]
    fn a_node_that_is_well_and_knows_more_is_believed() {
        let said = |state: &str, epoch: u64| {
            rank(&format!(
                "cluster_state:{state}\r\ncluster_current_epoch:{epoch}\r\n"
            ))
        };
        assert!(said("ok", 3) > said("ok", 2));
        assert!(said("ok", 2) > said("fail", 3));
        assert!(said("fail", 0) >= rank(""));
    }
}
