//! What is due in a conversation, and what follows from it.

use std::task::Context;

use roomcast_protocol::CloseCode;
use roomcast_socket::Overdue;

use super::clock::NEVER_MS;
use super::conversation::{Conversation, End, Phase};
use super::party::Party;
use super::wheel::SPAN_MS;

impl<P: Party> Conversation<P> {
    /// Does what is due; the end of it all, if that is.
    pub(super) fn look_at_the_clock(&mut self) -> Option<End> {
        let sockets = self.sockets.clone();
        let now_ms = sockets.wheel.coarse_ms();
        let is_over = now_ms >= self.clock.part_ms;
        match self.phase {
            Phase::Leaving(end) | Phase::Parting(end) => return is_over.then_some(end),
            Phase::Ending(code) if is_over => {
                self.close(&code.into());
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
            // A close would only wait behind what it does not take.
            return Some(End::Closed(CloseCode::Stuck));
        }
        if now_ms >= self.clock.silent_ms(&sockets) {
            self.close(&CloseCode::NoPong.into());
        } else if now_ms >= self.clock.beat_ms {
            self.clock.beat_ms = now_ms + sockets.heartbeat_ms;
            // One that waits to be written would have to wait anyway.
            if self.writer.is_empty() {
                let ping = self.machine.ping(b"");
                self.writer.push_own(ping);
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
