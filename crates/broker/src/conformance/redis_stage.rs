//! A node's Redis keeper on a Redis of its own that a test may break: how the test speaks, listens
//! and waits. Waits are generous, since a wait that ends early by what it waits for costs nothing.

use std::sync::Arc;
use std::time::Duration;

use roomcast_protocol::{Message, RoomName};
use roomcast_redis::Address;
use tokio::time::{Instant, sleep, timeout};

use super::{RedisProcess, draft, log_config};
use crate::error::{BrokerError, ConnectError};
use crate::port::{Broker as _, Feed, FeedEvent, Published, Slice, Span};
use crate::redis::{RedisBroker, RedisConfig};

/// How long a test waits for what must come, faults and their healing included.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// One node on one Redis, or on several processes that are one.
pub struct RedisStage<P = RedisProcess> {
    /// The Redis, to be broken.
    pub redis: P,
    /// The node's broker.
    pub broker: Arc<RedisBroker>,
    /// Its feeds.
    pub feeds: Vec<Feed>,
}

impl RedisStage<RedisProcess> {
    /// A node with one feed on a Redis that keeps nothing on disk.
    pub async fn start() -> Self {
        Self::on(RedisProcess::start()).await
    }

    /// A node with one feed on this Redis.
    pub async fn on(redis: RedisProcess) -> Self {
        let config = redis_config(&redis.url());
        Self::with(redis, config, 1).await
    }

    /// Another node on the same Redis.
    pub async fn another_node(&self, node: &str) -> (Arc<RedisBroker>, Feed) {
        let config = RedisConfig {
            node: node.parse().expect("a node id"),
            ..redis_config(&self.redis.url())
        };
        let (broker, mut feeds) = RedisBroker::connect(config, 1).await.expect("connected");
        (Arc::new(broker), feeds.remove(0))
    }

    /// A counter in what `INFO` says, as `total_connections_received`.
    pub fn info(&self, field: &str) -> u64 {
        let info = self.redis.run(&["INFO", "everything"]);
        let mut values = info.lines().filter_map(|line| line.split_once(':'));
        let value = values
            .find(|(key, _)| *key == field)
            .map(|(_, value)| value);
        value.and_then(|text| text.trim().parse().ok()).unwrap_or(0)
    }

    /// How often a command, in lower case, was called since `CONFIG RESETSTAT`.
    pub fn calls(&self, command: &str) -> u64 {
        let info = self.redis.run(&["INFO", "commandstats"]);
        let start = format!("cmdstat_{command}:calls=");
        let calls = info.lines().find_map(|line| line.strip_prefix(&start));
        let calls = calls.and_then(|rest| rest.split(',').next());
        calls.map_or(0, |calls| calls.parse().expect("a number"))
    }
}

impl<P> RedisStage<P> {
    /// A node set up like this, with so many feeds. Returns when each feed has told its first
    /// interruption, the one of the first link: what is told from now on, a fault has caused.
    pub async fn with(redis: P, config: RedisConfig, feeds: usize) -> Self {
        let (broker, feeds) = RedisBroker::connect(config, feeds)
            .await
            .expect("connected");
        let mut stage = Self {
            redis,
            broker: Arc::new(broker),
            feeds,
        };
        for index in 0..stage.feeds.len() {
            assert_eq!(stage.until_interrupted(index).await, []);
        }
        stage
    }

    /// Subscribes to a room.
    pub async fn listen(&self, room: &RoomName) {
        self.broker.subscribe(room).await.expect("subscribed");
    }

    /// Publishes a plain message, without a key.
    pub async fn try_say(&self, room: &RoomName, text: &str) -> Result<Published, BrokerError> {
        let draft = draft(room, "alice", None, text);
        self.broker.publish(&draft, None).await
    }

    /// Publishes a plain message where nothing stands in the way.
    pub async fn say(&self, room: &RoomName, text: &str) -> Published {
        self.try_say(room, text).await.expect("published")
    }

    /// Publishes a plain message as soon as that is possible again.
    pub async fn say_at_last(&self, room: &RoomName, text: &str) -> Published {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.try_say(room, text).await {
                Ok(published) => return published,
                Err(error) => assert!(Instant::now() < until, "still refused: {error}"),
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// The next event of a feed.
    pub async fn event(&mut self, feed: usize) -> FeedEvent {
        let event = timeout(PATIENCE, self.feeds[feed].recv()).await;
        event.expect("told in time").expect("the feed is open")
    }

    /// What a feed tells until it says that it was interrupted.
    pub async fn until_interrupted(&mut self, feed: usize) -> Vec<FeedEvent> {
        let mut before = Vec::new();
        loop {
            match self.event(feed).await {
                FeedEvent::Interrupted => return before,
                event => before.push(event),
            }
        }
    }

    /// The next message of the first feed, interruptions aside.
    pub async fn message(&mut self) -> Message {
        loop {
            match self.event(0).await {
                FeedEvent::Message(message) => return message,
                FeedEvent::Interrupted | FeedEvent::Doubted(_) | FeedEvent::Fenced(_) => {}
                FeedEvent::Signal(signal) => panic!("nobody sent {signal:?}"),
            }
        }
    }

    /// The last thousand messages of a room that is there.
    pub async fn log(&self, room: &RoomName) -> Slice {
        let span = Span::Latest { limit: 1_000 };
        let slice = self.broker.read(room, span).await;
        slice.expect("readable").expect("the room is there")
    }

    /// The texts of these messages, oldest first.
    pub async fn texts(&self, room: &RoomName) -> Vec<String> {
        let messages = self.log(room).await.messages;
        let texts = messages.iter().map(|message| message.to_chat().message);
        texts.collect()
    }
}

/// A plain set-up for one address.
pub fn redis_config(url: &str) -> RedisConfig {
    RedisConfig {
        addresses: vec![Address::parse(url).expect("an address")],
        node: "test".parse().expect("a node id"),
        connections: 2,
        durable_replicas: 0,
        log: log_config(),
    }
}

/// Another node on the Redis of this address, past its first interruption.
pub async fn node_at(url: &str, node: &str) -> (Arc<RedisBroker>, Feed) {
    let config = RedisConfig {
        node: node.parse().expect("a node id"),
        ..redis_config(url)
    };
    let (broker, mut feeds) = RedisBroker::connect(config, 1).await.expect("connected");
    let mut feed = feeds.remove(0);
    let first = timeout(PATIENCE, feed.recv()).await;
    assert_eq!(first.expect("told in time"), Some(FeedEvent::Interrupted));
    (Arc::new(broker), feed)
}

/// Tries to connect a node to this address, and says why not.
pub async fn why_not(url: &str) -> ConnectError {
    let connecting = RedisBroker::connect(redis_config(url), 1);
    match timeout(PATIENCE, connecting).await {
        Ok(Ok(_)) => panic!("connected"),
        Ok(Err(error)) => error,
        Err(_) => panic!("an operator should not wait so long for a no"),
    }
}

/// Waits until something is so.
pub async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < until, "in time: {what}");
        sleep(LOOK_EVERY).await;
    }
}
