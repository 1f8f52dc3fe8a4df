//! A broker for tests that does what real ones do on bad days, when told to: drops and doubles what
//! its feed tells, answers late, fails, comes back with another log under the old epoch.
//!
//! Wraps the keeper in memory and leaves all stamping, keeping and fencing to it.

mod feed;
mod log;
mod script;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use parking_lot::Mutex;
use roomcast_broker::{
    Broker, BrokerError, Feed, FeedEvent, Head, Health, MemoryBroker, MemoryConfig, Published,
    Slice, Span, StatsSnapshot,
};
use roomcast_protocol::{Draft, Epoch, Message, Position, RoomName, Signal};
use tokio::sync::{mpsc, watch};

pub(crate) use script::{FeedPlan, Script};

/// Reads after which a node is held to run in circles; no test comes near it.
const READS_MAX: u64 = 100_000;
/// Events that may wait in the feed given out.
const FEED_EVENTS_MAX: usize = 4_096;

/// The broker double. Clones share everything.
#[derive(Clone)]
pub(crate) struct Double(Arc<Shared>);

struct Shared {
    config: MemoryConfig,
    store: Mutex<Store>,
    script: Script,
    out: mpsc::Sender<FeedEvent>,
    counts: Counts,
    loses_signals: AtomicBool,
}

/// The log behind the double, and under which names its epochs go outside.
struct Store {
    keeper: Arc<MemoryBroker>,
    /// By room: the keeper's epoch and the one it passes for.
    alias: HashMap<RoomName, (Epoch, Epoch)>,
    subscribed: HashSet<RoomName>,
}

/// What was asked of the double.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) reads: AtomicU64,
    pub(crate) fences: AtomicU64,
    pub(crate) subscribes: AtomicU64,
    pub(crate) unsubscribes: AtomicU64,
    pub(crate) left_told: AtomicU64,
}

impl Counts {
    pub(crate) fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    pub(crate) fn fences(&self) -> u64 {
        self.fences.load(Ordering::Relaxed)
    }
}

impl Double {
    pub(crate) fn new(config: MemoryConfig, seed: u64) -> (Self, Feed) {
        let (out, feed) = mpsc::channel(FEED_EVENTS_MAX);
        let (keeper, feeds) = MemoryBroker::new(config, 1);
        let store = Store {
            keeper: Arc::new(keeper),
            alias: HashMap::new(),
            subscribed: HashSet::new(),
        };
        let double = Self(Arc::new(Shared {
            config,
            store: Mutex::new(store),
            script: Script::new(seed),
            out,
            counts: Counts::default(),
            loses_signals: AtomicBool::new(false),
        }));
        double.pump(feeds);
        (double, feed)
    }

    /// What the double is to do.
    pub(crate) fn script(&self) -> &Script {
        &self.0.script
    }

    /// What it was asked.
    pub(crate) fn counts(&self) -> &Counts {
        &self.0.counts
    }

    /// Tells the node something that happened nowhere.
    pub(crate) async fn inject(&self, event: FeedEvent) {
        self.0.out.send(event).await.expect("the node listens");
    }

    /// Signals are told to nobody, and nobody knows.
    pub(crate) fn lose_signals(&self, loses: bool) {
        self.0.loses_signals.store(loses, Ordering::Relaxed);
    }

    /// The link was lost and is back.
    pub(crate) async fn interrupt(&self) {
        self.inject(FeedEvent::Interrupted).await;
    }

    /// Something may have been missed in a room.
    pub(crate) async fn doubt(&self, room: &RoomName) {
        self.inject(FeedEvent::Doubted(room.clone())).await;
    }

    /// Whether the script is about this room, and what is asked of it counted: inboxes, which nobody
    /// asks for, are left alone unless the script says so.
    fn is_scripted(&self, room: &RoomName) -> bool {
        !room.is_inbox() || self.script().is_about_inboxes()
    }

    /// Rooms subscribed to, as far as they are the script's.
    pub(crate) fn subscriptions(&self) -> usize {
        let store = self.0.store.lock();
        let scripted = store.subscribed.iter().filter(|it| self.is_scripted(it));
        scripted.count()
    }

    /// A node that runs in circles never lets paused time pass: its relay is stopped instead.
    fn count_read(&self) {
        let before = self.0.counts.reads.fetch_add(1, Ordering::Relaxed);
        assert!(before < READS_MAX, "the node reads in circles");
    }

    fn keeper(&self) -> Arc<MemoryBroker> {
        self.0.store.lock().keeper.clone()
    }

    fn outward(&self, room: &RoomName, epoch: Epoch) -> Epoch {
        match self.0.store.lock().alias.get(room) {
            Some((inner, outer)) if *inner == epoch => *outer,
            _ => epoch,
        }
    }

    fn inward(&self, room: &RoomName, epoch: Epoch) -> Epoch {
        match self.0.store.lock().alias.get(room) {
            Some((inner, outer)) if *outer == epoch => *inner,
            _ => epoch,
        }
    }

    fn message_outward(&self, mut message: Message) -> Message {
        message.position.epoch = self.outward(&message.room, message.position.epoch);
        message
    }

    fn slice_outward(&self, room: &RoomName, slice: Slice) -> Slice {
        let messages = slice.messages.into_iter();
        Slice {
            head: Head {
                epoch: self.outward(room, slice.head.epoch),
                ..slice.head
            },
            messages: messages.map(|m| self.message_outward(m)).collect(),
            ..slice
        }
    }

    fn span_inward(&self, room: &RoomName, span: Span) -> Span {
        match span {
            Span::After { mut since, limit } => {
                since.epoch = self.inward(room, since.epoch);
                Span::After { since, limit }
            }
            Span::From { .. } | Span::Before { .. } | Span::Latest { .. } => span,
        }
    }

    /// Reads what the log has now, whatever the script says.
    pub(crate) async fn look(&self, room: &RoomName, span: Span) -> Option<Slice> {
        let span = self.span_inward(room, span);
        let slice = self.keeper().read(room, span).await.expect("in memory");
        slice.map(|slice| self.slice_outward(room, slice))
    }
}

#[async_trait]
impl Broker for Double {
    async fn publish(
        &self,
        draft: &Draft,
        floor: Option<Position>,
    ) -> Result<Published, BrokerError> {
        self.script().before_publish().await?;
        let floor = floor.map(|floor| Position {
            epoch: self.inward(&draft.room, floor.epoch),
            ..floor
        });
        let mut published = self.keeper().publish(draft, floor).await?;
        published.position.epoch = self.outward(&draft.room, published.position.epoch);
        self.script().after_publish().await?;
        Ok(published)
    }

    async fn signal(&self, signal: &Signal) -> Result<(), BrokerError> {
        if self.0.loses_signals.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.script().signal_delay().await;
        if matches!(signal, Signal::Left { .. }) {
            self.0.counts.left_told.fetch_add(1, Ordering::Relaxed);
        }
        self.keeper().signal(signal).await
    }

    async fn read(&self, room: &RoomName, span: Span) -> Result<Option<Slice>, BrokerError> {
        if !self.is_scripted(room) {
            return Ok(self.look(room, span).await);
        }
        self.count_read();
        self.script().may_read()?;
        let slice = self.look(room, span).await;
        self.script().read_delay().await;
        Ok(slice)
    }

    async fn read_many(
        &self,
        spans: Vec<(RoomName, Span)>,
    ) -> Vec<Result<Option<Slice>, BrokerError>> {
        self.count_read();
        let mut slices = Vec::new();
        for (room, span) in spans {
            slices.push(match self.script().may_read() {
                Ok(()) => Ok(self.look(&room, span).await),
                Err(error) => Err(error),
            });
        }
        self.script().read_delay().await;
        slices
    }

    async fn open(&self, room: &RoomName, stale: Option<Epoch>) -> Result<Head, BrokerError> {
        let stale = stale.map(|epoch| self.inward(room, epoch));
        let keeper = self.keeper();
        let before = keeper.read(room, Span::Latest { limit: 0 }).await?;
        let head = keeper.open(room, stale).await?;
        if before.is_some_and(|slice| slice.head.epoch != head.epoch) {
            self.0.counts.fences.fetch_add(1, Ordering::Relaxed);
        }
        let epoch = self.outward(room, head.epoch);
        Ok(Head { epoch, ..head })
    }

    async fn subscribe(&self, room: &RoomName) -> Result<(), BrokerError> {
        if self.is_scripted(room) {
            self.0.counts.subscribes.fetch_add(1, Ordering::Relaxed);
            self.script().may_subscribe().await?;
        }
        self.keeper().subscribe(room).await?;
        self.0.store.lock().subscribed.insert(room.clone());
        Ok(())
    }

    async fn unsubscribe(&self, room: &RoomName) {
        if self.is_scripted(room) {
            self.0.counts.unsubscribes.fetch_add(1, Ordering::Relaxed);
            self.script().unsubscribe_delay().await;
        }
        self.keeper().unsubscribe(room).await;
        self.0.store.lock().subscribed.remove(room);
    }

    fn health(&self) -> Health {
        Health::Ready
    }

    fn stats(&self) -> StatsSnapshot {
        self.keeper().stats()
    }
}

/// A gate that is open until it is shut; whoever comes while it is shut waits.
pub(crate) struct Gate(watch::Sender<bool>);

impl Gate {
    pub(crate) fn open() -> Self {
        Self(watch::Sender::new(true))
    }

    pub(crate) fn shut(&self) {
        self.0.send_replace(false);
    }

    pub(crate) fn release(&self) {
        self.0.send_replace(true);
    }

    pub(crate) async fn pass(&self) {
        let mut open = self.0.subscribe();
        open.wait_for(|open| *open).await.expect("the gate stands");
    }
}
