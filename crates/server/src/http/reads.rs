//! `/v1/rooms/{room}/reads`: how far the users of a room have read.

use roomcast_protocol::{Epoch, RoomName, Seq, UserId};
use serde::Serialize;

use super::api::Answer;
use super::call::{Call, answer};
use super::paging::Users;

/// A page of a room's read marks.
#[derive(Serialize)]
struct Reads {
    room: RoomName,
    marks: Vec<Mark>,
    more: bool,
}

/// How far somebody has read.
#[derive(Serialize)]
struct Mark {
    user: UserId,
    /// In which life of the log.
    epoch: Epoch,
    seq: Seq,
}

/// `GET /v1/rooms/{room}/reads`
pub(super) async fn list(call: Call) -> Answer {
    let room: RoomName = call.name(0)?;
    let Users { after, limit } = Users::of(&call)?;
    let page = call.node.reads(&room, after.as_ref(), limit).await?;
    let marks = page.marks.into_iter().map(|(user, mark)| Mark {
        user,
        epoch: mark.epoch,
        seq: mark.seq,
    });
    Ok(answer(&Reads {
        room,
        marks: marks.collect(),
        more: page.more,
    }))
}
