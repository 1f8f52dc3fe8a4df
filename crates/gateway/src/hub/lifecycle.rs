//! The life of a room on this node: the part of the relay that subscribes to it when somebody comes
//! and lets it go some time after the last one left.

use std::time::Duration;

use roomcast_broker::BrokerError;
use roomcast_protocol::RoomName;
use tokio::time::Instant;

use super::reading::{self, Done};
use super::relay::Relay;
use super::room::{Phase, Room};
use crate::gate::refusal_of;

impl Relay {
    pub(super) fn open(&mut self, name: RoomName) {
        let broker = self.broker.clone();
        self.reads.push(Box::pin(async move {
            let opened = reading::open(&*broker, &name).await;
            Done::Opened(name, opened)
        }));
    }

    /// A room could not be opened: whoever waits is told, and the wish is taken back.
    pub(super) fn give_up(&mut self, name: &RoomName, error: &BrokerError) {
        let Some(room) = self.rooms.get_mut(name) else {
            return;
        };
        for request in std::mem::take(&mut room.waiting) {
            let _ = request.done.send(Err(refusal_of(error)));
        }
        self.close(name.clone());
    }

    pub(super) fn close(&mut self, name: RoomName) {
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
    pub(super) fn closed(&mut self, name: RoomName) {
        let Some(room) = self.rooms.remove(&name) else {
            return;
        };
        if room.waiting.is_empty() {
            return;
        }
        let mut again = Room::opening(name.clone());
        again.waiting = room.waiting;
        self.rooms.insert(name.clone(), Box::new(again));
        self.open(name);
    }

    /// Lets rooms go that nobody has been in for a while.
    pub(super) fn sweep(&mut self) {
        let now = Instant::now();
        let linger = Duration::from_millis(self.limits.linger_ms);
        self.removed.forget();
        let mut quiet = Vec::new();
        for room in self.rooms.values_mut() {
            room.members.sweep();
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
