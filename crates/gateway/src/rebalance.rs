//! How a node that has more sessions than others gives some of them up: after a scale-out nobody else
//! would, since no balancer moves a socket that is open.
//!
//! Keeps true: whom it touches was there when it was asked for; one goes on at a time; the node stays ready;
//! a drain ends it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rand::seq::SliceRandom as _;
use roomcast_protocol::CloseCode;

use crate::farewell::Farewells;
use crate::node::Node;

/// The part of a node's sessions that is to go: more than none, at most all.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Share(f64);

/// What a rebalance has begun.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rebalance {
    /// Sessions that the node had.
    pub sessions: usize,
    /// Those of them that were told to go.
    pub moving: usize,
}

/// Why a rebalance can't begin.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoRebalance {
    /// An earlier one isn't over.
    #[error("a rebalance is under way; ask again when its window is over")]
    UnderWay,
    /// The node is about to stop, and sends everybody away.
    #[error("the node drains: all of its sessions are on their way already")]
    Draining,
}

impl Share {
    /// `None` for what is no such part.
    pub fn new(share: f64) -> Option<Self> {
        (share > 0.0 && share <= 1.0).then_some(Self(share))
    }

    /// So many of `sessions`, to the nearest.
    fn of(self, sessions: usize) -> usize {
        let moving = (sessions as f64 * self.0).round() as usize;
        moving.min(sessions)
    }
}

impl Node {
    /// Sends a share of the sessions away, picked at random, each at a moment of its own within
    /// `window`. Returns when all of them are told; goes on by itself. To be called within a runtime.
    ///
    /// # Errors
    /// [`NoRebalance`].
    pub fn rebalance(
        self: &Arc<Self>,
        share: Share,
        window: Duration,
    ) -> Result<Rebalance, NoRebalance> {
        if self.draining.load(Ordering::Relaxed) {
            return Err(NoRebalance::Draining);
        }
        let turn = Turn::take(self).ok_or(NoRebalance::UnderWay)?;
        let mut outboxes = self.sessions.lock().outboxes();
        let sessions = outboxes.len();
        let moving = share.of(sessions);
        outboxes.partial_shuffle(&mut rand::rng(), moving);
        // The picked ones stand at the end.
        let picked = outboxes.split_off(sessions - moving);
        let farewells = Farewells::tell(picked, window, CloseCode::Rebalancing);
        self.metrics.rebalanced_sessions.inc_by(moving as u64);
        tokio::spawn(async move {
            let node = &turn.0;
            // Whoever is left has been told another moment by the drain.
            farewells
                .close(|| node.draining.load(Ordering::Relaxed))
                .await;
        });
        Ok(Rebalance { sessions, moving })
    }
}

/// The right to rebalance; given back with it.
struct Turn(Arc<Node>);

impl Turn {
    fn take(node: &Arc<Node>) -> Option<Self> {
        let was_taken = node.rebalancing.swap(true, Ordering::Relaxed);
        (!was_taken).then(|| Self(node.clone()))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let rebalancing: &AtomicBool = &self.0.rebalancing;
        rebalancing.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::Share;

    #[test]
    fn a_share_is_more_than_none_and_at_most_all() {
        for none in [0.0, -0.1, 1.000_1, f64::NAN, f64::INFINITY] {
            assert_eq!(Share::new(none), None, "{none}");
        }
        let of = |share, sessions| Share::new(share).unwrap().of(sessions);
        assert_eq!(of(0.4, 1_000), 400);
        assert_eq!(of(1.0, 7), 7);
        assert_eq!((of(0.3, 1), of(0.3, 2), of(0.3, 0)), (0, 1, 0));
    }
}
