//! What the Redis keeper is given by the operator.

use roomcast_protocol::NodeId;
use roomcast_redis::Address;

use crate::port::LogConfig;

/// Which servers, and how to use them.
#[derive(Clone)]
pub struct RedisConfig {
    /// Independent ones: servers, masters that sentinels watch, or Clusters. The order matters: every
    /// node must have the same.
    pub addresses: Vec<Address>,
    /// The node that connects; it hears itself by this name.
    pub node: NodeId,
    /// Shared command connections to each server; 2 to 4 keep one from being the limit.
    pub connections: usize,
    /// Replicas that must have a message before it is acked; 0: none.
    pub durable_replicas: u32,
    /// What a room keeps.
    pub log: LogConfig,
}
