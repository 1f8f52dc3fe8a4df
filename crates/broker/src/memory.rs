//! The plainest keeper: room logs in the memory of one node, for one node.
//!
//! Keeps all promises that a single process can keep; a restart is a new epoch for every room.
//! Memory is bounded by [`MemoryConfig`]: a ring a room, a number of rooms, and rooms nobody listens
//! to or talks in are dropped.

mod config;
mod room;
mod rooms;

use std::time::SystemTime;

use async_trait::async_trait;
use parking_lot::Mutex;
use roomcast_protocol::{Draft, Epoch, Position, RoomName, Signal};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::error::BrokerError;
use crate::port::{Broker, Feed, FeedEvent, Head, Health, Published, Slice, Span, StatsSnapshot};
use crate::route::feed_index;
pub use config::MemoryConfig;
use rooms::Rooms;

/// Events that may wait in a feed; a publisher waits when it is full.
const FEED_EVENTS_MAX: usize = 4_096;

/// Room logs in memory.
pub struct MemoryBroker {
    shards: Vec<Shard>,
}

struct Shard {
    rooms: Mutex<Rooms>,
    feed: mpsc::Sender<FeedEvent>,
}

impl MemoryBroker {
    /// A keeper with no rooms, and its `feeds` feeds (at least one).
    pub fn new(config: MemoryConfig, feeds: usize) -> (Self, Vec<Feed>) {
        let config = MemoryConfig {
            rooms_max: config.rooms_max.div_ceil(feeds),
            ..config
        };
        let (shards, receivers) = (0..feeds)
            .map(|_| {
                let (feed, receiver) = mpsc::channel(FEED_EVENTS_MAX);
                (
                    Shard {
                        rooms: Mutex::new(Rooms::new(config)),
                        feed,
                    },
                    receiver,
                )
            })
            .unzip();
        (Self { shards }, receivers)
    }

    fn shard(&self, room: &RoomName) -> &Shard {
        &self.shards[feed_index(room, self.shards.len())]
    }
}

#[async_trait]
impl Broker for MemoryBroker {
    async fn publish(
        &self,
        draft: &Draft,
        floor: Option<Position>,
    ) -> Result<Published, BrokerError> {
        let shard = self.shard(&draft.room);
        // A place in the feed first, so that the lock is never held while waiting.
        let place = shard.feed.reserve().await.map_err(|_| closed())?;
        let now = Instant::now();
        let timestamp_ms = wall_clock_ms();
        let mut rooms = shard.rooms.lock();
        let room = rooms.room(&draft.room, now, random_epoch)?;
        if floor.is_some_and(|floor| floor.epoch == room.epoch() && floor.seq > room.seq()) {
            room.fence(random_epoch());
        }
        let (published, message) = room.publish(draft, now, timestamp_ms);
        if let Some(message) = message
            && room.subscribed()
        {
            // Inside the lock: the feed's order is the log's.
            place.send(FeedEvent::Message(message));
        }
        Ok(published)
    }

    async fn signal(&self, signal: &Signal) -> Result<(), BrokerError> {
        let shard = self.shard(signal.room());
        if !shard.rooms.lock().is_subscribed(signal.room()) {
            return Ok(());
        }
        shard
            .feed
            .send(FeedEvent::Signal(signal.clone()))
            .await
            .map_err(|_| closed())
    }

    async fn read(&self, room: &RoomName, span: Span) -> Result<Option<Slice>, BrokerError> {
        let now = Instant::now();
        Ok(self
            .shard(room)
            .rooms
            .lock()
            .existing(room)
            .map(|room| room.read(span, now)))
    }

    async fn read_many(
        &self,
        spans: Vec<(RoomName, Span)>,
    ) -> Vec<Result<Option<Slice>, BrokerError>> {
        let mut slices = Vec::with_capacity(spans.len());
        for (room, span) in spans {
            slices.push(self.read(&room, span).await);
        }
        slices
    }

    async fn open(&self, name: &RoomName, stale: Option<Epoch>) -> Result<Head, BrokerError> {
        let shard = self.shard(name);
        let place = shard.feed.reserve().await.map_err(|_| closed())?;
        let mut rooms = shard.rooms.lock();
        let room = rooms.room(name, Instant::now(), random_epoch)?;
        if stale == Some(room.epoch()) {
            room.fence(random_epoch());
            if room.subscribed() {
                place.send(FeedEvent::Fenced(name.clone()));
            }
        }
        Ok(room.head())
    }

    async fn subscribe(&self, room: &RoomName) -> Result<(), BrokerError> {
        self.shard(room)
            .rooms
            .lock()
            .subscribe(room, Instant::now(), random_epoch)
    }

    async fn unsubscribe(&self, room: &RoomName) {
        self.shard(room)
            .rooms
            .lock()
            .unsubscribe(room, Instant::now());
    }

    fn health(&self) -> Health {
        Health::Ready
    }

    fn stats(&self) -> StatsSnapshot {
        let subscriptions = self
            .shards
            .iter()
            .map(|shard| shard.rooms.lock().subscriptions());
        StatsSnapshot {
            subscriptions: subscriptions.sum(),
            ..StatsSnapshot::default()
        }
    }
}

fn closed() -> BrokerError {
    BrokerError::Unavailable("the node is stopping".into())
}

fn random_epoch() -> Epoch {
    Epoch::from_bits(rand::random())
}

/// Milliseconds since the Unix epoch, as this machine's clock has it; a clock before 1970 reads 0.
#[expect(
    clippy::disallowed_methods,
    reason = "the embedded log stamps: this is its clock's door"
)]
fn wall_clock_ms() -> u64 {
    let since_epoch = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
}
