//! `/v1/rooms/{room}/bans`: who may not come into a room for a time.

use http::StatusCode;
use roomcast_protocol::{RoomName, UserId};
use serde::{Deserialize, Serialize};

use super::api::Answer;
use super::call::{Call, answer};
use super::paging::Users;
use super::problem;

/// A ban to be made.
#[derive(Deserialize)]
struct NewBan {
    /// From now, in milliseconds.
    for_ms: u64,
}

/// A page of a room's bans.
#[derive(Serialize)]
struct Bans {
    room: RoomName,
    bans: Vec<Listed>,
    more: bool,
}

/// One of them.
#[derive(Serialize)]
struct Listed {
    user: UserId,
    /// In milliseconds since the Unix epoch.
    until: u64,
}

/// A ban that was made or, without `until`, ended.
#[derive(Serialize)]
struct Ban {
    room: RoomName,
    user: UserId,
    /// In milliseconds since the Unix epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<u64>,
}

/// `GET /v1/rooms/{room}/bans`
pub(super) async fn list(call: Call) -> Answer {
    let room: RoomName = call.name(0)?;
    let Users { after, limit } = Users::of(&call)?;
    let page = call.node.bans(&room, after.as_ref(), limit).await?;
    let bans = page.bans.into_iter().map(|ban| Listed {
        user: ban.user,
        until: ban.until_ms,
    });
    Ok(answer(&Bans {
        room,
        bans: bans.collect(),
        more: page.more,
    }))
}

/// `PUT /v1/rooms/{room}/bans/{user}`
pub(super) async fn ban(call: Call) -> Answer {
    let (room, user): (RoomName, UserId) = (call.name(0)?, call.name(1)?);
    let [] = call.query([])?;
    let NewBan { for_ms } = call.body()?;
    let until = Some(call.node.ban(&room, &user, for_ms).await?);
    Ok(answer(&Ban { room, user, until }))
}

/// `DELETE /v1/rooms/{room}/bans/{user}`
pub(super) async fn end(call: Call) -> Answer {
    let (room, user): (RoomName, UserId) = (call.name(0)?, call.name(1)?);
    let [] = call.query([])?;
    if !call.node.unban(&room, &user).await? {
        let detail = "this user is not banned from this room";
        return Ok(problem::plain(StatusCode::NOT_FOUND, detail));
    }
    let until = None;
    Ok(answer(&Ban { room, user, until }))
}
