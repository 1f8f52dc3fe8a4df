//! Which relay has which room, as relays know each other: without keeping one another alive.

use roomcast_broker::feed_index;
use roomcast_protocol::RoomName;
use tokio::sync::mpsc;

use super::order::Order;

/// The ways to all relays of a hub.
#[derive(Clone)]
pub(super) struct Shards(Vec<mpsc::WeakSender<Order>>);

impl Shards {
    pub(super) fn of_all(shards: &[mpsc::Sender<Order>]) -> Self {
        Self(shards.iter().map(mpsc::Sender::downgrade).collect())
    }

    /// The way to the relay of a room; `None` when the hub is gone.
    pub(super) fn of(&self, room: &RoomName) -> Option<mpsc::Sender<Order>> {
        self.0[feed_index(room, self.0.len())].upgrade()
    }

    /// The ways to all relays that are there.
    pub(super) fn all(&self) -> impl Iterator<Item = mpsc::Sender<Order>> {
        self.0.iter().filter_map(mpsc::WeakSender::upgrade)
    }
}
