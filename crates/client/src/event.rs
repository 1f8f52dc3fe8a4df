//! What the client tells its caller, and the stream on which it does.
//!
//! Keeps true: per room, messages come in order, each once, and what is missing is told by
//! [`Event::Gap`] or by [`JoinedRoom`]. The stream is bounded: while it is full, the socket is not
//! read, so a slow caller slows its own server session and nothing else grows. Acks come over the
//! same socket, so whoever awaits an ack and never takes events waits too.

use roomcast_protocol::{
    Chat, Epoch, GapRange, Member, NodeId, Position, PresenceNews, ReadMark, Reads, RoomName, Seq,
    SessionId, TypingNews, TypingSeen, Typists, UserId, UserJoined, UserLeft, WireLimits,
};
use tokio::sync::mpsc;

use crate::error::{End, Error};
use crate::outgoing::MembersPage;

/// Something that happened.
#[derive(Clone, PartialEq, Debug)]
pub enum Event {
    /// A connection is up. Rooms come back right after, each with its own [`Event::Joined`].
    Connected {
        /// The session, new for each connection.
        session: SessionId,
        /// Who the server says we are.
        user: UserId,
        /// The node that holds it.
        node: NodeId,
        /// What the server takes.
        limits: WireLimits,
    },
    /// The connection was lost, or could not be made; the client will try again.
    Disconnected {
        /// The WebSocket close code, if the server said one.
        code: Option<u16>,
        /// What happened, for people.
        reason: String,
        /// In how many milliseconds the next attempt begins.
        retry_in_ms: u64,
    },
    /// In a room: at first, and again after each reconnect. The user's own inbox is among them,
    /// without having been joined.
    Joined(Box<JoinedRoom>),
    /// One is no longer in a room, and it is given up: it could not be joined again after a
    /// reconnect, the back end took the user out (205) or banned them (204), or their token no
    /// longer opens it (200). It may be joined anew.
    RoomLost {
        /// The room.
        room: RoomName,
        /// What the server said.
        error: Error,
    },
    /// A message in a room.
    Chat(Box<Chat>),
    /// A direct message: one in the user's own inbox, from another user or, where `from` is the
    /// user, from one of their own sessions. `to` tells to whom.
    Direct(Box<Chat>),
    /// Messages that will not come.
    Gap {
        /// The room.
        room: RoomName,
        /// The life of the log the positions are in. Another than before: the log began anew.
        epoch: Epoch,
        /// The first position that will not come.
        from: Seq,
        /// The last one; `from - 1` if only continuity is lost.
        to: Seq,
    },
    /// A user came.
    UserJoined(UserJoined),
    /// A user went.
    UserLeft(UserLeft),
    /// Who came and went in a large room; without names, only how many are there now.
    Presence(PresenceNews),
    /// A page of who is in a room, as [`crate::Client::who_page`] got it: told here too, so that it
    /// has its place among the comings and goings.
    Members(MembersPage),
    /// A user types, or has stopped.
    Typing(TypingSeen),
    /// Who types now, in place of what was told before; without names, how many.
    Typists(Typists),
    /// A user has read; it may be oneself, in another session.
    Read(ReadMark),
    /// Users of a large room have read.
    Reads(Reads),
    /// The client has stopped for good; nothing follows.
    Closed {
        /// Why.
        reason: End,
    },
}

impl Event {
    /// The room it is about, if it is about one.
    pub fn room(&self) -> Option<&RoomName> {
        match self {
            Self::Joined(joined) => Some(&joined.room),
            Self::RoomLost { room, .. } | Self::Gap { room, .. } => Some(room),
            Self::Chat(chat) | Self::Direct(chat) => Some(&chat.room),
            Self::UserJoined(joined) => Some(&joined.room),
            Self::UserLeft(left) => Some(&left.room),
            Self::Presence(news) => Some(&news.room),
            Self::Members(page) => Some(&page.room),
            Self::Typing(seen) => Some(&seen.room),
            Self::Typists(typists) => Some(&typists.room),
            Self::Read(mark) => Some(&mark.room),
            Self::Reads(reads) => Some(&reads.room),
            Self::Connected { .. } | Self::Disconnected { .. } | Self::Closed { .. } => None,
        }
    }
}

/// How one came, or came back, into a room.
#[derive(Clone, PartialEq, Debug)]
pub struct JoinedRoom {
    /// The room.
    pub room: RoomName,
    /// The last position covered: by messages seen earlier, by those that follow this event, or
    /// by the gap.
    pub position: Position,
    /// Whether this continues from an earlier position: after a reconnect, or by
    /// [`crate::JoinOptions::since`].
    pub resumed: bool,
    /// With `resumed`: whether nothing was lost in between.
    pub recovered: bool,
    /// What the log could not give any more. Not told again as [`Event::Gap`].
    pub gap: Option<GapRange>,
    /// Users in the room.
    pub count: u64,
    /// The first of them in the order of their ids, or all, if the server told.
    pub members: Option<Vec<Member>>,
    /// Who types, if anybody does.
    pub typing: Option<TypingNews>,
    /// How far the user has read in this epoch, if they have.
    pub read: Option<Seq>,
    /// How many messages stand behind that, up to the end of the log, if the server told.
    pub unread: Option<u64>,
}

/// The stream of events. Dropping it lets the client go on without telling anyone.
#[derive(Debug)]
pub struct Events {
    receiver: mpsc::Receiver<Event>,
}

impl Events {
    pub(crate) fn new(receiver: mpsc::Receiver<Event>) -> Self {
        Self { receiver }
    }

    /// The next event; `None` after [`Event::Closed`]. May be dropped while it waits; no event is
    /// lost by that.
    pub async fn next(&mut self) -> Option<Event> {
        self.receiver.recv().await
    }

    /// An event that is there already.
    pub fn try_next(&mut self) -> Option<Event> {
        self.receiver.try_recv().ok()
    }
}
