//! What a caller says to a room or to a user, and what it asks when it joins.

use roomcast_protocol::{Chat, Epoch, IdempotencyKey, Json, Member, RoomName, Since, UserId};

/// A message to be said.
#[derive(Clone, PartialEq, Debug)]
pub struct Outgoing {
    /// To whom.
    pub(crate) to: Recipient,
    pub(crate) message: String,
    pub(crate) data: Option<Json>,
    pub(crate) key: Option<IdempotencyKey>,
    pub(crate) deadline_ms: Option<u64>,
}

/// Where a message goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Recipient {
    Room(RoomName),
    User(UserId),
}

impl Recipient {
    /// The room whose order the message keeps.
    pub(crate) fn room(&self) -> RoomName {
        match self {
            Self::Room(room) => room.clone(),
            Self::User(user) => RoomName::inbox(user),
        }
    }
}

impl Outgoing {
    /// A message to everyone in `room`.
    pub fn to_room(room: RoomName, message: impl Into<String>) -> Self {
        Self::to(Recipient::Room(room), message.into())
    }

    /// A direct message to `user`.
    pub fn to_user(user: UserId, message: impl Into<String>) -> Self {
        Self::to(Recipient::User(user), message.into())
    }

    fn to(to: Recipient, message: String) -> Self {
        Self {
            to,
            message,
            data: None,
            key: None,
            deadline_ms: None,
        }
    }

    /// Adds application data.
    #[must_use]
    pub fn data(mut self, data: Json) -> Self {
        self.data = Some(data);
        self
    }

    /// Uses this key instead of a random one: a message said earlier with it is not said twice.
    #[must_use]
    pub fn key(mut self, key: IdempotencyKey) -> Self {
        self.key = Some(key);
        self
    }

    /// Gives up after so many milliseconds. Without it, the client goes on trying as long as it
    /// runs and the key makes that safe.
    #[must_use]
    pub fn deadline_ms(mut self, deadline_ms: u64) -> Self {
        self.deadline_ms = Some(deadline_ms);
        self
    }
}

/// What is wanted when joining a room.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct JoinOptions {
    /// How many of the latest messages are wanted. Not looked at with `since`.
    pub history: Option<u32>,
    /// Continue from here: what came after it is wanted. From an earlier
    /// [`crate::Client::position`].
    pub since: Option<Since>,
}

/// A page of what was said, in order.
#[derive(Clone, PartialEq, Debug)]
pub struct Page {
    /// The room.
    pub room: RoomName,
    /// The life of its log.
    pub epoch: Epoch,
    /// The messages.
    pub messages: Vec<Chat>,
    /// Whether the log has more in the direction asked.
    pub more: bool,
}

/// A page of who is in a room, in the order of user ids as bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MembersPage {
    /// The room.
    pub room: RoomName,
    /// It begins after this user, or with the first one.
    pub after: Option<UserId>,
    /// Users in the room.
    pub count: u64,
    /// The page.
    pub members: Vec<Member>,
    /// Whether there are users after these.
    pub more: bool,
}

/// Which page is wanted: before a position, after one, or the latest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PageOf {
    /// The latest messages.
    Latest,
    /// What stands before this.
    Before(roomcast_protocol::Seq),
    /// What stands after this.
    After(roomcast_protocol::Seq),
}
