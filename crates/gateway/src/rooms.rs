//! The rooms a session is in, and how far each was seen here. Most sessions are in one or two, and
//! these take no memory of their own. Pure.

use std::sync::Arc;

use roomcast_protocol::RoomName;
use smallvec::SmallVec;

use crate::hub::Mark;

/// Rooms by name, each once. Without a mark as long as the join is under way.
#[derive(Default)]
pub(crate) struct Rooms {
    /// In the order of their names.
    row: SmallVec<[(RoomName, Option<Arc<Mark>>); 2]>,
}

impl Rooms {
    /// Puts a room in, or a mark to one that is there.
    pub(crate) fn insert(&mut self, room: RoomName, mark: Option<Arc<Mark>>) {
        match self.place(&room) {
            Ok(place) => self.row[place].1 = mark,
            Err(place) => self.row.insert(place, (room, mark)),
        }
    }

    /// Takes a room out, if it is there.
    pub(crate) fn remove(&mut self, room: &RoomName) {
        if let Ok(place) = self.place(room) {
            self.row.remove(place);
        }
    }

    /// Whether a room is there.
    pub(crate) fn has(&self, room: &RoomName) -> bool {
        self.place(room).is_ok()
    }

    /// The mark of a room.
    pub(crate) fn mark(&self, room: &RoomName) -> Option<&Mark> {
        let place = self.place(room).ok()?;
        self.row[place].1.as_deref()
    }

    pub(crate) fn len(&self) -> usize {
        self.row.len()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &RoomName> {
        self.row.iter().map(|(room, _)| room)
    }

    /// Takes all out.
    pub(crate) fn take(&mut self) -> Vec<RoomName> {
        self.row.drain(..).map(|(room, _)| room).collect()
    }

    fn place(&self, room: &RoomName) -> Result<usize, usize> {
        self.row.binary_search_by(|(other, _)| other.cmp(room))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use roomcast_protocol::RoomName;

    use super::Rooms;

    fn room(n: usize) -> RoomName {
        format!("room-{n}").parse().unwrap()
    }

    #[test]
    fn each_room_is_there_once_and_found_whatever_came_and_went() {
        let mut rooms = Rooms::default();
        for n in [5, 2, 9, 2, 7, 0] {
            rooms.insert(room(n), None);
        }
        rooms.insert(room(7), Some(Arc::default()));
        rooms.remove(&room(9));
        rooms.remove(&room(9));
        for n in 0..10 {
            assert_eq!(rooms.has(&room(n)), [0, 2, 5, 7].contains(&n), "{n}");
            assert_eq!(rooms.mark(&room(n)).is_some(), n == 7, "{n}");
        }
        assert_eq!(rooms.len(), 4);
        assert_eq!(rooms.take(), [0, 2, 5, 7].map(room));
        assert_eq!((rooms.len(), rooms.names().count()), (0, 0));
    }

    #[test]
    fn two_rooms_take_no_memory_of_their_own() {
        let mut rooms = Rooms::default();
        rooms.insert(room(1), None);
        rooms.insert(room(2), None);
        assert!(!rooms.row.spilled());
        // A session is allocated in steps of 16 bytes, and these are a quarter of it.
        assert!(size_of::<Rooms>() <= 64, "{} bytes", size_of::<Rooms>());
    }
}
