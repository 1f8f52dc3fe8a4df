//! How far this node has seen a room: set by its relay, read by whoever publishes there.

use parking_lot::Mutex;
use roomcast_protocol::Position;

/// A room's high-water mark on this node.
#[derive(Debug, Default)]
pub(crate) struct Mark(Mutex<Option<Position>>);

impl Mark {
    pub(super) fn set(&self, position: Position) {
        *self.0.lock() = Some(position);
    }

    /// The furthest position relayed here: a log that doesn't reach it has forgotten.
    pub(crate) fn position(&self) -> Option<Position> {
        *self.0.lock()
    }
}
