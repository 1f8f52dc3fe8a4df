//! Does what is due at one Redis: graces that end, answers that did not come, rooms that stayed
//! empty, typing that ran out.
//!
//! Owns the loop. Keeps true: at most `BATCH` acts at a time; what fails is on the agenda again.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
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
    loop {
        let (batch, next) = take_due(&place, Instant::now());
        if batch.is_empty() {
            let until = next.unwrap_or_else(|| Instant::now() + IDLE);
            tokio::select! {
                () = tokio::time::sleep_until(until) => {}
                () = place.settle_now.notified() => {}
            }
            continue;
        }
        let results = join_all(batch.iter().map(|due| settle_one(&place, due))).await;
        for error in results.into_iter().filter_map(Result::err) {
            // Expected while Redis is away, and told by the beat then.
            tracing::debug!(redis = place.index, %error, "Presence will try again");
        }
    }
}

fn take_due(place: &Place, now: Instant) -> (Vec<Due>, Option<Instant>) {
    let mut ledger = place.ledger.lock();
    let mut batch = Vec::new();
    while batch.len() < BATCH
        && let Some(due) = ledger.agenda.take(now)
    {
        batch.push(due);
    }
    (batch, ledger.agenda.next())
}

async fn settle_one(place: &Place, due: &Due) -> Result<(), PresenceError> {
    match due {
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
