//! Messages that have no ack yet, in the order they were given.
//!
//! Keeps true: a message is sent again with the key it was first sent with, and only while that
//! key makes it safe; of each room at most so many are on their way; one that was refused for a
//! while holds back those behind it in its room. Bounded; when full, the caller is told.

use std::collections::{HashMap, VecDeque};

use roomcast_protocol::{ClientFrame, RequestId, RoomName, WireLimits};

use crate::error::Error;
use crate::state::action::Ticket;
use crate::state::size::too_large;

/// What bounds the outbox and its patience.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutboxLimits {
    pub(crate) messages_max: usize,
    pub(crate) in_flight_room_max: usize,
    pub(crate) response_timeout_ms: u64,
    pub(crate) key_window_ms: u64,
}

#[derive(Debug)]
pub(crate) struct Outbox {
    limits: OutboxLimits,
    entries: VecDeque<Entry>,
}

/// One message on its way.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) ticket: Ticket,
    /// The same in every attempt: whichever is acked first, it is acked.
    pub(crate) id: RequestId,
    pub(crate) room: RoomName,
    pub(crate) frame: ClientFrame,
    pub(crate) deadline_at_ms: Option<u64>,
    /// When the first attempt of unknown outcome began.
    unknown_since_ms: Option<u64>,
    leg: Leg,
}

#[derive(Clone, Copy, Debug)]
enum Leg {
    Waiting { not_before_ms: u64 },
    Sent { at_ms: u64 },
}

impl Entry {
    pub(crate) fn new(
        ticket: Ticket,
        id: RequestId,
        room: RoomName,
        frame: ClientFrame,
        deadline_at_ms: Option<u64>,
    ) -> Self {
        Self {
            ticket,
            id,
            room,
            frame,
            deadline_at_ms,
            unknown_since_ms: None,
            leg: Leg::Waiting { not_before_ms: 0 },
        }
    }

    fn gives_up_at_ms(&self, key_window_ms: u64) -> Option<u64> {
        let window = self
            .unknown_since_ms
            .map(|at| at.saturating_add(key_window_ms));
        [self.deadline_at_ms, window].into_iter().flatten().min()
    }
}

impl Outbox {
    pub(crate) fn new(limits: OutboxLimits) -> Self {
        Self {
            limits,
            entries: VecDeque::new(),
        }
    }

    /// Takes in a message.
    pub(crate) fn push(&mut self, entry: Entry) -> Result<(), Error> {
        let max = self.limits.messages_max;
        if self.entries.len() >= max {
            return Err(Error::OutboxFull { max });
        }
        self.entries.push_back(entry);
        Ok(())
    }

    /// The frames to send now, in order. `is_open` says which rooms may be spoken to.
    pub(crate) fn ready(
        &mut self,
        now_ms: u64,
        is_open: impl Fn(&RoomName) -> bool,
    ) -> Vec<ClientFrame> {
        let OutboxLimits {
            in_flight_room_max,
            response_timeout_ms,
            ..
        } = self.limits;
        let mut frames = Vec::new();
        // Rooms by how many more may leave.
        let mut room_left: HashMap<&RoomName, usize> = HashMap::new();
        for entry in &mut self.entries {
            let left = room_left.entry(&entry.room).or_insert_with(|| {
                if is_open(&entry.room) {
                    in_flight_room_max
                } else {
                    0
                }
            });
            if *left == 0 {
                continue;
            }
            let is_due = match entry.leg {
                Leg::Sent { at_ms } => now_ms >= at_ms.saturating_add(response_timeout_ms),
                Leg::Waiting { not_before_ms } if not_before_ms > now_ms => {
                    *left = 0;
                    continue;
                }
                Leg::Waiting { .. } => true,
            };
            *left -= 1;
            if is_due {
                entry.leg = Leg::Sent { at_ms: now_ms };
                entry.unknown_since_ms.get_or_insert(now_ms);
                frames.push(entry.frame.clone());
            }
        }
        frames
    }

    /// The message with this id was acked, or refused for good: it is taken out.
    pub(crate) fn take(&mut self, id: &RequestId) -> Option<Entry> {
        let index = self.entries.iter().position(|entry| entry.id == *id)?;
        self.entries.remove(index)
    }

    /// Takes out those that the server at the other end would not take.
    pub(crate) fn take_oversized(&mut self, limits: &WireLimits) -> Vec<(Ticket, Error)> {
        let mut refused = Vec::new();
        self.entries.retain(|entry| {
            let error = too_large(&entry.frame, limits);
            let fits = error.is_none();
            refused.extend(error.map(|error| (entry.ticket, error)));
            fits
        });
        refused
    }

    /// The room of the message with this id.
    pub(crate) fn room_of(&self, id: &RequestId) -> Option<&RoomName> {
        let entry = self.entries.iter().find(|entry| entry.id == *id)?;
        Some(&entry.room)
    }

    /// The message with this id was refused for a while. `not_done`: for certain not said.
    pub(crate) fn put_off(&mut self, id: &RequestId, not_before_ms: u64, not_done: bool) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.id == *id) {
            entry.leg = Leg::Waiting { not_before_ms };
            if not_done {
                entry.unknown_since_ms = None;
            }
        }
    }

    /// What was on its way has to be sent again, on another connection.
    pub(crate) fn lost_link(&mut self) {
        for entry in &mut self.entries {
            entry.leg = Leg::Waiting { not_before_ms: 0 };
        }
    }

    /// Those whose time is over, with what is known about them.
    pub(crate) fn expire(&mut self, now_ms: u64) -> Vec<(Ticket, Error)> {
        let key_window_ms = self.limits.key_window_ms;
        let mut expired = Vec::new();
        self.entries.retain(|entry| {
            let is_over = entry
                .gives_up_at_ms(key_window_ms)
                .is_some_and(|at| now_ms >= at);
            if is_over {
                let error = match entry.unknown_since_ms {
                    Some(_) => Error::OutcomeUnknown,
                    None => Error::NotSent,
                };
                expired.push((entry.ticket, error));
            }
            !is_over
        });
        expired
    }

    /// Every time at which something may become due.
    pub(crate) fn times_ms(&self) -> impl Iterator<Item = u64> {
        self.entries.iter().flat_map(|entry| {
            let leg = match entry.leg {
                Leg::Waiting { not_before_ms } => not_before_ms,
                Leg::Sent { at_ms } => at_ms.saturating_add(self.limits.response_timeout_ms),
            };
            [Some(leg), entry.gives_up_at_ms(self.limits.key_window_ms)]
                .into_iter()
                .flatten()
        })
    }
}
