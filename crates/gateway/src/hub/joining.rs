//! Bringing members up to date: the part of the relay that lets joiners in and refills members who
//! were behind (P6, P10). Both are a read of the log and a splice with what was relayed meanwhile.

use std::time::Duration;

use roomcast_broker::BrokerError;
use roomcast_protocol::{RoomName, SessionId, Since};
use tokio::time::Instant;

use super::admission;
use super::order::JoinRequest;
use super::reading::{self, Done};
use super::relay::{Relay, retry_delay};
use super::room::{Phase, Refill, Room};
use crate::gate::refusal_of;

/// How often a client's word may put one room into a new epoch.
const FENCE_EVERY: Duration = Duration::from_secs(10);

impl Relay {
    pub(super) fn join(&mut self, request: JoinRequest) {
        let Some(room) = self.rooms.get_mut(&request.room) else {
            let name = request.room.clone();
            let mut room = Room::opening(name.clone());
            room.waiting.push(request);
            self.rooms.insert(name.clone(), Box::new(room));
            self.open(name);
            return;
        };
        room.empty_since = None;
        match room.phase {
            Phase::Live | Phase::Repairing => self.admit(request),
            Phase::Opening | Phase::Closing => room.waiting.push(request),
        }
    }

    pub(super) fn admit_waiting(&mut self, name: &RoomName) {
        let Some(room) = self.rooms.get_mut(name) else {
            return;
        };
        for request in std::mem::take(&mut room.waiting) {
            self.admit(request);
        }
    }

    /// Reads what a joiner gets.
    pub(super) fn admit(&mut self, request: JoinRequest) {
        let Some(room) = self.rooms.get_mut(&request.room) else {
            return;
        };
        if let (Some(revision), Some(company)) = (request.revision, &mut room.company)
            && !company.roster.includes(revision)
        {
            // What let it in is on its way here, or will be found at the next pulse.
            company.expected.push(request);
            let name = room.name.clone();
            self.stir(&name);
            return;
        }
        let Some(known) = room.known() else { return };
        room.read_begins(None);
        let may_fence = room.fenced_at.is_none_or(|at| at.elapsed() >= FENCE_EVERY);
        let (broker, messages_max) = (self.broker.clone(), self.limits.join_messages_max);
        self.reads.push(Box::pin(async move {
            let welcome =
                reading::welcome(&*broker, &request, known, messages_max, may_fence).await;
            Done::Admitted(request, welcome)
        }));
    }

    pub(super) fn admitted(
        &mut self,
        request: JoinRequest,
        welcome: Result<reading::Welcome, BrokerError>,
    ) {
        let Some(room) = self.rooms.get_mut(&request.room) else {
            return;
        };
        room.read_ends(request.session);
        let (name, session) = (room.name.clone(), request.session);
        if let Some(refusal) = self.removed.refusal(&request) {
            let _ = request.done.send(Err(refusal));
            room.forget_recent();
            return;
        }
        match welcome {
            Err(error) => drop(request.done.send(Err(refusal_of(&error)))),
            Ok(welcome) => {
                if welcome.onward.fenced {
                    room.fenced_at = Some(Instant::now());
                }
                let epoch = room.since().map(|since| since.epoch);
                if epoch != Some(welcome.onward.head.epoch) {
                    // The log has moved on to another epoch: the relay first, then the joiner.
                    room.waiting.push(request);
                    self.repair(&name, Duration::ZERO);
                } else {
                    let (fading, asked_at) = (welcome.onward.fading, request.asked_at);
                    admission::admit(room, request, welcome, &self.limits, &self.metrics);
                    self.catch_up(&name, session);
                    self.doubt_joiner(&name, asked_at);
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

    /// Reads what a member who is behind gets next, after `delay`, unless that is under way.
    pub(super) fn refill(&mut self, name: &RoomName, session: SessionId, delay: Duration) {
        let Some(room) = self.rooms.get_mut(name) else {
            return;
        };
        let Some(known) = room.known() else { return };
        let Some(member) = room.members.one(session) else {
            return;
        };
        if member.live || member.reading {
            return;
        }
        let since = Since {
            epoch: known.since.epoch,
            seq: member.told,
            id: None,
        };
        room.read_begins(Some(session));
        let (broker, name) = (self.broker.clone(), name.clone());
        self.reads.push(Box::pin(async move {
            let onward = reading::refill(&*broker, &name, since, known, delay).await;
            Done::Refilled(name, session, onward)
        }));
    }

    pub(super) fn refilled(
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
            Ok(onward) => match room.refill(session, &onward) {
                Refill::Told => self.catch_up(name, session),
                Refill::Full => {}
                Refill::OtherEpoch => self.repair(name, Duration::ZERO),
                // The log has forgotten what the relay told: that is for the relay to find out.
                Refill::Nothing => {
                    self.repair(name, Duration::ZERO);
                    self.refill(name, session, retry_delay());
                }
            },
            Err(error) => {
                tracing::debug!(room = %name, %error, "a member could not be refilled");
                self.refill(name, session, retry_delay());
            }
        }
        if let Some(room) = self.rooms.get_mut(name) {
            room.forget_recent();
        }
    }

    /// Makes a member live, or reads on for it.
    pub(super) fn catch_up(&mut self, name: &RoomName, session: SessionId) {
        let Some(room) = self.rooms.get_mut(name) else {
            return;
        };
        if room.catch_up(session).is_some() {
            self.refill(name, session, Duration::ZERO);
        }
    }
}
