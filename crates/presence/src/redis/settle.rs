//! Does what is due at one Redis: graces that end, answers that did not come, rooms that stayed
//! empty, typing that ran out.
//!
//! Owns the loop. Keeps true: at most `BATCH` acts at a time, and one that takes long, as at a master that
//! is away, holds up no other; what fails is on the agenda again.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use roomcast_protocol::RoomName;
use tokio::time::Instant;

use super::attend::attend;
use super::keys;
use super::place::Place;
use super::step::Due;
use super::typing;
use crate::port::PresenceError;

/// How many acts share the connection at a time.
const BATCH: usize = 128;
/// How long the loop sleeps when nothing is due; it is woken when something is.
const IDLE: Duration = Duration::from_secs(3_600);

/// Runs until it is aborted.
pub(super) async fn settle(place: Arc<Place>) {
    let mut acts = FuturesUnordered::new();
    loop {
        let (batch, next) = take_due(&place, BATCH - acts.len(), Instant::now());
        acts.extend(batch.into_iter().map(|due| settle_one(&place, due)));
        let is_full = acts.len() == BATCH;
        let until = next.unwrap_or_else(|| Instant::now() + IDLE);
        tokio::select! {
            Some(result) = acts.next() => {
                if let Err(error) = result {
                    // Expected while Redis is away, and told by the beat then.
                    tracing::debug!(redis = place.index, %error, "Presence will try again");
                }
            }
            () = tokio::time::sleep_until(until), if !is_full => {}
            () = place.settle_now.notified(), if !is_full => {}
        }
    }
}

fn take_due(place: &Place, max: usize, now: Instant) -> (Vec<Due>, Option<Instant>) {
    let mut ledger = place.ledger.lock();
    let mut batch = Vec::new();
    while batch.len() < max
        && let Some(due) = ledger.agenda.take(now)
    {
        batch.push(due);
    }
    (batch, ledger.agenda.next())
}

async fn settle_one(place: &Place, due: Due) -> Result<(), PresenceError> {
    match &due {
        Due::Person(room, user) => attend(place, room, user, false).await.map(|_| ()),
        Due::Vacant(room) => vacate(place, room).await,
        Due::Typing(room) => typing::sweep(place, room).await,
    }
}

/// Takes an empty room from this life's rooms. One that is left there by an error costs a look
/// when this life is reaped, nothing else.
async fn vacate(place: &Place, room: &RoomName) -> Result<(), PresenceError> {
    let Some(life) = place.ledger.lock().vacate(room) else {
        return Ok(());
    };
    let mut remove = redis::cmd("SREM");
    remove.arg(keys::rooms(&life)).arg(room.as_str());
    let removed = place.link.ask::<u64>(&remove).await;
    // Somebody may have come, and their registration may have been overtaken.
    if place.ledger.lock().has(room) {
        let mut add = redis::cmd("SADD");
        add.arg(keys::rooms(&life)).arg(room.as_str());
        place.link.ask::<u64>(&add).await?;
    }
    removed.map(|_| ())
}
