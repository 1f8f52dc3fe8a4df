//! What the client tells its caller, and the stream on which it does.
//!
//! Keeps true: per room, messages come in order, each once, and what is missing is told by
//! [`Event::Gap`] or by [`JoinedRoom`]. The stream is bounded: while it is full, the socket is not
//! read, so a slow caller slows its own server session and nothing else grows. Acks come over the
//! same socket, so whoever awaits an ack and never takes events waits too.

use roomcast_protocol::{
    Chat, Epoch, GapRange, Member, NodeId, Position, ReadMark, RoomName, Seq, SessionId,
    TypingSeen, UserId, UserJoined, UserLeft, WireLimits,
};
use tokio::sync::mpsc;

use crate::error::{End, Error};

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
    /// In a room: at first, and again after each reconnect.
    Joined(Box<JoinedRoom>),
    /// A room could not be joined again after a reconnect, and is given up.
    RoomLost {
        /// The room.
        room: RoomName,
        /// What the server said.
        error: Error,
    },
    /// A message.
    Chat(Box<Chat>),
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
    /// A user types, or has stopped.
    Typing(TypingSeen),
    /// A user has read.
    Read(ReadMark),
    /// The client has stopped for good; nothing follows.
    Closed {
        /// Why.
        reason: End,
    },
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
    /// Some or all of them, if the server told.
    pub members: Option<Vec<Member>>,
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
