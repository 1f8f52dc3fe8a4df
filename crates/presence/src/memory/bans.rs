//! Who may not enter which room, and until when.
//!
//! Keeps true: a room has at most `bans_per_room_max` bans, at most `rooms_max` rooms have any, and
//! those that ended are forgotten before anything is looked up. Times are in ms since the epoch.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use roomcast_protocol::{RoomName, UserId};

use crate::port::{BAN_MS_MAX, Ban, Bans as Page, PresenceError};

#[derive(Debug)]
pub(super) struct Bans {
    per_room_max: usize,
    rooms_max: usize,
    rooms: HashMap<RoomName, BTreeMap<UserId, u64>>,
    by_end: BTreeSet<(u64, RoomName, UserId)>,
}

impl Bans {
    pub(super) fn new(per_room_max: usize, rooms_max: usize) -> Self {
        Self {
            per_room_max,
            rooms_max,
            rooms: HashMap::new(),
            by_end: BTreeSet::new(),
        }
    }

    /// Until when it is.
    pub(super) fn ban(
        &mut self,
        (room, user): (&RoomName, &UserId),
        for_ms: u64,
        now_ms: u64,
    ) -> Result<u64, PresenceError> {
        self.lift((room, user), now_ms);
        let full = |bound, limit| Err(PresenceError::Full { bound, limit });
        match self.rooms.get(room) {
            Some(bans) if bans.len() >= self.per_room_max => {
                return full("bans_per_room_max", self.per_room_max);
            }
            None if self.rooms.len() >= self.rooms_max => {
                return full("rooms_max", self.rooms_max);
            }
            Some(_) | None => {}
        }
        let until_ms = now_ms.saturating_add(for_ms.clamp(1, BAN_MS_MAX));
        let bans = self.rooms.entry(room.clone()).or_default();
        bans.insert(user.clone(), until_ms);
        self.by_end.insert((until_ms, room.clone(), user.clone()));
        Ok(until_ms)
    }

    /// Whether there was one.
    pub(super) fn lift(&mut self, (room, user): (&RoomName, &UserId), now_ms: u64) -> bool {
        self.forget_ended(now_ms);
        let Some(until_ms) = self.forget(room, user) else {
            return false;
        };
        self.by_end.remove(&(until_ms, room.clone(), user.clone()))
    }

    pub(super) fn until(&mut self, room: &RoomName, user: &UserId, now_ms: u64) -> Option<u64> {
        self.forget_ended(now_ms);
        self.rooms.get(room)?.get(user).copied()
    }

    pub(super) fn page(
        &mut self,
        room: &RoomName,
        after: Option<&UserId>,
        limit: usize,
        now_ms: u64,
    ) -> Page {
        self.forget_ended(now_ms);
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let known = self.rooms.get(room).into_iter();
        let mut rest = known.flat_map(|bans| bans.range::<UserId, _>((start, Bound::Unbounded)));
        let bans = rest.by_ref().take(limit).map(|(user, until_ms)| Ban {
            user: user.clone(),
            until_ms: *until_ms,
        });
        Page {
            bans: bans.collect(),
            more: rest.next().is_some(),
        }
    }

    fn forget_ended(&mut self, now_ms: u64) {
        while self.by_end.first().is_some_and(|(end, ..)| *end <= now_ms) {
            if let Some((_, room, user)) = self.by_end.pop_first() {
                self.forget(&room, &user);
            }
        }
    }

    fn forget(&mut self, room: &RoomName, user: &UserId) -> Option<u64> {
        let bans = self.rooms.get_mut(room)?;
        let until_ms = bans.remove(user)?;
        if bans.is_empty() {
            self.rooms.remove(room);
        }
        Some(until_ms)
    }
}
