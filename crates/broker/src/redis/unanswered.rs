//! What a subscribe link has sent and not yet been answered, in order: pure.
//!
//! Redis answers a link's commands in their order, but pushes have no number: by this order one knows
//! which command was refused, and which channel Redis has dropped of its own accord.

use std::collections::VecDeque;

use roomcast_protocol::RoomName;

/// One command.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// The node's own channel.
    Probe,
    /// These rooms, so many of which are answered.
    Subscribe(Vec<RoomName>, usize),
    /// A room is left.
    Unsubscribe(RoomName),
    /// A sign of life.
    Ping,
}

#[derive(Default)]
pub(super) struct Unanswered(VecDeque<Sent>);

impl Unanswered {
    pub(super) fn sent(&mut self, command: Sent) {
        self.0.push_back(command);
    }

    /// A channel was subscribed to.
    pub(super) fn subscribed(&mut self) {
        let is_whole = match self.0.front_mut() {
            Some(Sent::Probe) => true,
            Some(Sent::Subscribe(rooms, answered)) => {
                *answered += 1;
                *answered >= rooms.len()
            }
            Some(Sent::Unsubscribe(_) | Sent::Ping) | None => false,
        };
        if is_whole {
            self.0.pop_front();
        }
    }

    /// A room's subscription ended. Whether that is the answer to a command.
    pub(super) fn unsubscribed(&mut self, room: &RoomName) -> bool {
        let asked = matches!(self.0.front(), Some(Sent::Unsubscribe(left)) if left == room);
        if asked {
            self.0.pop_front();
        }
        asked
    }

    /// An answer came that is no push. Whether it is a sign of life that was asked for.
    pub(super) fn answered(&mut self) -> bool {
        let is_ping = self.0.front() == Some(&Sent::Ping);
        if is_ping {
            self.0.pop_front();
        }
        is_ping
    }

    /// A command was refused: which.
    pub(super) fn refused(&mut self) -> Option<Sent> {
        self.0.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(name: &str) -> RoomName {
        name.parse().unwrap()
    }

    #[test]
    fn a_refusal_is_of_the_command_that_is_to_be_answered_next() {
        let mut unanswered = Unanswered::default();
        let both = || vec![room("a"), room("b")];
        unanswered.sent(Sent::Probe);
        unanswered.sent(Sent::Subscribe(both(), 0));
        unanswered.sent(Sent::Ping);
        unanswered.sent(Sent::Subscribe(both(), 0));
        for _ in 0..3 {
            unanswered.subscribed();
        }
        assert!(unanswered.answered());
        assert_eq!(unanswered.refused(), Some(Sent::Subscribe(both(), 0)));
        assert_eq!(unanswered.refused(), None);
    }

    #[test]
    fn a_subscription_that_ends_unasked_is_told_from_one_that_was_ended() {
        let mut unanswered = Unanswered::default();
        assert!(!unanswered.unsubscribed(&room("a")));
        unanswered.sent(Sent::Unsubscribe(room("a")));
        assert!(!unanswered.unsubscribed(&room("b")));
        assert!(unanswered.unsubscribed(&room("a")));
    }
}
