//! `/v1/rooms/{room}/members`: who is in a room, and taking them out of it.

use roomcast_protocol::{Member, RoomName, UserId};
use serde::Serialize;

use super::api::Answer;
use super::call::{Call, answer};
use super::paging::Users;

/// A page of the users in a room.
#[derive(Serialize)]
struct Members {
    room: RoomName,
    /// Users in the room, not only on this page.
    count: u64,
    members: Vec<Member>,
    more: bool,
}

/// Who is out.
#[derive(Serialize)]
struct Removed {
    room: RoomName,
    user: UserId,
}

/// `GET /v1/rooms/{room}/members`
pub(super) async fn list(call: Call) -> Answer {
    let room: RoomName = call.name(0)?;
    let Users { after, limit } = Users::of(&call)?;
    let roster = call.node.members(&room, after.as_ref(), limit).await?;
    let members = roster.members.into_iter().map(|present| Member {
        user: present.user,
        name: present.name,
    });
    Ok(answer(&Members {
        room,
        count: roster.count,
        members: members.collect(),
        more: roster.more,
    }))
}

/// `DELETE /v1/rooms/{room}/members/{user}`
pub(super) async fn remove(call: Call) -> Answer {
    let (room, user): (RoomName, UserId) = (call.name(0)?, call.name(1)?);
    let [] = call.query([])?;
    call.node.remove(&room, &user).await?;
    Ok(answer(&Removed { room, user }))
}
