//! Asking presence about a room: who is here, who types, and, where an order may have been missed,
//! who is banned.

use roomcast_presence::{Ban, Presence, PresenceError, Roster};
use roomcast_protocol::{RoomName, UserId};

/// Typists that are asked for when a node comes into a room.
const TYPISTS_READ_MAX: usize = 100;
/// Bans in one read.
const BANS_PER_READ: usize = 500;

/// What presence knows of a room.
pub(super) struct People {
    pub(super) roster: Roster,
    pub(super) typists: Vec<UserId>,
    pub(super) bans: Vec<Ban>,
}

/// Asks. Of a room with more than `named_max` users nobody need be named.
pub(super) async fn read_people(
    presence: &dyn Presence,
    room: &RoomName,
    named_max: usize,
    check_bans: bool,
) -> Result<People, PresenceError> {
    let (roster, typists, bans) = tokio::join!(
        presence.roster(room, None, named_max + 1),
        presence.typists(room, TYPISTS_READ_MAX),
        async {
            match check_bans {
                true => read_bans(presence, room).await,
                false => Ok(Vec::new()),
            }
        }
    );
    Ok(People {
        roster: roster?,
        typists: typists?,
        bans: bans?,
    })
}

async fn read_bans(presence: &dyn Presence, room: &RoomName) -> Result<Vec<Ban>, PresenceError> {
    let mut all: Vec<Ban> = Vec::new();
    loop {
        let after = all.last().map(|ban| &ban.user);
        let page = presence.bans(room, after, BANS_PER_READ).await?;
        let (more, is_empty) = (page.more, page.bans.is_empty());
        all.extend(page.bans);
        if !more || is_empty {
            return Ok(all);
        }
    }
}
