//! How far each user has read each room.
//!
//! Keeps true: a mark never goes back inside its epoch; there are at most `reads_per_room_max` in a
//! room and `reads_max` in all; the one that moved longest ago goes first, as the TTL would have it
//! in Redis.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use roomcast_protocol::{RoomName, UserId};

use crate::port::{Marks, ReadMark};

#[derive(Debug, Clone, Copy)]
struct Mark {
    read: ReadMark,
    /// When it moved last, counted in moves.
    moved: u64,
}

#[derive(Debug, Default)]
struct Room {
    marks: BTreeMap<UserId, Mark>,
    by_age: BTreeMap<u64, UserId>,
}

/// The marks of all rooms.
#[derive(Debug)]
pub(super) struct Reads {
    per_room_max: usize,
    max: usize,
    rooms: HashMap<RoomName, Room>,
    by_age: BTreeMap<u64, (RoomName, UserId)>,
    moves: u64,
}

impl Reads {
    pub(super) fn new(per_room_max: usize, max: usize) -> Self {
        Self {
            per_room_max,
            max,
            rooms: HashMap::new(),
            by_age: BTreeMap::new(),
            moves: 0,
        }
    }

    /// Moves a mark forward. Whether it moved.
    pub(super) fn advance(&mut self, room: &RoomName, user: &UserId, read: ReadMark) -> bool {
        if let Some(before) = self.mark(room, user) {
            if before.epoch == read.epoch && before.seq >= read.seq {
                return false;
            }
            self.forget(room, user);
        }
        self.moves += 1;
        let moved = self.moves;
        self.by_age.insert(moved, (room.clone(), user.clone()));
        let known = self.rooms.entry(room.clone()).or_default();
        known.by_age.insert(moved, user.clone());
        known.marks.insert(user.clone(), Mark { read, moved });
        if known.marks.len() > self.per_room_max
            && let Some(oldest) = known.by_age.values().next().cloned()
        {
            self.forget(room, &oldest);
        }
        if self.by_age.len() > self.max
            && let Some((room, user)) = self.by_age.values().next().cloned()
        {
            self.forget(&room, &user);
        }
        true
    }

    pub(super) fn mark(&self, room: &RoomName, user: &UserId) -> Option<ReadMark> {
        Some(self.rooms.get(room)?.marks.get(user)?.read)
    }

    pub(super) fn page(&self, room: &RoomName, after: Option<&UserId>, limit: usize) -> Marks {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let known = self.rooms.get(room).into_iter();
        let mut rest = known.flat_map(|known| {
            known
                .marks
                .range::<UserId, _>((start, Bound::Unbounded))
                .map(|(user, mark)| (user.clone(), mark.read))
        });
        let marks = rest.by_ref().take(limit).collect();
        let more = rest.next().is_some();
        Marks { marks, more }
    }

    fn forget(&mut self, room: &RoomName, user: &UserId) {
        let Some(known) = self.rooms.get_mut(room) else {
            return;
        };
        if let Some(mark) = known.marks.remove(user) {
            known.by_age.remove(&mark.moved);
            self.by_age.remove(&mark.moved);
        }
        if known.marks.is_empty() {
            self.rooms.remove(room);
        }
    }
}

#[cfg(test)]
mod tests {
    use roomcast_protocol::{Epoch, Seq};

    use super::*;

    #[test]
    fn the_mark_that_moved_longest_ago_goes_when_there_are_too_many_in_all() {
        let rooms: [RoomName; 3] = ["r", "s", "t"].map(|room| room.parse().unwrap());
        let user: UserId = "a".parse().unwrap();
        let (epoch, seq) = (Epoch::from_bits(1), Seq::ZERO.next());
        let first = ReadMark { epoch, seq };
        let second = ReadMark {
            epoch,
            seq: seq.next(),
        };
        let mut reads = Reads::new(2, 2);
        for (room, read) in [(0, first), (1, first), (0, second), (2, first)] {
            assert!(reads.advance(&rooms[room], &user, read));
        }
        assert_eq!((reads.rooms.len(), reads.by_age.len()), (2, 2));
        let kept = [0, 1, 2].map(|room| reads.mark(&rooms[room], &user));
        assert_eq!(kept, [Some(second), None, Some(first)]);
    }
}
