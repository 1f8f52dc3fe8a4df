//! The names by which a node knows one server: where it hears itself, and what the server remembers.
//!
//! In a Cluster each master has names of its own, in a slot that it keeps. When that slot moves, it
//! gets others.

use std::sync::atomic::{AtomicU32, Ordering};

use roomcast_protocol::NodeId;

use super::keys;

pub(super) struct Names {
    node: NodeId,
    tag: AtomicU32,
}

impl Names {
    pub(super) fn new(node: &NodeId, tag: u32) -> Self {
        Self {
            node: node.clone(),
            tag: AtomicU32::new(tag),
        }
    }

    /// Changes the names; whether they are others now.
    pub(super) fn retag(&self, tag: u32) -> bool {
        self.tag.swap(tag, Ordering::Relaxed) != tag
    }

    /// The channel by which the node hears itself.
    pub(super) fn probe(&self) -> String {
        keys::probe(&self.node, self.tag.load(Ordering::Relaxed))
    }

    /// The key that is there as long as the server has not forgotten everything.
    pub(super) fn witness(&self) -> String {
        keys::witness(self.tag.load(Ordering::Relaxed))
    }
}
