//! The relay of one shard of rooms: one task, sole owner of its rooms, hence no lock.
//!
//! It takes what the feed tells, compares it with each room's cursor, and repairs a hole from the log
//! before any member sees it (P2). It subscribes, reads and splices for joiners, refills members who
//! were behind, and looks at every room after an interruption (P7).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use roomcast_broker::{Broker, BrokerError, Feed, FeedEvent};
use roomcast_protocol::{RoomName, SessionId};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::admission;
use super::order::{JoinRequest, Order};
use super::reading::{self, Done};
use super::room::{Phase, Room, Verdict};
use crate::gate::refusal_of;
use crate::limits::Limits;
use crate::metrics::Metrics;

/// How often rooms nobody is in are looked for.
const SWEEP_EVERY: Duration = Duration::from_millis(500);
/// Rooms looked at in one read.
const ROOMS_PER_READ: usize = 100;
/// How long to wait before a failed read is tried again: drawn at random up to this.
const RETRY_MAX_MS: u64 = 1_000;
/// How often a client's word may put one room into a new epoch.
const FENCE_EVERY: Duration = Duration::from_secs(10);

pub(super) struct Relay {
    pub(super) broker: Arc<dyn Broker>,
    pub(super) limits: Limits,
    pub(super) metrics: Arc<Metrics>,
    pub(super) rooms: HashMap<RoomName, Room>,
    /// At most one a room, one a joiner and one a member who is behind.
    pub(super) reads: FuturesUnordered<BoxFuture<'static, Done>>,
}

impl Relay {
    /// Runs until the hub or the broker is dropped.
    pub(super) async fn run(mut self, mut feed: Feed, mut orders: mpsc::Receiver<Order>) {
        let mut sweep = interval(SWEEP_EVERY);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut sync = interval(Duration::from_millis(self.limits.sync_ms));
        sync.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                event = feed.recv() => match event {
                    Some(event) => self.hear(event),
                    None => return,
                },
                order = orders.recv() => match order {
                    Some(order) => self.obey(order),
                    None => return,
                },
                Some(done) = self.reads.next(), if !self.reads.is_empty() => self.finish(done),
                _ = sweep.tick() => self.sweep(),
                _ = sync.tick() => self.look_at_all(),
            }
        }
    }

    fn hear(&mut self, event: FeedEvent) {
        match event {
            FeedEvent::Message(message) => {
                let Some(room) = self.rooms.get_mut(&message.room) else {
                    return;
                };
                if room.take(message, &self.metrics) == Verdict::MustRepair {
                    let name = room.name.clone();
                    self.repair(&name, Duration::ZERO);
                }
            }
            FeedEvent::Signal(signal) => {
                if let Some(room) = self.rooms.get_mut(signal.room()) {
                    room.signal(&signal, &self.metrics);
                }
            }
            FeedEvent::Fenced(room) => self.repair(&room, Duration::ZERO),
            FeedEvent::Interrupted => self.reconcile(),
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Join(request) => self.join(request),
            Order::Leave { room, session } => {
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.members.remove(session);
                    room.waiting.retain(|request| request.session != session);
                }
            }
            Order::Refill { room, session } => self.refill(&room, session),
        }
    }

    fn finish(&mut self, done: Done) {
        match done {
            Done::Opened(room, Ok(cursor)) => {
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.opened(cursor);
                }
                // What was told meanwhile is in the log: one more look sorts it out.
                self.repair(&room, Duration::ZERO);
                self.admit_waiting(&room);
            }
            Done::Opened(room, Err(error)) => self.give_up(&room, &error),
            Done::Unsubscribed(room) => self.closed(room),
            Done::Repaired(name, Ok(onward)) => self.repaired(&name, onward),
            Done::Repaired(name, Err(error)) => {
                tracing::debug!(room = %name, %error, "a room could not be compared with its log");
                self.repair_again(&name, retry_delay());
            }
            Done::Reconciled(rooms) => {
                for (name, onward) in rooms {
                    match onward {
                        Some(onward) => self.repaired(&name, onward),
                        None => self.repair_again(&name, Duration::ZERO),
                    }
                }
            }
            Done::Suspects(rooms) => {
                for room in rooms {
                    self.repair(&room, Duration::ZERO);
                }
            }
            Done::Admitted(request, welcome) => self.admitted(request, welcome),
            Done::Refilled(name, session, onward) => self.refilled(&name, session, onward),
            Done::Renewed => {}
        }
    }

    /// Starts reading how a room goes on, unless that is under way.
    fn repair(&mut self, name: &RoomName, delay: Duration) {
        let Some(room) = self.rooms.get_mut(name) else {
            return;
        };
        match room.phase {
            Phase::Live => self.repair_again(name, delay),
            Phase::Opening | Phase::Repairing => room.repair_again = true,
            Phase::Closing => {}
        }
    }

    fn repair_again(&mut self, name: &RoomName, delay: Duration) {
        let Some(from) = self.rooms.get_mut(name).and_then(Room::repair_begins) else {
            return;
        };
        self.metrics.repairs.inc();
        let (broker, name) = (self.broker.clone(), name.clone());
        self.reads.push(Box::pin(async move {
            let onward = reading::repair(&*broker, &name, from, delay).await;
            Done::Repaired(name, onward)
        }));
    }

    fn repaired(&mut self, name: &RoomName, onward: reading::Onward) {
        let Some(room) = self.rooms.get_mut(name) else {
            return;
        };
        let fading = onward.fading;
        let verdict = room.repaired(onward, &self.metrics);
        if fading {
            self.renew(name.clone());
        }
        match verdict {
            Verdict::MustRepair => self.repair_again(name, Duration::ZERO),
            Verdict::Fine => self.admit_waiting(name),
        }
    }

    /// After an interruption: every room is compared with its log, many in one read.
    fn reconcile(&mut self) {
        let mut wanted = Vec::new();
        for room in self.rooms.values_mut() {
            match room.phase {
                Phase::Live => {
                    if let Some((since, _)) = room.repair_begins() {
                        wanted.push((room.name.clone(), since));
                    }
                }
                Phase::Opening | Phase::Repairing => room.repair_again = true,
                Phase::Closing => {}
            }
        }
        for rooms in wanted.chunks(ROOMS_PER_READ) {
            let (broker, rooms) = (self.broker.clone(), rooms.to_vec());
            self.metrics.repairs.inc_by(rooms.len() as u64);
            self.reads.push(Box::pin(async move {
                Done::Reconciled(reading::reconcile(&*broker, rooms).await)
            }));
        }
    }

    /// From time to time: a word that was lost without a trace in a room where nobody speaks
    /// afterwards is found here.
    fn look_at_all(&mut self) {
        let live = self.rooms.values().filter(|room| room.phase == Phase::Live);
        let wanted: Vec<_> = live
            .filter_map(|room| Some((room.name.clone(), room.since()?)))
            .collect();
        for rooms in wanted.chunks(ROOMS_PER_READ) {
            let (broker, rooms) = (self.broker.clone(), rooms.to_vec());
            self.reads.push(Box::pin(async move {
                Done::Suspects(reading::suspects(&*broker, rooms).await)
            }));
        }
    }

    fn join(&mut self, request: JoinRequest) {
        let Some(room) = self.rooms.get_mut(&request.room) else {
            let name = request.room.clone();
            let mut room = Room::opening(name.clone());
            room.waiting.push(request);
            self.rooms.insert(name.clone(), room);
            self.open(name);
            return;
        };
        room.empty_since = None;
        match room.phase {
            Phase::Live | Phase::Repairing => self.admit(request),
            Phase::Opening | Phase::Closing => room.waiting.push(request),
        }
    }

    fn open(&mut self, name: RoomName) {
        let broker = self.broker.clone();
        self.reads.push(Box::pin(async move {
            let opened = reading::open(&*broker, &name).await;
            Done::Opened(name, opened)
        }));
    }

    fn admit_waiting(&mut self, name: &RoomName) {
        let Some(room) = self.rooms.get_mut(name) else {
            return;
        };
        for request in std::mem::take(&mut room.waiting) {
            self.admit(request);
        }
    }

    /// Reads what a joiner gets.
    fn admit(&mut self, request: JoinRequest) {
        let Some(room) = self.rooms.get_mut(&request.room) else {
            return;
        };
        room.read_begins(None);
        let may_fence = room.fenced_at.is_none_or(|at| at.elapsed() >= FENCE_EVERY);
        let (broker, messages_max) = (self.broker.clone(), self.limits.join_messages_max);
        self.reads.push(Box::pin(async move {
            let welcome = reading::welcome(&*broker, &request, messages_max, may_fence).await;
            Done::Admitted(request, welcome)
        }));
    }

    fn admitted(&mut self, request: JoinRequest, welcome: Result<reading::Welcome, BrokerError>) {
        let Some(room) = self.rooms.get_mut(&request.room) else {
            return;
        };
        room.read_ends(request.session);
        let (name, session) = (room.name.clone(), request.session);
        match welcome {
            Err(error) => drop(request.done.send(Err(refusal_of(&error)))),
            Ok(welcome) => {
                let epoch = room.since().map(|since| since.epoch);
                if epoch != Some(welcome.onward.head.epoch) {
                    if request.since.map(|since| since.epoch) == epoch {
                        room.fenced_at = Some(Instant::now());
                    }
                    // The log has moved on to another epoch: the relay first, then the joiner.
                    room.waiting.push(request);
                    self.repair(&name, Duration::ZERO);
                } else {
                    let fading = welcome.onward.fading;
                    admission::admit(room, request, welcome, &self.limits, &self.metrics);
                    self.catch_up(&name, session);
                    if fading {
                        self.renew(name.clone());
                    }
                }
            }
        }
        if let Some(room) = self.rooms.get_mut(&name) {
            room.forget_recent();
        }
    }

    fn refill(&mut self, name: &RoomName, session: SessionId) {
        let Some(room) = self.rooms.get_mut(name) else {
            return;
        };
        let Some(epoch) = room.since().map(|since| since.epoch) else {
            return;
        };
        let Some(member) = room.members.one(session) else {
            return;
        };
        if member.live || member.reading {
            return;
        }
        let since = roomcast_protocol::Since {
            epoch,
            seq: member.told,
            id: None,
        };
        room.read_begins(Some(session));
        let (broker, name) = (self.broker.clone(), name.clone());
        self.reads.push(Box::pin(async move {
            let onward = reading::refill(&*broker, &name, since).await;
            Done::Refilled(name, session, onward)
        }));
    }

    fn refilled(
        &mut self,
        name: &RoomName,
        session: SessionId,
        onward: Result<reading::Onward, BrokerError>,
    ) {
        let Some(room) = self.rooms.get_mut(name) else {
            return;
        };
        room.read_ends(session);
        match onward {
            Ok(onward) if room.refill(session, &onward) => self.catch_up(name, session),
            Ok(_) => self.repair(name, Duration::ZERO),
            // The writer comes by again, and asks again.
            Err(error) => {
                tracing::debug!(room = %name, %error, "a member could not be refilled");
                self.retry_refill(name, session);
            }
        }
        if let Some(room) = self.rooms.get_mut(name) {
            room.forget_recent();
        }
    }

    fn retry_refill(&mut self, name: &RoomName, session: SessionId) {
        let Some(room) = self.rooms.get_mut(name) else {
            return;
        };
        let Some(since) = room.since() else { return };
        let Some(member) = room.members.one(session) else {
            return;
        };
        let since = roomcast_protocol::Since {
            seq: member.told,
            id: None,
            ..since
        };
        room.read_begins(Some(session));
        let (broker, name) = (self.broker.clone(), name.clone());
        self.reads.push(Box::pin(async move {
            tokio::time::sleep(retry_delay()).await;
            let onward = reading::refill(&*broker, &name, since).await;
            Done::Refilled(name, session, onward)
        }));
    }

    /// Makes a member live, or reads on for it.
    fn catch_up(&mut self, name: &RoomName, session: SessionId) {
        let Some(room) = self.rooms.get_mut(name) else {
            return;
        };
        if room.catch_up(session).is_some() {
            self.refill(name, session);
        }
    }

    fn renew(&mut self, name: RoomName) {
        let broker = self.broker.clone();
        self.reads.push(Box::pin(async move {
            // If it fails, the next look at the room tries again.
            let _ = broker.open(&name, None).await;
            Done::Renewed
        }));
    }

    /// A room could not be opened: whoever waits is told, and the wish is taken back.
    fn give_up(&mut self, name: &RoomName, error: &BrokerError) {
        let Some(room) = self.rooms.get_mut(name) else {
            return;
        };
        for request in std::mem::take(&mut room.waiting) {
            let _ = request.done.send(Err(refusal_of(error)));
        }
        self.close(name.clone());
    }

    fn close(&mut self, name: RoomName) {
        let Some(room) = self.rooms.get_mut(&name) else {
            return;
        };
        room.phase = Phase::Closing;
        let broker = self.broker.clone();
        self.reads.push(Box::pin(async move {
            broker.unsubscribe(&name).await;
            Done::Unsubscribed(name)
        }));
    }

    /// A room is unsubscribed: it goes, unless somebody came meanwhile.
    fn closed(&mut self, name: RoomName) {
        let Some(room) = self.rooms.remove(&name) else {
            return;
        };
        if room.waiting.is_empty() {
            return;
        }
        let mut again = Room::opening(name.clone());
        again.waiting = room.waiting;
        self.rooms.insert(name.clone(), again);
        self.open(name);
    }

    /// Lets rooms go that nobody has been in for a while.
    fn sweep(&mut self) {
        let now = Instant::now();
        let linger = Duration::from_millis(self.limits.linger_ms);
        let mut quiet = Vec::new();
        for room in self.rooms.values_mut() {
            room.members.drop_closed();
            if room.phase != Phase::Live || !room.is_deserted() {
                room.empty_since = None;
                continue;
            }
            let since = *room.empty_since.get_or_insert(now);
            if now.duration_since(since) >= linger {
                quiet.push(room.name.clone());
            }
        }
        for name in quiet {
            self.close(name);
        }
    }
}

fn retry_delay() -> Duration {
    Duration::from_millis(rand::random_range(50..=RETRY_MAX_MS))
}
