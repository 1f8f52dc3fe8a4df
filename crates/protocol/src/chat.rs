//! The `chat` frame as clients read it.

use serde::{Deserialize, Serialize};

use crate::ids::{Epoch, MessageId};
use crate::json::Json;
use crate::names::{DisplayName, IdempotencyKey, RoomName, UserId};
use crate::position::{Position, Seq};

/// A message as members receive it, live and in `joined.messages` and `history.messages` alike.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Chat {
    /// The room it was said in.
    pub room: RoomName,
    /// The life of the room's log.
    pub epoch: Epoch,
    /// Its place there.
    pub seq: Seq,
    /// When the log stamped it, in milliseconds since the Unix epoch.
    pub timestamp: u64,
    /// Its id: the proof of its position.
    pub id: MessageId,
    /// Who said it.
    pub from: UserId,
    /// How they are shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<DisplayName>,
    /// To whom, if it is a direct message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<UserId>,
    /// The text.
    pub message: String,
    /// What the application added, untouched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Json>,
    /// The sender's key, by which they know their own message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<IdempotencyKey>,
}

impl Chat {
    /// Where it stands.
    pub fn position(&self) -> Position {
        Position {
            epoch: self.epoch,
            seq: self.seq,
        }
    }
}
