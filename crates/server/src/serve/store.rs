//! Where rooms and presence are kept: embedded, or in Redis; and the limits that go with the settings.

use std::sync::Arc;

use roomcast_broker::{
    Broker, Feed, LogConfig, MemoryBroker, MemoryConfig, RedisBroker, RedisConfig,
};
use roomcast_gateway::Limits;
use roomcast_presence::{Changes, Presence};
use roomcast_redis::Address;

use super::ServeError;
use crate::config::Config;

/// Relays of a node at the most: more of them than cores gain nothing.
const FEEDS_MAX: usize = 8;

/// What a node keeps its state in.
pub(super) struct Store {
    pub(super) broker: Arc<dyn Broker>,
    pub(super) feeds: Vec<Feed>,
    pub(super) presence: Arc<dyn Presence>,
    pub(super) changes: Changes,
}

/// Opens the store that the settings ask for.
pub(super) async fn open(config: &Config) -> Result<Store, ServeError> {
    let feeds = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(FEEDS_MAX);
    let log = LogConfig {
        history_messages: config.history_messages,
        history_ms: config.history_ms,
        ..LogConfig::default()
    };
    if config.redis.is_empty() {
        let memory = MemoryConfig {
            log,
            rooms_max: config.rooms_max,
            idle_room_ms: config.idle_room_ms,
            ..MemoryConfig::default()
        };
        let (broker, feeds) = MemoryBroker::new(memory, feeds);
        let (presence, changes) = roomcast_presence::memory(config.presence(), config.node.clone());
        return Ok(Store {
            broker: Arc::new(broker),
            feeds,
            presence,
            changes,
        });
    }
    let addresses = addresses(config);
    let redis = RedisConfig {
        addresses: addresses.clone(),
        node: config.node.clone(),
        connections: config.redis_connections,
        durable_replicas: u32::try_from(config.redis_durable_replicas).unwrap_or(u32::MAX),
        log,
    };
    let (broker, feeds) = RedisBroker::connect(redis, feeds).await?;
    let (presence, changes) =
        roomcast_presence::redis(config.presence(), config.node.clone(), &addresses).await?;
    Ok(Store {
        broker: Arc::new(broker),
        feeds,
        presence,
        changes,
    })
}

fn addresses(config: &Config) -> Vec<Address> {
    let addresses = config.redis.iter().map(|url| {
        let address = url.address().clone();
        match &config.redis_ca_file {
            Some(roots) => address.trusting(roots.certificates()),
            None => address,
        }
    });
    addresses.collect()
}

/// The engine's limits, as set.
pub(super) fn limits(config: &Config) -> Limits {
    Limits {
        frame_bytes_max: config.frame_bytes_max,
        message_bytes_max: config.message_bytes_max,
        data_bytes_max: config.data_bytes_max,
        rooms_per_session_max: config.rooms_per_session_max,
        sessions_per_user_max: config.sessions_per_user_max,
        commands_per_second: config.commands_per_second,
        commands_burst: config.commands_burst,
        outbox_bytes_max: config.outbox_bytes_max,
        heartbeat_ms: config.heartbeat_ms,
        page_messages_max: config.page_messages_max,
        join_messages_max: config.join_messages_max,
        page_members_max: config.page_members_max,
        presence_each_max: config.presence_each_max,
        presence_named_max: config.presence_named_max,
        presence_every_ms: config.presence_every_ms,
        typists_named_max: config.typists_named_max,
        typing_ttl_ms: config.typing_ttl_ms,
        linger_ms: config.linger_ms,
        ..Limits::default()
    }
}
