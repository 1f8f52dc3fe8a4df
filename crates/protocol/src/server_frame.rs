//! What a server may say: one type a frame.

use serde::{Deserialize, Serialize};

use crate::chat::Chat;
use crate::ids::{Epoch, NodeId, SessionId};
use crate::json::Json;
use crate::names::{RoomName, UserId};
use crate::people::{
    Member, Members, PresenceNews, ReadMark, Reads, TypingNews, TypingSeen, Typists, UserJoined,
    UserLeft,
};
use crate::position::Seq;
use crate::refusal::Refusal;
use crate::request::RequestId;

/// A frame from a server.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// The session is open.
    Connected(Connected),
    /// The session is in a room.
    Joined(Joined),
    /// A message is kept.
    Ack(Ack),
    /// A message.
    Chat(Box<Chat>),
    /// A user came.
    UserJoined(UserJoined),
    /// A user went.
    UserLeft(UserLeft),
    /// Who came and went in a large room.
    Presence(PresenceNews),
    /// A user types, or has stopped.
    Typing(TypingSeen),
    /// Who types now.
    Typists(Typists),
    /// A user has read.
    Read(ReadMark),
    /// Users of a large room have read.
    Reads(Reads),
    /// Positions that will not be delivered.
    Gap(Gap),
    /// Who is there.
    Members(Members),
    /// What was said.
    History(HistoryPage),
    /// Done.
    Ok(Ok),
    /// A sign of life.
    Pong(Pong),
    /// Come back to another node.
    Reconnect(Reconnect),
    /// A refusal.
    Error(ErrorFrame),
}

/// `connected`: the first frame of every session.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Connected {
    /// The session's id.
    pub session: SessionId,
    /// Whose session it is.
    pub user: UserId,
    /// The node that holds it.
    pub node: NodeId,
    /// The wire's version.
    pub protocol: u32,
    /// How often the server looks for a sign of life, in milliseconds.
    pub heartbeat_ms: u64,
    /// The node's clock, in milliseconds since the Unix epoch.
    pub server_time: u64,
    /// What the server takes.
    pub limits: WireLimits,
}

/// The limits a client should know.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WireLimits {
    /// The largest frame, in bytes.
    pub frame_bytes_max: u64,
    /// The longest `message`, in bytes of UTF-8.
    pub message_bytes_max: u64,
    /// The largest `data`, in bytes of JSON.
    pub data_bytes_max: u64,
    /// Rooms a session may be in.
    pub rooms_max: u32,
    /// The longest page of messages.
    pub page_messages_max: u32,
}

/// `joined`: the session is in a room, and live after `seq`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Joined {
    /// The request; none when a session comes into its own inbox, which it need not ask for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<RequestId>,
    /// The room.
    pub room: RoomName,
    /// The life of its log.
    pub epoch: Epoch,
    /// The last position covered by `messages` and `gap`: the next `chat` has `seq + 1`.
    pub seq: Seq,
    /// Whether nothing since the client's position was lost. False without `since`.
    pub recovered: bool,
    /// In order, after the gap if there is one: each a `chat` frame.
    pub messages: Vec<Json>,
    /// What the log can't give any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<GapRange>,
    /// Users in the room.
    pub count: u64,
    /// Some or all of them, in the order of their ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<Member>>,
    /// Who types, if anybody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub typing: Option<TypingNews>,
    /// How far the session's user has read in this epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<Seq>,
    /// How many messages stand behind that, up to the head of the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<u64>,
}

/// A range of positions, ends included. Where `to` is `from - 1`, no position is missing but
/// continuity could not be vouched for: the epoch changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct GapRange {
    /// The first position that will not come.
    pub from: Seq,
    /// The last one.
    pub to: Seq,
}

/// `ack`: the message is kept at this position.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ack {
    /// The request.
    pub id: RequestId,
    /// Where it was said; for a `direct`, the inbox it landed in.
    pub room: RoomName,
    /// The life of the room's log.
    pub epoch: Epoch,
    /// Its place there.
    pub seq: Seq,
    /// When it was stamped, in milliseconds since the Unix epoch.
    pub timestamp: u64,
    /// Whether it had been said before, with the same key.
    pub duplicate: bool,
}

/// `gap`: these positions will not be delivered; the next `chat` has `to + 1` in this epoch.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Gap {
    /// The room.
    pub room: RoomName,
    /// The life of the log the positions are in. Another than before: the log began anew.
    pub epoch: Epoch,
    /// The first position that will not come.
    pub from: Seq,
    /// The last one; `from - 1` if only continuity is lost.
    pub to: Seq,
}

/// `history`: a page, in order.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct HistoryPage {
    /// The request.
    pub id: RequestId,
    /// The room.
    pub room: RoomName,
    /// The life of its log.
    pub epoch: Epoch,
    /// Each a `chat` frame.
    pub messages: Vec<Json>,
    /// Whether the log has more in the direction asked.
    pub more: bool,
}

/// `ok`: a request without an answer of its own is done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ok {
    /// The request.
    pub id: RequestId,
}

/// `pong`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Pong {
    /// The request.
    pub id: RequestId,
    /// The node's clock, in milliseconds since the Unix epoch.
    pub server_time: u64,
}

/// `reconnect`: the connection will be closed; come back after a while.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reconnect {
    /// In how many milliseconds; spread over the node's sessions.
    pub after_ms: u64,
    /// Why.
    pub reason: String,
}

/// `error`: a refusal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ErrorFrame {
    /// The request, where it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<RequestId>,
    /// The room, where the request named several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomName>,
    /// The number of the error; see [`crate::ERROR_CODES`].
    pub code: u16,
    /// A sentence for the developer.
    pub message: String,
    /// When to try again, in milliseconds from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

impl ErrorFrame {
    /// The frame that tells `refusal` to the one who asked `id`.
    pub fn new(id: Option<RequestId>, refusal: Refusal) -> Self {
        Self {
            id,
            room: None,
            code: refusal.code.number(),
            message: refusal.message.into_owned(),
            retry_after_ms: refusal.retry_after_ms,
        }
    }
}
