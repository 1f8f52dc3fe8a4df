//! The relay of one shard of rooms: one task, sole owner of its rooms, hence no lock.
//!
//! It takes what the feed tells, compares it with each room's cursor, and repairs a hole from the log
//! before any member sees it (P2). It subscribes, reads and splices for joiners, refills members who
//! were behind, and looks at every room after an interruption (P7).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use roomcast_broker::{Broker, Feed, FeedEvent};
use roomcast_presence::Presence;
use roomcast_protocol::{RoomName, UserId};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use super::order::Order;
use super::reading::Done;
use super::removed::Removed;
use super::room::{Room, Verdict};
use super::shards::Shards;
use crate::limits::Limits;
use crate::metrics::Metrics;

/// How often rooms nobody is in are looked for.
const SWEEP_EVERY: Duration = Duration::from_millis(500);
/// How long to wait before a failed read is tried again: drawn at random up to this.
const RETRY_MAX_MS: u64 = 1_000;

pub(super) struct Relay {
    pub(super) broker: Arc<dyn Broker>,
    pub(super) presence: Arc<dyn Presence>,
    pub(super) limits: Limits,
    pub(super) metrics: Arc<Metrics>,
    /// Boxed: half of a table's places are empty, and a room is large.
    pub(super) rooms: HashMap<RoomName, Box<Room>>,
    /// At most two a room, one a joiner and one a member who is behind, and what orders need.
    pub(super) reads: FuturesUnordered<BoxFuture<'static, Done>>,
    pub(super) siblings: Shards,
    /// Rooms that the next pulse looks at.
    pub(super) stirred: HashSet<RoomName>,
    /// Rooms that presence is being asked about.
    pub(super) asks: usize,
    pub(super) removed: Removed,
    /// Users to whose inboxes orders may have been sent that nobody here heard.
    pub(super) unheard: HashSet<UserId>,
    /// Routine looks at all rooms so far.
    pub(super) looks: u32,
}

impl Relay {
    /// Runs until the hub or the broker is dropped.
    pub(super) async fn run(mut self, mut feed: Feed, mut orders: mpsc::Receiver<Order>) {
        let mut sweep = interval(SWEEP_EVERY);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut sync = interval(Duration::from_millis(self.limits.sync_ms));
        sync.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut pulse = interval(Duration::from_millis(self.limits.presence_every_ms));
        pulse.set_missed_tick_behavior(MissedTickBehavior::Delay);
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
                _ = pulse.tick() => self.pulse(),
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
            FeedEvent::Signal(signal) => self.hear_signal(signal),
            FeedEvent::Fenced(room) => self.repair(&room, Duration::ZERO),
            FeedEvent::Doubted(room) => self.doubt(&room),
            FeedEvent::Interrupted => {
                self.reconcile();
                self.doubt_everybody();
            }
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Join(request) => self.join(request),
            Order::Leave {
                room,
                session,
                done,
            } => {
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.members.remove(session);
                    room.waiting.retain(|request| request.session != session);
                }
                // Nobody waits where the session has ended.
                let _ = done.send(());
            }
            Order::TakeOut {
                room,
                user,
                banned_until_ms,
            } => self.take_out(room, user, banned_until_ms),
            Order::CheckBans(users) => self.check_bans(&users),
            Order::Who(request) => self.who(request),
            Order::Refill { room, session } => self.refill(&room, session, Duration::ZERO),
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
                self.ask_presence(&room, Duration::ZERO);
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
            Done::People(name, people, checked_bans) => {
                self.presence_answered(&name, people, checked_bans);
            }
            Done::Nothing => {}
        }
    }
}

pub(super) fn retry_delay() -> Duration {
    Duration::from_millis(rand::random_range(50..=RETRY_MAX_MS))
}
