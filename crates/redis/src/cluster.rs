//! A Redis Cluster, as far as one must know it: its nodes, which are asked who keeps which slots.
//!
//! Some are asked at once, and the one that is well and knows of the latest change is believed: a node
//! that was cut off still tells what was so before. For the same reason an answer that knows less than one
//! that was believed is passed over, for a while: a Cluster that was made anew begins to count anew.
//!
//! The client library's Cluster connection is not used: it loses sharded subscriptions at any
//! reconnect, and learns of a failover only from commands. Leaves when to ask to its callers.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use futures_util::future::join_all;
use parking_lot::Mutex;
use rand::seq::SliceRandom as _;
use redis::{ErrorKind, RedisResult, Value};
use tokio::time::Instant;

use crate::address::Address;
use crate::connection::Connection;
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
/// Nodes asked before it is given up for now, and connections kept.
const ASKED_MAX: usize = 12;
/// How long those who know less are not believed.
const DOUBTED: Duration = Duration::from_secs(15);

/// A Cluster.
pub struct Cluster {
    door: Door,
    /// Those that the operator named; they may lead to it when all that was known is gone.
    seeds: Vec<Spot>,
    known: Mutex<Vec<Spot>>,
    kept: Mutex<HashMap<Spot, Connection>>,
    believed: Mutex<Option<Belief>>,
}

/// The last answer that was believed.
#[derive(Clone, Copy)]
struct Belief {
    /// The latest change it knew of.
    epoch: u64,
    is_whole: bool,
    at: Instant,
}

impl Belief {
    /// Whether an answer tells what was so before rather than what is so now.
    fn contradicts(&self, slots: &Slots, epoch: u64, now: Instant) -> bool {
        let knows_less = epoch < self.epoch || (self.is_whole && !slots.is_whole());
        knows_less && now.duration_since(self.at) < DOUBTED
    }
}

impl Cluster {
    /// The Cluster at an address.
    pub fn of(address: &Address) -> Self {
        Self {
            door: Door::of(address),
            seeds: address.hosts.clone(),
            known: Mutex::default(),
            kept: Mutex::default(),
            believed: Mutex::default(),
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
            match best {
                Some(answer) if self.believes(&answer) => {
                    self.know(answer.slots.nodes().cloned().collect());
                    return Ok(answer.slots);
                }
                Some(_) => trouble = (ErrorKind::Io, "they know less than was known before").into(),
                None => {}
            }
        }
        Err(trouble)
    }

    fn know(&self, nodes: Vec<Spot>) {
        let is_asked = |spot: &Spot| nodes.contains(spot) || self.seeds.contains(spot);
        self.kept.lock().retain(|spot, _| is_asked(spot));
        *self.known.lock() = nodes;
    }

    fn believes(&self, answer: &Answer) -> bool {
        let (now, (_, epoch)) = (Instant::now(), answer.rank);
        let mut believed = self.believed.lock();
        if believed.is_some_and(|it| it.contradicts(&answer.slots, epoch, now)) {
            return false;
        }
        *believed = Some(Belief {
            epoch,
            is_whole: answer.slots.is_whole(),
            at: now,
        });
        true
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
        let kept = self.kept.lock().remove(spot);
        if let Some(connection) = kept
            && let Ok(answer) = self.ask_by(spot, connection).await
        {
            return Ok(answer);
        }
        // It may have been cut while it was idle.
        let connection = self.door.connect(spot, PATIENCE).await?;
        self.ask_by(spot, connection).await
    }

    async fn ask_by(&self, spot: &Spot, mut connection: Connection) -> RedisResult<Answer> {
        let (slots, info): (Value, String) = redis::pipe()
            .cmd("CLUSTER")
            .arg("SLOTS")
            .cmd("CLUSTER")
            .arg("INFO")
            .query_async(&mut connection)
            .await?;
        let mut kept = self.kept.lock();
        if kept.len() < ASKED_MAX {
            kept.insert(spot.clone(), connection);
        }
        drop(kept);
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

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cluster({:?})", self.seeds)
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
    use redis::Value;
    use tokio::time::Instant;

    use super::{Belief, DOUBTED, rank};
    use crate::slots::Slots;
    use crate::spot::Spot;

    /// One master with the slots up to this one.
    fn slots(last: i64) -> Slots {
        let host = Value::BulkString(b"h".to_vec());
        let master = Value::Array(vec![host, Value::Int(1)]);
        let range = Value::Array(vec![Value::Int(0), Value::Int(last), master]);
        let asked: Spot = "h:1".parse().unwrap();
        Slots::read(&Value::Array(vec![range]), &asked).unwrap()
    }

    #[test]
    fn who_knows_less_than_was_known_is_passed_over_for_a_while() {
        let at = Instant::now();
        let believed = Belief {
            epoch: 7,
            is_whole: true,
            at,
        };
        let passes = |last, epoch, now| !believed.contradicts(&slots(last), epoch, now);
        assert!(passes(16_383, 7, at) && passes(16_383, 8, at));
        assert!(!passes(16_383, 6, at), "an earlier change");
        assert!(!passes(16_000, 8, at), "slots that nobody keeps");
        let later = at + DOUBTED;
        assert!(passes(16_383, 1, later) && passes(16_000, 8, later));
    }

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
