//! The port: what every keeper of room logs can do, in a handful of methods.
//!
//! Calls go down and return values; what happens in rooms comes up as a [`Feed`], a stream. A feed
//! tells everything published in a subscribed room in the order of its `seq`, unless it says
//! [`FeedEvent::Doubted`] or [`FeedEvent::Interrupted`]: then whoever listens must compare with the log,
//! and look up what signals may have told.

use async_trait::async_trait;
use roomcast_protocol::{Draft, Epoch, Message, MessageId, Position, RoomName, Seq, Signal, Since};
use tokio::sync::mpsc;

use crate::error::BrokerError;

/// What a keeper of room logs can do. Every method may be called from many tasks at once.
#[async_trait]
pub trait Broker: Send + Sync {
    /// Stamps, keeps and tells a draft, in one atomic step.
    ///
    /// `floor` is the furthest position the caller has seen in the room: a log of that epoch which
    /// doesn't reach it has forgotten acked messages, and is fenced into a new epoch before it
    /// stamps (P8). A draft whose user and key were seen within the dedupe time is not kept again;
    /// the first place is returned (P5).
    async fn publish(
        &self,
        draft: &Draft,
        floor: Option<Position>,
    ) -> Result<Published, BrokerError>;

    /// Tells a signal to whoever is subscribed now. Never kept.
    async fn signal(&self, signal: &Signal) -> Result<(), BrokerError>;

    /// Reads a slice of a room's log. `None`: there is no such room.
    async fn read(&self, room: &RoomName, span: Span) -> Result<Option<Slice>, BrokerError>;

    /// Reads slices of many rooms in few round trips, each as [`Broker::read`] would.
    async fn read_many(
        &self,
        spans: Vec<(RoomName, Span)>,
    ) -> Vec<Result<Option<Slice>, BrokerError>>;

    /// The room's head; a room that isn't there begins its life. With `stale`, a room that is still
    /// in that epoch is fenced: it continues under a new one, and subscribers are told
    /// [`FeedEvent::Fenced`]. Also renews the room's time to live.
    async fn open(&self, room: &RoomName, stale: Option<Epoch>) -> Result<Head, BrokerError>;

    /// Subscribes this node's feed to a room; returns once everything published from now on will be
    /// told.
    async fn subscribe(&self, room: &RoomName) -> Result<(), BrokerError>;

    /// Ends a subscription.
    async fn unsubscribe(&self, room: &RoomName);

    /// Whether what this node publishes has come back to it lately.
    fn health(&self) -> Health;

    /// Counters since the start.
    fn stats(&self) -> StatsSnapshot;
}

/// Where a draft was kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Published {
    /// Its place.
    pub position: Position,
    /// When it was stamped, in milliseconds since the Unix epoch.
    pub timestamp_ms: u64,
    /// The message's id: of the first one with this key, if this is a retry.
    pub id: MessageId,
    /// Whether it had been kept before.
    pub duplicate: bool,
}

/// Which part of a log to read; `limit` counts messages and is at least 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Span {
    /// What follows a position, oldest first. In another epoch than the log's: what the log's epoch
    /// has said since it began.
    After {
        /// The position, with its proof.
        since: Since,
        /// At most so many.
        limit: usize,
    },
    /// What follows a sequence number in whatever epoch the log is, oldest first.
    From {
        /// Exclusive.
        after: Seq,
        /// At most so many.
        limit: usize,
    },
    /// What stands before a sequence number: the last ones of it, oldest first.
    Before {
        /// Exclusive.
        before: Seq,
        /// At most so many.
        limit: usize,
    },
    /// The last ones, oldest first.
    Latest {
        /// At most so many; 0 reads the head alone.
        limit: usize,
    },
}

/// Where a room's log stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    /// The life of the log.
    pub epoch: Epoch,
    /// The last position given.
    pub seq: Seq,
    /// The position at which this epoch began: what stands at or before it was said in an earlier
    /// epoch, and is still here.
    pub base: Seq,
}

/// A part of a log, read at one instant.
#[derive(Clone, PartialEq, Debug)]
pub struct Slice {
    /// Where the log stood.
    pub head: Head,
    /// The id of the message at the position asked [`Span::After`], if the log still has it.
    pub proof: Option<MessageId>,
    /// In order of `seq`, without a hole between them.
    pub messages: Vec<Message>,
    /// Whether the log has more in the direction asked.
    pub more: bool,
    /// Whether the room's time to live is running out and [`Broker::open`] should renew it.
    pub fading: bool,
}

/// What a subscribed node is told.
#[derive(Clone, PartialEq, Debug)]
pub enum FeedEvent {
    /// A message was kept.
    Message(Message),
    /// A signal was told.
    Signal(Signal),
    /// A room went into a new epoch without saying anything.
    Fenced(RoomName),
    /// Something may have been missed in a room, which is subscribed again by now.
    Doubted(RoomName),
    /// Something may have been missed in any room; every room is subscribed again by now.
    Interrupted,
}

/// A stream of what happens in the rooms whose [`crate::feed_index`] it has. Bounded: a keeper waits
/// for a slow reader, and a reader too slow for Redis is told [`FeedEvent::Interrupted`].
pub type Feed = mpsc::Receiver<FeedEvent>;

/// Whether a node can do its work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Health {
    /// A message this node published came back on its own subscription lately.
    Ready,
    /// None did for too long.
    Broken,
}

/// How long a log keeps what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LogConfig {
    /// Messages kept in a room; a keeper may keep a few more.
    pub history_messages: usize,
    /// How long a room's messages are kept after the last one, in milliseconds.
    pub history_ms: u64,
    /// How long a key is remembered, in milliseconds.
    pub dedupe_ms: u64,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            history_messages: 1_000,
            history_ms: 24 * 3_600_000,
            dedupe_ms: 300_000,
        }
    }
}

/// Counters since the start, for metrics.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct StatsSnapshot {
    /// Links to the back end that were lost and had to be made anew.
    pub reconnects: u64,
    /// Calls that failed because the back end was not there.
    pub unavailable: u64,
    /// Calls that the back end refused.
    pub refused: u64,
    /// Values in the log that could not be read.
    pub corrupt: u64,
    /// Rooms subscribed now.
    pub subscriptions: u64,
}
