//! The ids of the last messages of a room, to know repeats when positions can't be compared: after
//! a change of epoch, the server gives again what is left of the log, under new positions.

use std::collections::VecDeque;

use roomcast_protocol::MessageId;

/// A bounded memory; the oldest is forgotten first.
#[derive(Debug)]
pub(crate) struct Seen {
    ids: VecDeque<MessageId>,
    ids_max: usize,
    /// How many of the messages to come are still compared. Once as many have come as are
    /// remembered, only ids of the new epoch are left and positions suffice again.
    doubtful: usize,
}

impl Seen {
    pub(crate) fn new(ids_max: usize) -> Self {
        Self {
            ids: VecDeque::new(),
            ids_max,
            doubtful: 0,
        }
    }

    /// Positions have just lost their meaning.
    pub(crate) fn doubt(&mut self) {
        self.doubtful = self.ids_max;
    }

    /// Takes in a message; says whether it was seen before.
    pub(crate) fn is_repeat(&mut self, id: MessageId) -> bool {
        let is_compared = self.doubtful > 0;
        self.doubtful = self.doubtful.saturating_sub(1);
        if is_compared && self.ids.contains(&id) {
            return true;
        }
        if self.ids.len() >= self.ids_max {
            self.ids.pop_front();
        }
        if self.ids_max > 0 {
            self.ids.push_back(id);
        }
        false
    }
}
