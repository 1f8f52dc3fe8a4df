//! When what must have happened in a conversation, and what follows if it has not.

use std::task::Context;
use std::time::Duration;

use roomcast_protocol::CloseCode;
use roomcast_socket::Overdue;

use super::{Conversation, End, Phase};
use crate::socket::Sockets;
use crate::socket::party::Party;
use crate::socket::wheel::{SPAN_MS, Seat};

/// A time that never comes.
const NEVER_MS: u64 = u64::MAX;

/// The deadlines of a conversation, in milliseconds of the node's wheel.
pub(super) struct Clock {
    seat: Seat,
    /// When the seat will wake us: nothing is due before that, unless it has changed.
    armed_ms: u64,
    changed: bool,
    /// The last sign of life.
    heard_ms: u64,
    /// When the next ping is due.
    beat_ms: u64,
    /// Since when the socket takes nothing.
    stalled_ms: Option<u64>,
    /// When what the client came with runs out.
    expires_ms: u64,
    /// Until when nothing is taken from the client.
    throttled_ms: u64,
    /// When patience with the end is over.
    part_ms: u64,
}

impl Clock {
    pub(super) fn new(sockets: &Sockets, time_left: Option<Duration>) -> Self {
        let now_ms = sockets.wheel.now_ms();
        let mut clock = Self {
            seat: sockets.wheel.seat(),
            armed_ms: 0,
            changed: true,
            heard_ms: now_ms,
            // At random, so that sessions that came together don't beat together.
            beat_ms: now_ms + rand::random_range(0..sockets.heartbeat_ms),
            stalled_ms: None,
            expires_ms: NEVER_MS,
            throttled_ms: 0,
            part_ms: NEVER_MS,
        };
        clock.lasts(sockets, time_left);
        clock
    }

    /// Whether it is worth looking. Most polls are deliveries, and cost no more than this.
    pub(super) fn is_something_due(&self, sockets: &Sockets) -> bool {
        sockets.wheel.coarse_ms() >= self.armed_ms
    }

    /// Whether the seat does not know when to wake us.
    pub(super) fn must_arm(&self, sockets: &Sockets) -> bool {
        self.changed || self.is_something_due(sockets)
    }

    /// The client has said something, or could not, since we don't read.
    pub(super) fn hears(&mut self, sockets: &Sockets) {
        self.heard_ms = sockets.wheel.coarse_ms();
        // What it said may have begun what must end.
        self.changed = true;
    }

    /// The socket takes nothing more for now.
    pub(super) fn stalls(&mut self, sockets: &Sockets) {
        if self.stalled_ms.is_none() {
            self.stalled_ms = Some(sockets.wheel.coarse_ms());
            self.changed = true;
        }
    }

    /// The socket has taken something.
    pub(super) fn wrote(&mut self) {
        self.stalled_ms = None;
    }

    /// Nothing is to be taken from the client until then.
    pub(super) fn throttle(&mut self, until_ms: u64) {
        self.throttled_ms = until_ms;
        self.changed = true;
    }

    pub(super) fn is_throttled(&self, sockets: &Sockets) -> bool {
        self.throttled_ms > sockets.wheel.coarse_ms()
    }

    /// What the client came with, or has brought since, lasts so long.
    pub(super) fn lasts(&mut self, sockets: &Sockets, time_left: Option<Duration>) {
        self.expires_ms = time_left.map_or(NEVER_MS, |left| {
            let left_ms = u64::try_from(left.as_millis()).unwrap_or(NEVER_MS);
            sockets.wheel.now_ms().saturating_add(left_ms)
        });
        self.changed = true;
    }

    /// The end has begun.
    pub(super) fn part_soon(&mut self, sockets: &Sockets) {
        let now_ms = sockets.wheel.coarse_ms();
        self.part_ms = now_ms.saturating_add(sockets.limits.close_ms_max);
        self.changed = true;
    }

    fn stuck_ms(&self, sockets: &Sockets) -> u64 {
        self.stalled_ms
            .map_or(NEVER_MS, |since| since + sockets.write_stall_ms)
    }

    fn silent_ms(&self, sockets: &Sockets) -> u64 {
        self.heard_ms + 2 * sockets.heartbeat_ms
    }
}

impl<P: Party> Conversation<P> {
    /// Does what is due; the end of it all, if that is.
    pub(super) fn look_at_the_clock(&mut self) -> Option<End> {
        let sockets = self.sockets.clone();
        let now_ms = sockets.wheel.coarse_ms();
        let is_over = now_ms >= self.clock.part_ms;
        match self.phase {
            Phase::Leaving(end) | Phase::Parting(end) => return is_over.then_some(end),
            Phase::Ending(code) if is_over => {
                self.close(code);
                return None;
            }
            Phase::Ending(_) => {}
            Phase::Open => {
                if let Some(Overdue::Message(broken)) = self.machine.overdue(now_ms) {
                    self.leave(End::Broken(broken.violation), broken.answer);
                    return None;
                }
                if now_ms >= self.clock.expires_ms {
                    self.end_with(CloseCode::TokenExpired);
                }
            }
        }
        if now_ms >= self.clock.stuck_ms(&sockets) {
            self.close(CloseCode::Stuck);
        } else if now_ms >= self.clock.silent_ms(&sockets) {
            self.close(CloseCode::NoPong);
        } else if now_ms >= self.clock.beat_ms {
            self.clock.beat_ms = now_ms + sockets.heartbeat_ms;
            // One that waits to be written would have to wait anyway.
            if self.writer.is_empty() {
                let ping = self.machine.ping(b"");
                ping.map(|frame| self.writer.push_own(frame));
            }
        }
        None
    }

    /// Asks to be woken when the next thing is due.
    pub(super) fn arm(&mut self, context: &Context<'_>) {
        let (sockets, clock) = (&self.sockets, &self.clock);
        let now_ms = sockets.wheel.coarse_ms();
        let due_ms = match self.phase {
            Phase::Leaving(_) | Phase::Parting(_) => clock.part_ms,
            Phase::Open | Phase::Ending(_) => {
                let throttled_ms = match clock.throttled_ms {
                    past if past <= now_ms => NEVER_MS,
                    until_ms => until_ms,
                };
                [
                    self.machine.deadline_ms().unwrap_or(NEVER_MS),
                    clock.stuck_ms(sockets),
                    clock.silent_ms(sockets),
                    clock.beat_ms,
                    clock.expires_ms,
                    throttled_ms,
                    clock.part_ms,
                ]
                .into_iter()
                .fold(NEVER_MS, u64::min)
            }
        };
        // What is armed already will do, if it lies ahead and not too late.
        let due_ms = due_ms.min(now_ms + SPAN_MS);
        if due_ms < clock.armed_ms || clock.armed_ms <= now_ms {
            clock.seat.wake_at(due_ms, context.waker());
            self.clock.armed_ms = due_ms;
        }
        self.clock.changed = false;
    }
}
