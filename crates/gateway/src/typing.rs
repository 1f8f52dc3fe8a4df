//! Telling a room that somebody types: one road for sessions and for the relay.

use roomcast_broker::Broker;
use roomcast_presence::Presence;
use roomcast_protocol::{Signal, TypingSeen};

/// Tells that a user types in a room, or has stopped, unless that was told lately. What can't be told
/// ends by itself after its time.
pub(crate) async fn tell(presence: &dyn Presence, broker: &dyn Broker, seen: TypingSeen) {
    let TypingSeen { room, user, typing } = &seen;
    let changes = presence.typing(room, user, *typing).await;
    if changes.unwrap_or(false) {
        let _ = broker.signal(&Signal::Typing(seen)).await;
    }
}
