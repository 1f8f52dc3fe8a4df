//! What a client sends: what is due by its schedule, joins, messages and their retries.
//!
//! Keeps true: a message is noted before it goes out, at each try; it goes out only where the client is
//! in the room.

use roomcast_protocol::{
    ClientFrame, Direct, IdempotencyKey, Join, JoinRoom, Json, Read, RequestId, RoomName, Say,
    TypingNow, UserId,
};

use super::habit::Deed;
use super::member::{Member, Open};
use super::pending::{Pending, To};
use super::seat::{Phase, place};
use crate::ledger::record::Record;
use crate::payload::{self, Said};

/// A client that is far behind its schedule lets others have a turn, and is told what comes in.
const DEEDS_AT_ONCE_MAX: usize = 64;
/// Rooms in one `join`.
const ROOMS_PER_JOIN_MAX: usize = 32;

impl Member {
    /// Does everything that is due by now. Frames to be written are in `out` afterwards.
    pub(crate) fn pump(&mut self, now_us: u64) {
        self.follow_schedule(now_us);
        let Some(open) = self.open else { return };
        if self.has_seats_to_take {
            self.join(open, now_us);
        }
        if !self.pending.is_empty() {
            self.send(now_us);
        }
        self.look_up(now_us);
    }

    /// When something is due next, if nothing comes in.
    pub(crate) fn wake_us(&self) -> Option<u64> {
        let joins = self.seats.iter().filter_map(|seat| match seat.phase {
            Phase::Out { not_before_us } if self.has_seats_to_take => Some(not_before_us),
            _ => None,
        });
        let tries = self.pending.iter();
        let tries = tries
            .filter(|pending| self.may_send(pending))
            .map(|pending| pending.wake_us(self.crew.patience));
        let times = [
            self.schedule.next_us(),
            self.lookups.wake_us(),
            self.move_at_us,
        ];
        times.into_iter().flatten().chain(joins).chain(tries).min()
    }

    /// Since when an answer to `join` is awaited.
    pub(crate) fn waits_since_us(&self) -> Option<u64> {
        if !self.has_seats_to_take {
            return None;
        }
        let asked = self.seats.iter().filter_map(|seat| match seat.phase {
            Phase::Asked { at_us, .. } => Some(at_us),
            Phase::Expected { at_us, resumes } => resumes.then_some(at_us),
            Phase::Out { .. } | Phase::In | Phase::Barred => None,
        });
        asked.min()
    }

    fn follow_schedule(&mut self, now_us: u64) {
        let rooms = self.inbox.unwrap_or(self.seats.len());
        let clients = self.crew.load.clients;
        for _ in 0..DEEDS_AT_ONCE_MAX {
            let Some(deeds) = self.schedule.take(now_us, rooms, clients, &mut self.dice) else {
                break;
            };
            for deed in deeds.into_iter().flatten() {
                match deed {
                    Deed::Say { to, due_us } => self.plan_to_say(to, due_us),
                    Deed::Type { seat } => self.type_in(seat),
                    Deed::Read { seat } => self.tell_read(seat),
                    Deed::Reload => self.reloads = self.open.is_some(),
                }
            }
        }
    }

    fn plan_to_say(&mut self, to: To, due_us: u64) {
        let mut tally = self.crew.tally();
        tally.counted.due += 1;
        if self.pending.len() >= self.crew.load.waiting_max {
            tally.counted.held_back += 1;
            return;
        }
        tally.waiting += 1;
        drop(tally);
        self.pending.push(Pending::new(self.said, to, due_us));
        self.said += 1;
    }

    fn type_in(&mut self, seat: usize) {
        let seat = &self.seats[seat];
        if self.open.is_some() && seat.phase == Phase::In {
            self.out.push(ClientFrame::Typing(TypingNow {
                room: seat.room.clone(),
                typing: true,
            }));
        }
    }

    fn tell_read(&mut self, seat: usize) {
        let seat = &mut self.seats[seat];
        let Some(at) = seat.position() else { return };
        if self.open.is_some() && seat.phase == Phase::In && at.seq > seat.read {
            seat.read = at.seq;
            self.out.push(ClientFrame::Read(Read {
                id: None,
                room: seat.room.clone(),
                seq: at.seq,
            }));
        }
    }

    fn join(&mut self, open: Open, now_us: u64) {
        let is_due =
            |phase: Phase| matches!(phase, Phase::Out { not_before_us } if not_before_us <= now_us);
        let due: Vec<usize> = (0..self.seats.len())
            .filter(|seat| is_due(self.seats[*seat].phase))
            .collect();
        for seats in due.chunks(ROOMS_PER_JOIN_MAX) {
            let id = self.request();
            let mut rooms = Vec::with_capacity(seats.len());
            for index in seats {
                let seat = &mut self.seats[*index];
                let since = seat.since();
                let record = Record::JoinAsked {
                    session: open.session,
                    room: seat.name,
                    since: since.map(|since| place(since.epoch, since.seq)),
                };
                seat.phase = Phase::Asked {
                    id,
                    at_us: now_us,
                    resumes: since.is_some(),
                };
                rooms.push(JoinRoom {
                    room: seat.room.clone(),
                    since,
                    history: None,
                });
                self.crew.ledger.note(now_us, &record);
            }
            let id = RequestId::Number(id);
            self.out.push(ClientFrame::Join(Join { id, rooms }));
        }
        self.has_seats_to_take = self.seats.iter().any(|seat| !seat.phase.is_settled());
    }

    fn may_send(&self, pending: &Pending) -> bool {
        self.open.is_some()
            && match pending.to {
                To::Room(seat) => self.seats[seat].phase == Phase::In,
                To::Client(_) => true,
            }
    }

    fn send(&mut self, now_us: u64) {
        let patience = self.crew.patience;
        for index in (0..self.pending.len()).rev() {
            let pending = self.pending[index];
            if pending.is_over(now_us, patience) {
                let said = self.said(pending.number);
                let room = self.name_of(pending.to);
                self.note(now_us, &Record::Unanswered { said, room });
                self.drop_pending(index);
            }
        }
        for index in 0..self.pending.len() {
            let pending = self.pending[index];
            if !self.may_send(&pending) || !pending.is_due(now_us, patience) {
                continue;
            }
            // What can't be said is no message: the run's own names make rooms and keys.
            let Some(frame) = self.frame(&pending, now_us) else {
                continue;
            };
            self.out.push(frame);
            let pending = &mut self.pending[index];
            pending.first_us.get_or_insert(now_us);
            pending.sent_us = Some(now_us);
        }
    }

    /// The frame that says a message, which is noted.
    fn frame(&self, pending: &Pending, now_us: u64) -> Option<ClientFrame> {
        let said = self.said(pending.number);
        let load = &self.crew.load;
        let key = format!("{}-{:x}-{:x}", load.run, said.client, said.number);
        let record = Record::Sent {
            said,
            room: self.name_of(pending.to),
            key: Some(payload::key_hash(&key)),
            scheduled_us: pending.due_us,
        };
        let key: Option<IdempotencyKey> = Some(key.parse().ok()?);
        let id = RequestId::Number(u64::from(pending.number));
        let data = Json::parse(pending.due_us.to_string());
        let frame = match pending.to {
            To::Room(seat) => {
                let room = self.seats[seat].room.clone();
                let message = payload::text(room.as_str(), said, load.filler_bytes);
                ClientFrame::Chat(Say {
                    id,
                    room,
                    message,
                    data,
                    key,
                })
            }
            To::Client(client) => {
                let to: UserId = load.user(client).parse().ok()?;
                let inbox = RoomName::inbox(&to);
                let message = payload::text(inbox.as_str(), said, load.filler_bytes);
                ClientFrame::Direct(Direct {
                    id,
                    to,
                    message,
                    data,
                    key,
                })
            }
        };
        self.note(now_us, &record);
        self.crew.tally().counted.sent += 1;
        Some(frame)
    }

    /// Takes a message out that has been answered.
    pub(crate) fn take_pending(&mut self, number: u32) -> Option<Pending> {
        let index = self.pending.iter().position(|one| one.number == number)?;
        Some(self.drop_pending(index))
    }

    fn drop_pending(&mut self, index: usize) -> Pending {
        let mut tally = self.crew.tally();
        tally.waiting = tally.waiting.saturating_sub(1);
        drop(tally);
        self.pending.remove(index)
    }

    fn said(&self, number: u32) -> Said {
        Said {
            client: self.number,
            number,
        }
    }
}
