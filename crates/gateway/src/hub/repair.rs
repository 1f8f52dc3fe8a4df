//! Keeping rooms true to their log: the part of the relay that reads how a room goes on, when a hole,
//! an interruption or a routine look says that something may have been missed (P2, P7, P8).

use std::time::Duration;

use roomcast_protocol::RoomName;

use super::reading::{self, Done};
use super::relay::Relay;
use super::room::{Phase, Room, Verdict};

/// Rooms looked at in one read.
const ROOMS_PER_READ: usize = 100;
/// Inboxes are many and quiet: they are looked at every so many times, and then who is in the others
/// is asked for as well.
const LOOKS_PER_INBOX_LOOK: u32 = 10;

impl Relay {
    /// Starts reading how a room goes on, unless that is under way.
    pub(super) fn repair(&mut self, name: &RoomName, delay: Duration) {
        let Some(room) = self.rooms.get_mut(name) else {
            return;
        };
        match room.phase {
            Phase::Live => self.repair_again(name, delay),
            Phase::Opening | Phase::Repairing => room.repair_again = true,
            Phase::Closing => {}
        }
    }

    pub(super) fn repair_again(&mut self, name: &RoomName, delay: Duration) {
        let room = self.rooms.get_mut(name);
        let Some(from) = room.and_then(|room| room.repair_begins()) else {
            return;
        };
        self.metrics.repairs.inc();
        let (broker, name) = (self.broker.clone(), name.clone());
        self.reads.push(Box::pin(async move {
            let onward = reading::repair(&*broker, &name, from, delay).await;
            Done::Repaired(name, onward)
        }));
    }

    pub(super) fn repaired(&mut self, name: &RoomName, onward: reading::Onward) {
        let Some(room) = self.rooms.get_mut(name) else {
            return;
        };
        let fading = onward.fading;
        let verdict = room.repaired(onward, &self.metrics, self.tracer.as_ref());
        if fading {
            self.renew(name.clone());
        }
        match verdict {
            Verdict::MustRepair => self.repair_again(name, Duration::ZERO),
            Verdict::Fine => self.admit_waiting(name),
        }
    }

    /// After an interruption: every room is compared with its log, many in one read.
    pub(super) fn reconcile(&mut self) {
        let mut wanted = Vec::new();
        for room in self.rooms.values_mut() {
            match room.phase {
                Phase::Live => {
                    if let Some(known) = room.repair_begins() {
                        wanted.push((room.name.clone(), known));
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
    pub(super) fn look_at_all(&mut self) {
        self.looks = self.looks.wrapping_add(1);
        let all = self.looks.is_multiple_of(LOOKS_PER_INBOX_LOOK);
        let is_due = |room: &Room| room.phase == Phase::Live && (all || !room.name.is_inbox());
        let live = self.rooms.values().filter(|room| is_due(room));
        let wanted: Vec<_> = live
            .filter_map(|room| Some((room.name.clone(), room.since()?)))
            .collect();
        if all {
            self.look_at_everybody();
        }
        for rooms in wanted.chunks(ROOMS_PER_READ) {
            let (broker, rooms) = (self.broker.clone(), rooms.to_vec());
            self.reads.push(Box::pin(async move {
                Done::Suspects(reading::suspects(&*broker, rooms).await)
            }));
        }
    }

    pub(super) fn renew(&mut self, name: RoomName) {
        let broker = self.broker.clone();
        self.reads.push(Box::pin(async move {
            // If it fails, the next look at the room tries again.
            let _ = broker.open(&name, None).await;
            Done::Nothing
        }));
    }
}
