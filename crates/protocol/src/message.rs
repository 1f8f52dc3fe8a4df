//! How far downstream a message is, in types: a `Draft` has been let in, a `Message` has been
//! stamped and kept. What a member receives is made from a `Message` and from nothing else.
//!
//! The body is encoded once, where the message enters the cluster, and stays those bytes through
//! the log and the feed; the stamp is put in front of it.

use std::fmt::Write as _;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::MessageId;
use crate::json::Json;
use crate::names::{DisplayName, IdempotencyKey, RoomName, UserId};
use crate::position::Position;
use crate::trace::TraceContext;
use crate::{Chat, object};

/// What a sender said, before it is encoded.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Said {
    /// The message's id.
    pub id: MessageId,
    /// Who says it.
    pub from: UserId,
    /// How they are shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<DisplayName>,
    /// To whom, if it is a direct message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<UserId>,
    /// The text.
    pub message: String,
    /// What the application added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Json>,
    /// The sender's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<IdempotencyKey>,
}

/// What was said, encoded: the tail of the `chat` frame after its stamp. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Body(Arc<str>);

impl Body {
    /// Takes back a body that a log kept. `None` if it is none: the log is corrupt there.
    pub fn from_log(text: &str) -> Option<Self> {
        let mut reader = serde_json::Deserializer::from_str(text);
        object::only::<Said, _>(&mut reader).ok()?;
        reader.end().ok()?;
        serde_json::from_str::<Unstamped>(text).ok()?;
        // The stamp is put right behind the brace.
        text.starts_with("{\"").then(|| Self(text.into()))
    }

    /// The body as JSON text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A body that brings none of the stamp's fields along: with one of them doubled, the frame that
/// [`Message::encode`] makes would be one that no client takes.
#[derive(Deserialize)]
struct Unstamped {
    #[serde(default, rename = "type")]
    _kind: Absent,
    #[serde(default, rename = "room")]
    _room: Absent,
    #[serde(default, rename = "epoch")]
    _epoch: Absent,
    #[serde(default, rename = "seq")]
    _seq: Absent,
    #[serde(default, rename = "timestamp")]
    _timestamp: Absent,
}

/// A field that is not there; one that is there is refused, whatever it holds.
#[derive(Default)]
struct Absent;

impl<'de> Deserialize<'de> for Absent {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(serde::de::Error::custom(
            "a body holds a field of the stamp",
        ))
    }
}

/// A message that was let in and waits to be stamped.
#[derive(Clone, PartialEq, Debug)]
pub struct Draft {
    /// Where it goes.
    pub room: RoomName,
    /// Who says it; a retry is recognised by this and the key.
    pub from: UserId,
    /// The sender's key, if a retry is to be recognised.
    pub key: Option<IdempotencyKey>,
    /// Its id, should it be the first with its key.
    pub id: MessageId,
    /// What is said.
    pub body: Body,
    /// The span it is published in, where its trace is recorded. Boxed: hardly any message has one.
    pub trace: Option<Box<TraceContext>>,
}

impl Draft {
    /// The draft of `said` for `room`.
    pub fn new(room: RoomName, said: &Said) -> Self {
        let text = serde_json::to_string(said).expect("a Said has string keys only");
        Self {
            room,
            from: said.from.clone(),
            key: said.key.clone(),
            id: said.id,
            body: Body(text.into()),
            trace: None,
        }
    }
}

/// A message that was stamped and kept.
#[derive(Clone, PartialEq, Debug)]
pub struct Message {
    /// The room it was said in.
    pub room: RoomName,
    /// Where it stands.
    pub position: Position,
    /// The proof of where it stands.
    pub id: MessageId,
    /// When the log stamped it, in milliseconds since the Unix epoch.
    pub timestamp_ms: u64,
    /// What was said.
    pub body: Body,
    /// The span it was published in, where its trace is recorded. Clients are not told.
    pub trace: Option<Box<TraceContext>>,
}

impl Message {
    /// The `chat` frame: the stamp, then the body's own bytes.
    pub fn encode(&self) -> String {
        let body = self.body.as_str();
        let mut frame = String::with_capacity(128 + self.room.as_str().len() + body.len());
        // None of these needs escaping: see `names` and `ids`.
        write!(
            frame,
            r#"{{"type":"chat","room":"{}","epoch":"{}","seq":{},"timestamp":{},{}"#,
            self.room,
            self.position.epoch,
            self.position.seq,
            self.timestamp_ms,
            &body[1..],
        )
        .expect("writing to a String never fails");
        frame
    }

    /// The same as a JSON value, for lists of messages.
    pub fn to_json(&self) -> Json {
        Json::parse(self.encode()).expect("an encoded message is JSON")
    }

    /// The same, decoded.
    pub fn to_chat(&self) -> Chat {
        serde_json::from_str(&self.encode()).expect("an encoded message is a chat")
    }
}
