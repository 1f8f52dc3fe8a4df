//! Rooms that a master of a Cluster keeps no longer, on their way to whoever finds their new place.
//!
//! Bounded by the rooms that are subscribed to.

use parking_lot::Mutex;
use roomcast_protocol::RoomName;
use roomcast_redis::Spot;
use tokio::sync::Notify;

/// A room, and the master that kept it.
pub(super) type Lost = (RoomName, Spot);

#[derive(Default)]
pub(super) struct Displaced {
    rooms: Mutex<Vec<Lost>>,
    /// Rings when there are any.
    pub(super) some: Notify,
}

impl Displaced {
    pub(super) fn put(&self, lost: Lost) {
        self.rooms.lock().push(lost);
        self.some.notify_one();
    }

    pub(super) fn take(&self) -> Vec<Lost> {
        std::mem::take(&mut *self.rooms.lock())
    }
}
