//! The connections to the masters of a Cluster.
//!
//! Keeps true: a master that is away costs its own rooms only, and is known by the process it was until
//! another takes its place. When one does, the link says that it leads to other processes, as after a
//! restart, and this node's people are entered again: the new one may have missed the last of them.

use std::sync::Arc;

use futures_util::future::join_all;
use parking_lot::{Mutex, RwLock};
use redis::{ErrorKind, RedisResult};
use roomcast_redis::{Address, Cluster, Slots, Spot};

use super::line::{Line, Reached, Timeouts};

#[derive(Debug)]
pub(super) struct Lines {
    cluster: Cluster,
    timeouts: Timeouts,
    map: RwLock<Option<Arc<Map>>>,
}

/// Who keeps what.
#[derive(Debug)]
struct Map {
    slots: Slots,
    /// One for each master in `slots`, in their order.
    masters: Vec<Arc<Master>>,
}

#[derive(Debug)]
struct Master {
    line: Arc<Line>,
    /// Which process it was when it was last reached.
    run_id: Mutex<String>,
}

impl Lines {
    pub(super) fn new(address: &Address, timeouts: Timeouts) -> Self {
        Self {
            cluster: Cluster::of(address),
            timeouts,
            map: RwLock::new(None),
        }
    }

    /// The connection to the master of a slot.
    pub(super) fn keeper(&self, slot: u16) -> Option<Arc<Line>> {
        let map = self.map.read().clone()?;
        let owner = map.slots.owner(slot)?;
        Some(map.masters[owner].line.clone())
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<Arc<Line>> {
        self.masters().into_iter().map(|(_, line)| line).collect()
    }

    /// The same, and where each leads.
    pub(super) fn masters(&self) -> Vec<(Spot, Arc<Line>)> {
        let Some(map) = self.map.read().clone() else {
            return Vec::new();
        };
        let masters = map.slots.masters().iter().zip(&map.masters);
        masters
            .map(|(spot, master)| (spot.clone(), master.line.clone()))
            .collect()
    }

    /// Finds out who keeps what, and connects to whoever isn't connected or doesn't answer.
    pub(super) async fn connect(&self) -> RedisResult<Reached> {
        let map = self.look().await?;
        let reached = join_all(map.masters.iter().map(|master| master.reach())).await;
        if reached.iter().all(Option::is_none) {
            return Err((ErrorKind::Io, "no master of the Cluster answers").into());
        }
        let is_new = reached.into_iter().flatten().any(|is_new| is_new);
        let run_ids: Vec<String> = map
            .masters
            .iter()
            .map(|master| master.run_id.lock().clone())
            .collect();
        Ok(Reached {
            run_id: run_ids.join("+"),
            is_new,
        })
    }

    /// The present map; the last one if nobody says.
    async fn look(&self) -> RedisResult<Arc<Map>> {
        let before = self.map.read().clone();
        let slots = match (self.cluster.slots().await, before) {
            (Ok(slots), Some(before)) if before.slots == slots => return Ok(before),
            (Ok(slots), _) => slots,
            (Err(_), Some(before)) => return Ok(before),
            (Err(error), None) => return Err(error),
        };
        let before = self.map.read().clone();
        let masters = slots.masters().iter().map(|spot| {
            let known = before.as_ref().and_then(|before| {
                let place = before.slots.masters().binary_search(spot).ok()?;
                Some(before.masters[place].clone())
            });
            known.unwrap_or_else(|| {
                let target = self.cluster.master(spot.clone());
                Arc::new(Master {
                    line: Arc::new(Line::new(target, self.timeouts)),
                    run_id: Mutex::default(),
                })
            })
        });
        let map = Arc::new(Map {
            masters: masters.collect(),
            slots,
        });
        *self.map.write() = Some(map.clone());
        Ok(map)
    }
}

impl Master {
    /// Whether the connection is a new one; `None` if there is none.
    async fn reach(&self) -> Option<bool> {
        if self.line.is_well().await {
            return Some(false);
        }
        self.line.hang_up();
        let reached = self.line.connect().await.ok()?;
        *self.run_id.lock() = reached.run_id;
        Some(true)
    }
}
