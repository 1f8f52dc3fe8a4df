//! Typing: begun, ended, run out.
//!
//! Keeps true: typing that is not ended is swept soon after its TTL, by the node that noted it
//! while that lives, or else by whichever node's beat finds the room overdue. Each end is told by
//! the one whose script took it.

use std::time::Duration;

use roomcast_protocol::{RoomName, UserId};
use tokio::time::Instant;

use super::call::Call;
use super::keys;
use super::place::Place;
use super::step::Due;
use crate::port::{Change, PresenceError};

/// How long Redis keeps a room's typing beyond its TTL, so that it can be swept and told.
const KEEP_MS: u64 = 60_000;
/// How long the others leave it to the typist's own node.
const SLACK_MS: u64 = 250;
/// How many overdue rooms one beat takes on.
const OVERDUE_ROOMS: usize = 64;

/// Notes typing or its end. Whether the room is to be told.
pub(super) async fn typing(
    place: &Place,
    room: &RoomName,
    user: &UserId,
    typing: bool,
) -> Result<bool, PresenceError> {
    let config = &place.config;
    let times = (
        config.typing_ttl_ms,
        config.typing_repeat_ms,
        config.typing_ttl_ms + KEEP_MS,
    );
    let (tell, until_ms) = place
        .scripts
        .typing(&place.link, (room, user), typing, times)
        .await?;
    if tell && typing {
        watch(place, room, config.typing_ttl_ms, until_ms).await?;
    }
    Ok(tell)
}

/// Ends what ran out in a room, tells it, and looks again when the next does.
pub(super) async fn sweep(place: &Place, room: &RoomName) -> Result<(), PresenceError> {
    let swept = match place.scripts.sweep(&place.link, room).await {
        Ok(swept) => swept,
        Err(error) => {
            let again = Instant::now() + place.config.beat();
            place
                .ledger
                .lock()
                .agenda
                .set_earlier(Due::Typing(room.clone()), again);
            return Err(error);
        }
    };
    for user in swept.ended {
        place.teller.seat().await.tell(Change::TypingEnded {
            room: room.clone(),
            user,
        });
    }
    if let Some((wait_ms, end_ms)) = swept.next {
        watch(place, room, wait_ms, end_ms).await?;
    }
    Ok(())
}

/// Takes over the rooms that should have been swept by now.
pub(super) async fn adopt_overdue(place: &Place) -> Result<(), PresenceError> {
    let mut call = Call::of(&place.scripts.overdue);
    call.key(keys::TYPING_AGENDA)
        .arg(SLACK_MS)
        .arg(OVERDUE_ROOMS);
    let rooms: Vec<String> = place.link.run(&call).await?;
    let rooms = rooms.iter().filter_map(|room| room.parse().ok());
    let now = Instant::now();
    {
        let mut ledger = place.ledger.lock();
        for room in rooms {
            ledger.agenda.set_earlier(Due::Typing(room), now);
        }
    }
    place.settle_now.notify_one();
    Ok(())
}

/// Puts a room on this node's agenda and the cluster's, unless it is on this node's already: then
/// the sweep that is due puts it on again.
async fn watch(
    place: &Place,
    room: &RoomName,
    wait_ms: u64,
    end_ms: u64,
) -> Result<(), PresenceError> {
    let due = Due::Typing(room.clone());
    {
        let mut ledger = place.ledger.lock();
        if ledger.agenda.has(&due) {
            return Ok(());
        }
        // Redis counts whole milliseconds: look just after, not just before.
        ledger
            .agenda
            .set(due, Instant::now() + Duration::from_millis(wait_ms + 2));
    }
    place.settle_now.notify_one();
    let mut command = redis::cmd("ZADD");
    command
        .arg(keys::TYPING_AGENDA)
        .arg(end_ms)
        .arg(room.as_str());
    place.link.ask::<u64>(&command).await.map(|_| ())
}
