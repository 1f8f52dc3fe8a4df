//! Everything a client knows, without a socket and without a clock.
//!
//! Owns the rooms it means to be in, the messages without an ack, the requests without an answer,
//! and what follows from the passing of time. `ask` puts in what callers want, `hear` what the
//! server says; both hand in `now_ms` (milliseconds since the client began) and collect actions.
//! Leaves connecting, pinging and backing off to the task.

mod action;
mod outbox;
mod refused;
mod requests;
mod room;
mod seen;
mod size;

use std::collections::BTreeMap;

use roomcast_protocol::{
    ClientFrame, Connected, Join, Leave, RequestId, RoomName, Since, UserId, WireLimits,
};

pub(crate) use action::{Action, Ticket};
pub(crate) use outbox::{Entry, Outbox, OutboxLimits};
pub(crate) use refused::{Verdict, refused, verdict};
pub(crate) use requests::{Request, Requests};
pub(crate) use room::{Heard, Phase, Room};
pub(crate) use size::too_large;

use crate::command::Answer;
use crate::config::Config;
use crate::error::Error;
use crate::event::Event;

/// Rooms in one `join`: far below what a frame may hold, with the longest names.
const ROOMS_PER_JOIN_MAX: usize = 32;

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) limits: StateLimits,
    pub(crate) rooms: BTreeMap<RoomName, Room>,
    /// The user's own inbox, once the server has said who they are; then it is among `rooms`.
    pub(crate) inbox: Option<RoomName>,
    /// Where it is to be continued from, until it is among `rooms`.
    inbox_since: Option<Since>,
    pub(crate) outbox: Outbox,
    pub(crate) requests: Requests,
    pub(crate) is_live: bool,
    /// Before this, no `join` is sent: the last one was too fast.
    pub(crate) joins_not_before_ms: u64,
    /// Whether some room may not be in [`Phase::In`]; spares looking through all of them.
    pub(crate) has_unsettled_rooms: bool,
    /// What the last server we met takes.
    pub(crate) wire_limits: Option<WireLimits>,
    last_id: u64,
}

/// The bounds that the state itself keeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StateLimits {
    pub(crate) response_timeout_ms: u64,
    pub(crate) joins_in_flight_max: usize,
    pub(crate) seen_ids_max: usize,
}

impl State {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            limits: StateLimits {
                response_timeout_ms: config.response_timeout_ms,
                joins_in_flight_max: config.joins_in_flight_max,
                seen_ids_max: config.seen_ids_max,
            },
            rooms: BTreeMap::new(),
            inbox: None,
            inbox_since: config.inbox,
            outbox: Outbox::new(OutboxLimits {
                messages_max: config.outbox_max,
                in_flight_room_max: config.in_flight_room_max,
                response_timeout_ms: config.response_timeout_ms,
                key_window_ms: config.key_window_ms,
            }),
            requests: Requests::new(config.requests_max),
            is_live: false,
            joins_not_before_ms: 0,
            has_unsettled_rooms: false,
            wire_limits: None,
            last_id: 0,
        }
    }

    /// An id that no request of this client has had.
    pub(crate) fn next_id(&mut self) -> RequestId {
        self.last_id += 1;
        RequestId::Number(self.last_id)
    }

    /// A connection is up.
    pub(crate) fn opened(&mut self, connected: Connected, out: &mut Vec<Action>) {
        self.is_live = true;
        self.joins_not_before_ms = 0;
        self.wire_limits = Some(connected.limits);
        self.expect_inbox(&connected.user, out);
        let refused = self.outbox.take_oversized(&connected.limits);
        out.extend(
            refused
                .into_iter()
                .map(|(ticket, error)| Action::Answer(ticket, Err(error))),
        );
        out.push(Action::Tell(Event::Connected {
            session: connected.session,
            user: connected.user,
            node: connected.node,
            limits: connected.limits,
        }));
    }

    /// How far the inbox has come: what the next connection is to continue from.
    pub(crate) fn inbox_since(&self) -> Option<Since> {
        match &self.inbox {
            Some(name) => self.rooms.get(name).and_then(Room::since),
            None => self.inbox_since,
        }
    }

    /// Every session is in its own inbox without asking.
    fn expect_inbox(&mut self, user: &UserId, out: &mut Vec<Action>) {
        if (self.inbox.as_ref()).is_some_and(|name| name.is_inbox_of(user)) {
            return;
        }
        // A token may be another user's than the last one was.
        if let Some(former) = self.inbox.take() {
            self.rooms.remove(&former);
        }
        let name = RoomName::inbox(user);
        // It may have been joined by name before we knew that it is ours.
        let asked = self.rooms.remove(&name).and_then(|room| room.caller);
        out.extend(asked.map(|caller| Action::Answer(caller, Err(Error::AlreadyJoined))));
        let inbox = Room::inbox(self.inbox_since.take(), self.limits.seen_ids_max);
        self.rooms.insert(name.clone(), inbox);
        self.inbox = Some(name);
    }

    /// The connection is gone: everything is to be asked again on the next one.
    pub(crate) fn lost_link(&mut self, out: &mut Vec<Action>) {
        self.is_live = false;
        self.rooms.values_mut().for_each(Room::lost_link);
        self.has_unsettled_rooms = !self.rooms.is_empty();
        let left = self.requests.take_leaves();
        out.extend(left.into_iter().map(done));
        self.requests.lost_link();
        self.outbox.lost_link();
    }

    /// Does what is due: gives up on what is overdue, then sends what may be sent. To be called
    /// after everything that happened.
    pub(crate) fn pump(&mut self, now_ms: u64, out: &mut Vec<Action>) {
        let unsaid = self.outbox.expire(now_ms);
        out.extend(
            unsaid
                .into_iter()
                .map(|(ticket, error)| Action::Answer(ticket, Err(error))),
        );
        let unanswered = self.requests.expire(now_ms);
        out.extend(
            unanswered
                .into_iter()
                .map(|ticket| Action::Answer(ticket, Err(Error::NoAnswer))),
        );
        if !self.is_live {
            return;
        }
        self.join_rooms(now_ms, out);
        let rooms = &self.rooms;
        // One may speak where one is, and where one never meant to be: the server decides there.
        let is_open = |room: &RoomName| rooms.get(room).is_none_or(|room| room.phase == Phase::In);
        // A direct message to oneself waits for nothing either.
        let takes = |room: &RoomName| is_open(room) || self.inbox.as_ref() == Some(room);
        let requests = self.requests.ready(now_ms, is_open);
        let messages = self.outbox.ready(now_ms, takes);
        out.extend(requests.into_iter().chain(messages).map(Action::Send));
    }

    /// When to pump again if nothing happens before; always after `now_ms`, at which was pumped.
    pub(crate) fn wake_at_ms(&self, now_ms: u64) -> Option<u64> {
        let timeout_ms = self.limits.response_timeout_ms;
        let unsettled = self.has_unsettled_rooms.then(|| {
            self.rooms
                .values()
                .filter_map(move |room| match room.phase {
                    Phase::Out { not_before_ms, .. } => {
                        Some(not_before_ms.max(self.joins_not_before_ms))
                    }
                    Phase::Joining { asked_at_ms, .. } => {
                        Some(asked_at_ms.saturating_add(timeout_ms))
                    }
                    Phase::Expected | Phase::In => None,
                })
        });
        let waiting = self.outbox.times_ms().chain(self.requests.times_ms());
        let rooms = unsettled.into_iter().flatten();
        waiting.chain(rooms).filter(|at| *at > now_ms).min()
    }

    /// Sends `join` for the rooms that are out, many in a frame: after a reconnect, a frame a room
    /// would be more haste than a server allows.
    fn join_rooms(&mut self, now_ms: u64, out: &mut Vec<Action>) {
        if !self.has_unsettled_rooms {
            return;
        }
        let (joining, mut wanted) = self.look_for_unsettled_rooms(now_ms);
        let joins_max = self.limits.joins_in_flight_max;
        let free = joins_max.saturating_sub(joining);
        // Not one by one as answers come in.
        if now_ms < self.joins_not_before_ms || free < wanted.len().min(joins_max.div_ceil(2)) {
            return;
        }
        wanted.truncate(free);
        for name in &wanted {
            if self.rooms.get(name).is_some_and(Room::must_leave_first) {
                // Nobody waits for this answer; "not joined" would be as good as "ok".
                let (id, room) = (self.next_id(), name.clone());
                out.push(Action::Send(ClientFrame::Leave(Leave { id, room })));
            }
        }
        let is_alone = |name: &RoomName| self.rooms.get(name).is_some_and(|room| room.is_alone);
        let (alone, together): (Vec<_>, Vec<_>) = wanted.into_iter().partition(is_alone);
        for names in together.chunks(ROOMS_PER_JOIN_MAX).chain(alone.chunks(1)) {
            let id = self.next_id();
            let mut rooms = Vec::with_capacity(names.len());
            for name in names {
                if let Some(room) = self.rooms.get_mut(name) {
                    rooms.push(room.ask(name.clone(), id.clone(), now_ms));
                }
            }
            out.push(Action::Send(ClientFrame::Join(Join { id, rooms })));
        }
    }

    /// How many rooms are being joined, and which may be asked for now. An answer that doesn't
    /// come is not waited for any longer.
    fn look_for_unsettled_rooms(&mut self, now_ms: u64) -> (usize, Vec<RoomName>) {
        let timeout_ms = self.limits.response_timeout_ms;
        let (mut joining, mut wanted) = (0, Vec::new());
        self.has_unsettled_rooms = false;
        for (name, room) in &mut self.rooms {
            if let Phase::Joining { asked_at_ms, .. } = room.phase
                && now_ms >= asked_at_ms.saturating_add(timeout_ms)
            {
                room.rejoin(now_ms);
            }
            match room.phase {
                Phase::Expected | Phase::In => continue,
                Phase::Joining { .. } => joining += 1,
                Phase::Out { not_before_ms, .. } if not_before_ms <= now_ms => {
                    wanted.push(name.clone());
                }
                Phase::Out { .. } => {}
            }
            self.has_unsettled_rooms = true;
        }
        (joining, wanted)
    }
}

/// The request behind `ticket` is done, and there is nothing to say about it.
pub(crate) fn done(ticket: Ticket) -> Action {
    Action::Answer(ticket, Ok(Answer::Done))
}
