//! How far each user has read each room.
//!
//! Keeps true: a mark never goes back inside its epoch, and there are at most `reads_max`; the
//! one that moved longest ago goes first, as the TTL would have it in Redis.

use std::collections::{BTreeMap, HashMap};

use roomcast_protocol::{Epoch, RoomName, Seq, UserId};

#[derive(Debug, Clone, Copy)]
struct Mark {
    epoch: Epoch,
    seq: Seq,
    /// When it moved last, counted in moves.
    moved: u64,
}

/// The marks of all rooms.
#[derive(Debug)]
pub(super) struct Reads {
    reads_max: usize,
    marks: HashMap<(RoomName, UserId), Mark>,
    by_age: BTreeMap<u64, (RoomName, UserId)>,
    moves: u64,
}

impl Reads {
    pub(super) fn new(reads_max: usize) -> Self {
        Self {
            reads_max,
            marks: HashMap::new(),
            by_age: BTreeMap::new(),
            moves: 0,
        }
    }

    /// Moves a mark forward. Whether it moved.
    pub(super) fn advance(
        &mut self,
        room: &RoomName,
        user: &UserId,
        epoch: Epoch,
        seq: Seq,
    ) -> bool {
        let place = (room.clone(), user.clone());
        if let Some(before) = self.marks.get(&place) {
            if before.epoch == epoch && before.seq >= seq {
                return false;
            }
            self.by_age.remove(&before.moved);
        }
        self.moves += 1;
        self.by_age.insert(self.moves, place.clone());
        self.marks.insert(
            place,
            Mark {
                epoch,
                seq,
                moved: self.moves,
            },
        );
        if self.marks.len() > self.reads_max
            && let Some((_, oldest)) = self.by_age.pop_first()
        {
            self.marks.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_that_moved_longest_ago_goes_when_there_are_too_many() {
        let room: RoomName = "r".parse().unwrap();
        let users: [UserId; 3] = ["a", "b", "c"].map(|user| user.parse().unwrap());
        let (epoch, seq) = (Epoch::from_bits(1), Seq::ZERO.next());
        let mut reads = Reads::new(2);
        assert!(reads.advance(&room, &users[0], epoch, seq));
        assert!(reads.advance(&room, &users[1], epoch, seq));
        assert!(reads.advance(&room, &users[0], epoch, seq.next()));
        assert!(reads.advance(&room, &users[2], epoch, seq));
        assert_eq!((reads.marks.len(), reads.by_age.len()), (2, 2));
        assert!(
            !reads.advance(&room, &users[0], epoch, seq.next()),
            "it was kept"
        );
        assert!(
            reads.advance(&room, &users[1], epoch, seq),
            "it was forgotten"
        );
    }
}
