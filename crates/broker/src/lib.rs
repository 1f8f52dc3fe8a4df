//! The room log and its feed.
//!
//! Owns the place of every message: one atomic step stamps it, keeps it and tells it (P1, P4, P5).
//! A keeper is behind the [`Broker`] port: `memory` for one node with nothing installed, `redis` for
//! a cluster; both pass the same conformance suite. Leaves to the gateway who may speak, who
//! listens, and what to do about a hole.

#[cfg(feature = "conformance")]
pub mod conformance;
mod continuity;
mod error;
mod memory;
mod port;
mod redis;
mod route;

pub use continuity::Continuation;
pub use error::{BrokerError, ConnectError, RefusedBy};
pub use memory::{MemoryBroker, MemoryConfig};
pub use port::{
    Broker, Feed, FeedEvent, Head, Health, LogConfig, Published, Slice, Span, StatsSnapshot,
};
pub use redis::{RedisBroker, RedisConfig};
pub use route::feed_index;
