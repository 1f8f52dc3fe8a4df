//! What a client may say: one type a verb.
//!
//! Sizes that the operator sets (message bytes, rooms per join, page lengths) are the gateway's to
//! check; what is checked here is the shape.

use serde::{Deserialize, Serialize};

use crate::json::Json;
use crate::names::{IdempotencyKey, RoomName, UserId};
use crate::object;
use crate::position::{Seq, Since};
use crate::request::RequestId;

/// A frame from a client.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientFrame {
    /// Come into rooms.
    Join(Join),
    /// Go out of a room.
    Leave(Leave),
    /// Say something to a room.
    Chat(Say),
    /// Say something to one user.
    Direct(Direct),
    /// Tell that one types.
    Typing(TypingNow),
    /// Tell how far one has read.
    Read(Read),
    /// Ask who is there.
    Who(Who),
    /// Ask for what was said.
    History(History),
    /// Present a fresh token.
    Auth(Auth),
    /// Ask for a sign of life.
    Ping(Ping),
}

/// `join`: the long form lists rooms, the short form names one beside the id.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Join {
    /// Echoed in each `joined`.
    pub id: RequestId,
    /// At least one.
    pub rooms: Vec<JoinRoom>,
}

/// One room to come into.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct JoinRoom {
    /// Its name.
    pub room: RoomName,
    /// The last position seen there: what came after it is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Since>,
    /// Without `since`: how many of the latest messages are wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<u32>,
}

/// `leave`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Leave {
    /// Echoed in `ok`.
    pub id: RequestId,
    /// The room to leave.
    pub room: RoomName,
}

/// `chat`: a message to a room.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Say {
    /// Echoed in `ack`.
    pub id: RequestId,
    /// Where to say it.
    pub room: RoomName,
    /// The text.
    pub message: String,
    /// Application data, passed on untouched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Json>,
    /// Makes a retry safe for five minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<IdempotencyKey>,
}

/// `direct`: a message to one user.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Direct {
    /// Echoed in `ack`.
    pub id: RequestId,
    /// The user.
    pub to: UserId,
    /// The text.
    pub message: String,
    /// Application data, passed on untouched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Json>,
    /// Makes a retry safe for five minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<IdempotencyKey>,
}

/// `typing`: never answered.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TypingNow {
    /// Where.
    pub room: RoomName,
    /// Whether one types, or has stopped.
    pub typing: bool,
}

/// `read`: a watermark.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Read {
    /// If given, `ok` answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<RequestId>,
    /// The room.
    pub room: RoomName,
    /// The highest position read.
    pub seq: Seq,
}

/// `who`: a page of the users in a room, in the order of their ids.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Who {
    /// Echoed in `members`.
    pub id: RequestId,
    /// The room.
    pub room: RoomName,
    /// Only who stands after this user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<UserId>,
    /// At most so many; the server may give fewer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// `history`: a page before or after a position, or the latest.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct History {
    /// Echoed in the answer.
    pub id: RequestId,
    /// The room.
    pub room: RoomName,
    /// Only what stands before this; not together with `after`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Seq>,
    /// Only what stands after this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Seq>,
    /// At most so many; the server may give fewer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// `auth`: a fresh token for the same user.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Auth {
    /// Echoed in `ok`.
    pub id: RequestId,
    /// The token.
    pub token: String,
}

/// `ping`: for clients that can't send WebSocket pings, as browsers can't.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Ping {
    /// Echoed in `pong`.
    pub id: RequestId,
}

/// `join` as it is written: both forms.
#[derive(Deserialize)]
pub(crate) struct JoinOnTheWire {
    id: RequestId,
    #[serde(default, deserialize_with = "join_rooms")]
    rooms: Option<Vec<JoinRoom>>,
    room: Option<RoomName>,
    since: Option<Since>,
    history: Option<u32>,
}

fn join_rooms<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<JoinRoom>>, D::Error> {
    object::list(deserializer).map(Some)
}

impl TryFrom<JoinOnTheWire> for Join {
    type Error = &'static str;

    fn try_from(wire: JoinOnTheWire) -> Result<Self, Self::Error> {
        let JoinOnTheWire {
            id,
            rooms,
            room,
            since,
            history,
        } = wire;
        let rooms = match (rooms, room) {
            (Some(_), Some(_)) => return Err("join takes `rooms` or `room`, not both"),
            (None, None) => return Err("join needs `rooms` or `room`"),
            (Some(_), None) if since.is_some() || history.is_some() => {
                return Err("with `rooms`, `since` and `history` stand inside each room");
            }
            (Some(rooms), None) => rooms,
            (None, Some(room)) => vec![JoinRoom {
                room,
                since,
                history,
            }],
        };
        if rooms.is_empty() {
            return Err("join needs at least one room");
        }
        if rooms
            .iter()
            .any(|room| room.since.is_some() && room.history.is_some())
        {
            return Err("join takes `since` or `history`, not both");
        }
        Ok(Self { id, rooms })
    }
}
