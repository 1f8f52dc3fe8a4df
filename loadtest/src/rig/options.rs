//! What a local cluster is made of.

use std::path::PathBuf;

/// Whether a balancer stands in front.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum BalancerWish {
    /// Where HAProxy is installed.
    #[default]
    Auto,
    /// It must.
    Yes,
    /// Clients connect to the nodes themselves.
    No,
}

/// What a local cluster is made of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RigOptions {
    /// The program to test.
    pub roomcast: PathBuf,
    /// How many nodes: `gateway-1`, `gateway-2`, and so on.
    pub nodes: usize,
    /// Whether a balancer stands in front.
    pub balancer: BalancerWish,
    /// More flags for each node.
    pub settings: Vec<String>,
    /// What Redis may hold, in bytes; none if only the machine bounds it.
    pub redis_bytes_max: Option<u64>,
    /// More flags for Redis; they win over the rig's own.
    pub redis_settings: Vec<String>,
    /// Whether logs and data are in memory, where the system has a place for that. A disk that is busy lets a
    /// Redis with `appendfsync everysec` hold back up to two seconds of writes, which are lost when it is killed.
    pub in_memory: bool,
    /// Whether logs and data stay when the cluster is gone.
    pub keep: bool,
}

impl RigOptions {
    /// Three nodes of this program with a balancer, if there is one.
    pub fn new(roomcast: impl Into<PathBuf>) -> Self {
        Self {
            roomcast: roomcast.into(),
            nodes: 3,
            balancer: BalancerWish::Auto,
            settings: Vec::new(),
            redis_bytes_max: None,
            redis_settings: Vec::new(),
            in_memory: false,
            keep: false,
        }
    }
}
