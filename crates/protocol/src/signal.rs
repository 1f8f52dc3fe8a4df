//! What nodes tell each other through a room's channel and the log never keeps: who came and went,
//! who types, who has read; and orders to the nodes that hold a user's sessions.
//!
//! A signal is not a frame: what members receive of it, and whether they do, is for the node that
//! hears it to decide.

use serde::{Deserialize, Serialize};

use crate::ids::SessionId;
use crate::names::RoomName;
use crate::people::{ReadMark, TypingSeen, UserJoined, UserLeft};

/// Something told to the nodes that listen to a room.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "signal", rename_all = "snake_case")]
pub enum Signal {
    /// A user's first session came in.
    Joined {
        /// Who and where.
        #[serde(flatten)]
        user: UserJoined,
        /// Which change of who is in the room this is.
        revision: u64,
    },
    /// A user's last session went out.
    Left {
        /// Who and where.
        #[serde(flatten)]
        user: UserLeft,
        /// Which change of who is in the room this is.
        revision: u64,
    },
    /// A user types, or has stopped.
    Typing(TypingSeen),
    /// A user has read up to here.
    Read(ReadMark),
    /// An order to whoever holds sessions of the user whose inbox this is told to.
    Control(Control),
}

/// An order about a user's sessions, on whatever nodes they are.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Control {
    /// The user's inbox, where every session of theirs is heard of.
    pub room: RoomName,
    /// What is to be done.
    pub order: Order,
}

/// What is to be done with a user's sessions.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Close them.
    Disconnect {
        /// This one only.
        session: Option<SessionId>,
        /// The close code.
        code: u16,
        /// The close reason, at most 123 bytes.
        reason: String,
    },
    /// Take them out of a room.
    Remove {
        /// The room.
        from: RoomName,
        /// If they are banned from it: until when, in milliseconds since the Unix epoch.
        banned_until_ms: Option<u64>,
    },
}

impl Signal {
    /// The room it is told to.
    pub fn room(&self) -> &RoomName {
        match self {
            Self::Joined { user, .. } => &user.room,
            Self::Left { user, .. } => &user.room,
            Self::Typing(typing) => &typing.room,
            Self::Read(read) => &read.room,
            Self::Control(control) => &control.room,
        }
    }

    /// As it travels.
    pub fn encode(&self) -> String {
        serde_json::to_string(self).expect("signals have string keys only")
    }

    /// Reads a signal back; `None` if the text is none that this version knows.
    pub fn decode(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}
