//! The cursor: compares what arrives in a room with what was last seen there.
//!
//! Nodes and clients use this one comparison, so that "no silent hole, no duplicate" (P2, P3) means
//! the same on both ends. Pure; what to do about a hole is for the caller.

use crate::ids::{Epoch, MessageId};
use crate::position::{Position, Seq, Since};

/// The last position seen in a room, with the id of the message that stood there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cursor {
    position: Position,
    id: Option<MessageId>,
}

/// What an arriving position is to a cursor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// The very next one.
    Next,
    /// Seen already, or skipped by a told gap.
    Duplicate,
    /// Some are missing in between: `from..=to`.
    Hole {
        /// The first one missing.
        from: Seq,
        /// The last one missing.
        to: Seq,
    },
    /// Another life of the log; nothing can be said about what lies between.
    OtherEpoch,
}

impl Cursor {
    /// A cursor that stands after `position`; `id` is the message there, where it is known.
    pub fn new(position: Position, id: Option<MessageId>) -> Self {
        Self { position, id }
    }

    /// Where the cursor stands.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The epoch it stands in.
    pub fn epoch(&self) -> Epoch {
        self.position.epoch
    }

    /// The last sequence number seen.
    pub fn seq(&self) -> Seq {
        self.position.seq
    }

    /// The position to come back with.
    pub fn since(&self) -> Since {
        Since {
            epoch: self.position.epoch,
            seq: self.position.seq,
            id: self.id,
        }
    }

    /// What `at` is to this cursor. Doesn't move it.
    pub fn compare(&self, at: Position) -> Step {
        let next = self.position.seq.next();
        if at.epoch != self.position.epoch {
            Step::OtherEpoch
        } else if at.seq <= self.position.seq {
            Step::Duplicate
        } else if at.seq == next {
            Step::Next
        } else {
            Step::Hole {
                from: next,
                to: at.seq.previous(),
            }
        }
    }

    /// Compares `at` and moves onto it if it is the next one.
    pub fn observe(&mut self, at: Position, id: MessageId) -> Step {
        let step = self.compare(at);
        if step == Step::Next {
            *self = Self::new(at, Some(id));
        }
        step
    }

    /// Moves past a told gap: what follows is the position after `to`. A gap behind the cursor in
    /// its own epoch doesn't move it back.
    pub fn skip_gap(&mut self, epoch: Epoch, to: Seq) {
        if epoch != self.position.epoch || to > self.position.seq {
            *self = Self::new(Position { epoch, seq: to }, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EPOCH: Epoch = Epoch::from_bits(1);
    const ID: MessageId = MessageId::from_uuid(uuid::Uuid::from_u128(9));

    fn at(seq: u64) -> Position {
        Position {
            epoch: EPOCH,
            seq: seq.try_into().unwrap(),
        }
    }

    #[test]
    fn a_hole_names_exactly_what_is_missing() {
        let mut cursor = Cursor::new(at(4), None);
        assert_eq!(cursor.observe(at(5), ID), Step::Next);
        assert_eq!(cursor.observe(at(5), ID), Step::Duplicate);
        let hole = Step::Hole {
            from: at(6).seq,
            to: at(8).seq,
        };
        assert_eq!(cursor.observe(at(9), ID), hole);
        assert_eq!(cursor.position(), at(5), "a hole doesn't move the cursor");
    }

    #[test]
    fn a_told_gap_moves_forward_only() {
        let mut cursor = Cursor::new(at(5), Some(ID));
        cursor.skip_gap(EPOCH, at(3).seq);
        assert_eq!(cursor.since().id, Some(ID));
        cursor.skip_gap(EPOCH, at(8).seq);
        assert_eq!(cursor.observe(at(9), ID), Step::Next);
        let other = Epoch::from_bits(2);
        cursor.skip_gap(other, Seq::ZERO);
        assert_eq!(
            cursor.position(),
            Position {
                epoch: other,
                seq: Seq::ZERO
            }
        );
    }

    proptest! {
        #[test]
        fn whatever_arrives_only_next_is_seen_and_each_once(arrivals in prop::collection::vec(1_u64..30, 0..200)) {
            let mut cursor = Cursor::new(at(0), None);
            let mut seen = Vec::new();
            for seq in arrivals {
                if cursor.observe(at(seq), ID) == Step::Next {
                    seen.push(seq);
                }
            }
            let expected: Vec<u64> = (1..=seen.len() as u64).collect();
            prop_assert_eq!(seen, expected);
        }
    }
}
