//! A client's messages that have no ack yet.
//!
//! Keeps true: a retry has the key and the text of the first try; no more wait than the load allows, and
//! none longer than its key is good for.

/// Where a message goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum To {
    /// A room of the client's, by its seat.
    Room(usize),
    /// Another client's user.
    Client(u32),
}

/// A message without an ack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Pending {
    /// Which of the client's.
    pub(crate) number: u32,
    pub(crate) to: To,
    /// When it was due, in µs of the run.
    pub(crate) due_us: u64,
    /// When it was first tried.
    pub(crate) first_us: Option<u64>,
    /// When it was last tried on this connection; none if it must be tried again.
    pub(crate) sent_us: Option<u64>,
    /// Not before this.
    pub(crate) not_before_us: u64,
    /// How often it was refused.
    pub(crate) refusals: u32,
}

/// After the first refusal that tells no time; each further one doubles it.
const AGAIN_US: u64 = 500_000;
const AGAIN_US_MAX: u64 = 8_000_000;

/// How long is waited for what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    pub(crate) answer_us: u64,
    pub(crate) key_window_us: u64,
}

impl Pending {
    pub(crate) fn new(number: u32, to: To, due_us: u64) -> Self {
        Self {
            number,
            to,
            due_us,
            first_us: None,
            sent_us: None,
            not_before_us: 0,
            refusals: 0,
        }
    }

    /// It was refused for a while: `told_us`, if the server said so. After that, or if it did not, for longer
    /// each time, and spread by `dice`, or many that wait would keep a store from its feet.
    pub(crate) fn put_off(&mut self, now_us: u64, told_us: Option<u64>, dice: u64) {
        let doubled = AGAIN_US << self.refusals.min(4);
        let ceiling_us = doubled.min(AGAIN_US_MAX);
        let drawn_us = ceiling_us / 2 + dice % (ceiling_us / 2);
        let least_us = if told_us.is_some() && self.refusals == 0 {
            0
        } else {
            drawn_us
        };
        self.refusals = self.refusals.saturating_add(1);
        self.sent_us = None;
        self.not_before_us = now_us.saturating_add(told_us.unwrap_or(0).max(least_us));
    }

    /// When it has to be looked at again.
    pub(crate) fn wake_us(&self, patience: Patience) -> u64 {
        self.sent_us.map_or(self.not_before_us, |sent| {
            sent.saturating_add(patience.answer_us)
        })
    }

    /// Whether it has to be sent now.
    pub(crate) fn is_due(&self, now_us: u64, patience: Patience) -> bool {
        now_us >= self.wake_us(patience)
    }

    /// Whether a further try could say it twice.
    pub(crate) fn is_over(&self, now_us: u64, patience: Patience) -> bool {
        self.first_us
            .is_some_and(|first| now_us >= first.saturating_add(patience.key_window_us))
    }
}

#[cfg(test)]
mod tests {
    use super::{AGAIN_US_MAX, Patience, Pending, To};

    #[test]
    fn refusals_in_a_row_put_a_message_off_for_longer_unless_the_server_says_how_long() {
        let mut pending = Pending::new(1, To::Room(0), 5);
        let mut waits = Vec::new();
        for _ in 0..8 {
            pending.put_off(100, None, 0);
            waits.push(pending.not_before_us - 100);
        }
        assert!(waits.is_sorted() && waits[4] > 8 * waits[0], "{waits:?}");
        assert!(waits[7] <= AGAIN_US_MAX);
        let mut told = Pending::new(2, To::Room(0), 5);
        told.put_off(100, Some(7), 0);
        assert_eq!(told.not_before_us, 107);
        told.put_off(100, Some(7), 0);
        assert!(told.not_before_us > 1_000, "not as fast again");
    }

    #[test]
    fn a_message_is_tried_again_without_an_answer_and_given_up_with_its_key() {
        let patience = Patience {
            answer_us: 10,
            key_window_us: 100,
        };
        let mut pending = Pending::new(1, To::Room(0), 5);
        assert!(pending.is_due(0, patience) && !pending.is_over(1_000, patience));
        (pending.first_us, pending.sent_us) = (Some(5), Some(5));
        assert!(!pending.is_due(14, patience) && pending.is_due(15, patience));
        (pending.sent_us, pending.not_before_us) = (None, 40);
        assert!(!pending.is_due(39, patience) && pending.is_due(40, patience));
        assert!(!pending.is_over(104, patience) && pending.is_over(105, patience));
    }
}
