//! How far the changes of rooms were counted that nobody is in any more.
//!
//! Keeps true: there are at most so many, and the room that was left longest ago goes first; a count
//! that went begins anew above where it was, even if the clock stands still.

use std::collections::{BTreeMap, HashMap};

use roomcast_protocol::RoomName;

#[derive(Debug)]
pub(super) struct Revisions {
    max: usize,
    /// By room: when it was left, counted in rooms that were; and the revision of its last change.
    rooms: HashMap<RoomName, (u64, u64)>,
    by_age: BTreeMap<u64, RoomName>,
    /// How many rooms were left so far.
    left: u64,
    /// The highest revision that is forgotten.
    forgotten: u64,
}

impl Revisions {
    pub(super) fn new(max: usize) -> Self {
        Self {
            max,
            rooms: HashMap::new(),
            by_age: BTreeMap::new(),
            left: 0,
            forgotten: 0,
        }
    }

    /// The revision of the first change of a room whose count is not known, at `now_us`.
    pub(super) fn first(&self, now_us: u64) -> u64 {
        now_us.max(self.forgotten + 1)
    }

    /// The revision of the last change of a room; 0 if it is not known.
    pub(super) fn of(&self, room: &RoomName) -> u64 {
        self.rooms.get(room).map_or(0, |(_, revision)| *revision)
    }

    /// Gives out what [`of`](Self::of) says, since the room is remembered elsewhere from now on.
    pub(super) fn take(&mut self, room: &RoomName) -> u64 {
        let Some((age, revision)) = self.rooms.remove(room) else {
            return 0;
        };
        self.by_age.remove(&age);
        revision
    }

    /// Takes in the revision of a room that is remembered nowhere else; 0 if it has none.
    pub(super) fn keep(&mut self, room: RoomName, revision: u64) {
        if revision == 0 {
            return;
        }
        self.take(&room);
        self.left += 1;
        self.by_age.insert(self.left, room.clone());
        self.rooms.insert(room, (self.left, revision));
        if self.rooms.len() > self.max
            && let Some((_, oldest)) = self.by_age.pop_first()
            && let Some((_, revision)) = self.rooms.remove(&oldest)
        {
            self.forgotten = self.forgotten.max(revision);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_that_was_left_longest_ago_is_forgotten_and_begins_anew_above_where_it_was() {
        let rooms: [RoomName; 3] = ["a", "b", "c"].map(|room| room.parse().unwrap());
        let mut revisions = Revisions::new(2);
        assert_eq!(revisions.first(100), 100);
        revisions.keep(rooms[0].clone(), 107);
        revisions.keep(rooms[1].clone(), 0);
        revisions.keep(rooms[1].clone(), 102);
        assert_eq!(revisions.take(&rooms[0]), 107);
        revisions.keep(rooms[0].clone(), 109);
        revisions.keep(rooms[2].clone(), 103);
        let all = rooms.each_ref().map(|room| revisions.of(room));
        assert_eq!(all, [109, 0, 103], "the second was left before the first");
        assert_eq!(revisions.first(100), 103);
        revisions.keep(rooms[1].clone(), 200);
        assert_eq!(revisions.of(&rooms[0]), 0);
        assert_eq!((revisions.first(100), revisions.first(150)), (110, 150));
        assert_eq!((revisions.rooms.len(), revisions.by_age.len()), (2, 2));
    }
}
