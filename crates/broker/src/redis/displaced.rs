//! Rooms that a master of a Cluster keeps no longer, on their way to whoever finds their new place.
//!
//! Bounded by the rooms that are subscribed to.

use parking_lot::Mutex;
use roomcast_protocol::RoomName;
use tokio::sync::{Notify, oneshot};

/// A room, and who waits for its subscription.
pub(super) type Lost = (RoomName, Vec<oneshot::Sender<()>>);

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
