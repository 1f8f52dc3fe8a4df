//! All rooms of one shard: made when first used, dropped when idle, bounded in number. Pure.

use std::collections::HashMap;
use std::time::Duration;

use roomcast_protocol::{Epoch, RoomName};
use tokio::time::Instant;

use super::config::MemoryConfig;
use super::room::Room;
use crate::error::{BrokerError, RefusedBy};

/// How often idle rooms are looked for, so that a full house doesn't search on every call.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

pub(super) struct Rooms {
    config: MemoryConfig,
    /// Boxed: half of a table's places are empty, and a room is large.
    rooms: HashMap<RoomName, Box<Room>>,
    subscriptions: u64,
    swept_at: Option<Instant>,
}

impl Rooms {
    pub(super) fn new(config: MemoryConfig) -> Self {
        Self {
            config,
            rooms: HashMap::new(),
            subscriptions: 0,
            swept_at: None,
        }
    }

    pub(super) fn subscriptions(&self) -> u64 {
        self.subscriptions
    }

    pub(super) fn existing(&mut self, name: &RoomName) -> Option<&mut Room> {
        self.rooms.get_mut(name).map(|room| &mut **room)
    }

    pub(super) fn is_subscribed(&self, name: &RoomName) -> bool {
        self.rooms.get(name).is_some_and(|room| room.subscribed)
    }

    /// The room, made if it isn't there and there is space for it.
    pub(super) fn room(
        &mut self,
        name: &RoomName,
        now: Instant,
        epoch: fn() -> Epoch,
    ) -> Result<&mut Room, BrokerError> {
        if !self.rooms.contains_key(name) {
            self.sweep(now);
            if self.rooms.len() >= self.config.rooms_max {
                return Err(BrokerError::Refused {
                    by: RefusedBy::OutOfMemory,
                    detail: format!("there are {} rooms already", self.rooms.len()),
                });
            }
        }
        let config = self.config;
        Ok(self
            .rooms
            .entry(name.clone())
            .or_insert_with(|| Box::new(Room::new(config, epoch(), now))))
    }

    pub(super) fn subscribe(
        &mut self,
        name: &RoomName,
        now: Instant,
        epoch: fn() -> Epoch,
    ) -> Result<(), BrokerError> {
        let room = self.room(name, now, epoch)?;
        let fresh = !std::mem::replace(&mut room.subscribed, true);
        self.subscriptions += u64::from(fresh);
        Ok(())
    }

    pub(super) fn unsubscribe(&mut self, name: &RoomName, now: Instant) {
        if let Some(room) = self.rooms.get_mut(name)
            && std::mem::replace(&mut room.subscribed, false)
        {
            room.active_at = now;
            self.subscriptions -= 1;
        }
    }

    /// Drops rooms that nobody listens to and nobody talked in lately; if that isn't enough, the
    /// quietest tenth of those without listeners.
    fn sweep(&mut self, now: Instant) {
        let due = self
            .swept_at
            .is_none_or(|at| now.duration_since(at) >= SWEEP_EVERY);
        if !due {
            return;
        }
        self.swept_at = Some(now);
        let idle = Duration::from_millis(self.config.idle_room_ms);
        let busy = |room: &Room| room.subscribed || now.duration_since(room.active_at) < idle;
        self.rooms.retain(|_, room| busy(room));
        if self.rooms.len() < self.config.rooms_max {
            return;
        }
        let mut quiet: Vec<Instant> = self
            .rooms
            .values()
            .filter(|room| !room.subscribed)
            .map(|room| room.active_at)
            .collect();
        if quiet.is_empty() {
            return;
        }
        let tenth = quiet.len() / 10;
        let (_, threshold, _) = quiet.select_nth_unstable(tenth);
        let threshold = *threshold;
        self.rooms
            .retain(|_, room| room.subscribed || room.active_at > threshold);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch() -> Epoch {
        Epoch::from_bits(1)
    }

    fn name(n: u32) -> RoomName {
        format!("r{n}").parse().unwrap()
    }

    #[test]
    fn idle_rooms_make_place_and_subscribed_ones_never_do() {
        let config = MemoryConfig {
            rooms_max: 20,
            idle_room_ms: 1_000,
            ..MemoryConfig::default()
        };
        let mut rooms = Rooms::new(config);
        let mut now = Instant::now();
        rooms.subscribe(&name(0), now, epoch).unwrap();
        for n in 1..20 {
            rooms.room(&name(n), now, epoch).unwrap();
        }
        assert!(
            rooms.room(&name(20), now, epoch).is_err(),
            "full, and swept just now"
        );
        now += Duration::from_secs(2);
        rooms.room(&name(20), now, epoch).unwrap();
        assert!(rooms.is_subscribed(&name(0)));
        assert!(rooms.existing(&name(1)).is_none());
    }

    #[test]
    fn a_house_full_of_recent_rooms_gives_up_the_quietest() {
        let config = MemoryConfig {
            rooms_max: 20,
            ..MemoryConfig::default()
        };
        let mut rooms = Rooms::new(config);
        let mut now = Instant::now();
        for n in 0..20 {
            rooms.room(&name(n), now, epoch).unwrap();
            now += Duration::from_secs(2);
        }
        rooms.room(&name(20), now, epoch).unwrap();
        assert!(rooms.existing(&name(0)).is_none() && rooms.existing(&name(19)).is_some());
    }
}
