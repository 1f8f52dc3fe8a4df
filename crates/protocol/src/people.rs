//! Who is in a room, who types there and how far they have read: the frames that tell it.
//!
//! In large rooms these are summed up: [`PresenceNews`], [`Typists`] and [`Reads`].

use serde::{Deserialize, Serialize};

use crate::names::{DisplayName, RoomName, UserId};
use crate::position::Seq;
use crate::request::RequestId;

/// `user_joined`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UserJoined {
    /// The room.
    pub room: RoomName,
    /// Who came.
    pub user: UserId,
    /// How they are shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<DisplayName>,
    /// Users in the room now.
    pub count: u64,
}

/// `user_left`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UserLeft {
    /// The room.
    pub room: RoomName,
    /// Who went.
    pub user: UserId,
    /// How they were shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<DisplayName>,
    /// Users in the room now.
    pub count: u64,
}

/// `presence`: who came and went within a moment. Without names, only the count is known from here
/// on: a list held so far is no longer complete.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PresenceNews {
    /// The room.
    pub room: RoomName,
    /// Who came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joined: Vec<Member>,
    /// Who went.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<UserId>,
    /// Users in the room now.
    pub count: u64,
}

/// `typing`, as others see it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TypingSeen {
    /// The room.
    pub room: RoomName,
    /// Who types.
    pub user: UserId,
    /// Whether they type, or have stopped.
    pub typing: bool,
}

/// `typists`: who types now, in place of what was told before.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Typists {
    /// The room.
    pub room: RoomName,
    /// How many, and who.
    #[serde(flatten)]
    pub news: TypingNews,
}

/// Who types in a room.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TypingNews {
    /// How many users.
    pub count: u64,
    /// Who, unless they are too many to be named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<UserId>,
}

/// `read`, as others see it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReadMark {
    /// The room.
    pub room: RoomName,
    /// Who has read.
    pub user: UserId,
    /// The highest position read.
    pub seq: Seq,
}

/// `reads`: how far users of a large room have read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reads {
    /// The room.
    pub room: RoomName,
    /// Each user once.
    pub marks: Vec<UserMark>,
}

/// How far a user has read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UserMark {
    /// Who has read.
    pub user: UserId,
    /// The highest position read.
    pub seq: Seq,
}

/// `members`: the answer to `who`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Members {
    /// The request.
    pub id: RequestId,
    /// The room.
    pub room: RoomName,
    /// Users in the room.
    pub count: u64,
    /// Some or all of them, in the order of their ids.
    pub members: Vec<Member>,
    /// Whether there are users after these.
    pub more: bool,
}

/// A user in a room.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Member {
    /// Their id.
    pub user: UserId,
    /// How they are shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<DisplayName>,
}
