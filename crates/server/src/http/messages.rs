//! `/v1/rooms/{room}/messages` and `/v1/users/{user}/messages`: what back ends say and read.

use http::StatusCode;
use roomcast_gateway::{Page, Saying};
use roomcast_protocol::{
    DisplayName, Epoch, ErrorCode, Json, Message, MessageId, Refusal, RoomName, Seq, UserId,
};
use serde::{Deserialize, Serialize};

use super::api::Answer;
use super::call::{Call, answer};
use super::paging::Positions;
use super::problem;

/// A message to be said.
#[derive(Deserialize)]
struct NewMessage {
    from: UserId,
    name: Option<DisplayName>,
    message: String,
    data: Option<Json>,
}

/// Where it was kept.
#[derive(Serialize)]
struct Kept {
    room: RoomName,
    epoch: Epoch,
    seq: Seq,
    id: MessageId,
    timestamp: u64,
    duplicate: bool,
}

/// A page of a room.
#[derive(Serialize)]
struct Messages {
    room: RoomName,
    epoch: Epoch,
    /// The last position given in the room.
    seq: Seq,
    messages: Vec<Json>,
    more: bool,
}

/// `POST /v1/rooms/{room}/messages`
pub(super) async fn say_in_room(call: Call) -> Answer {
    let room: RoomName = call.name(0)?;
    if room.is_inbox() {
        // There a message without `to` would be one that nobody can place.
        return Err(Refusal::new(
            ErrorCode::NotAllowed,
            "write to an inbox through /v1/users/{user}/messages",
        ));
    }
    say(&call, room, None).await
}

/// `POST /v1/users/{user}/messages`
pub(super) async fn say_to_user(call: Call) -> Answer {
    let user: UserId = call.name(0)?;
    say(&call, RoomName::inbox(&user), Some(user)).await
}

/// `GET /v1/rooms/{room}/messages`
pub(super) async fn read(call: Call) -> Answer {
    let room: RoomName = call.name(0)?;
    let Positions {
        before,
        after,
        limit,
    } = Positions::of(&call)?;
    let page = call.node.page(&room, before, after, limit).await?;
    Ok(match page {
        Some(page) => answer(&Messages::of(room, &page)),
        None => problem::plain(StatusCode::NOT_FOUND, "nothing was ever said in this room"),
    })
}

async fn say(call: &Call, room: RoomName, to: Option<UserId>) -> Answer {
    let [] = call.query([])?;
    let key = call.idempotency_key()?;
    let NewMessage {
        from,
        name,
        message,
        data,
    } = call.body()?;
    let saying = Saying {
        from,
        name,
        to,
        message,
        data,
        key,
    };
    let published = call.node.say(room.clone(), saying, call.caller()).await?;
    Ok(answer(&Kept {
        room,
        epoch: published.position.epoch,
        seq: published.position.seq,
        id: published.id,
        timestamp: published.timestamp_ms,
        duplicate: published.duplicate,
    }))
}

impl Messages {
    fn of(room: RoomName, page: &Page) -> Self {
        Self {
            room,
            epoch: page.head.epoch,
            seq: page.head.seq,
            messages: page.messages.iter().map(Message::to_json).collect(),
            more: page.more,
        }
    }
}
