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
}

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
        }
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
    use super::{Patience, Pending, To};

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
