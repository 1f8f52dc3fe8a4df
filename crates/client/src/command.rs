//! What a handle asks of the client's task, and what it gets back.

use roomcast_protocol::{Ack, RoomName, Seq, Since, UserId};
use tokio::sync::oneshot;

use crate::error::Error;
use crate::event::JoinedRoom;
use crate::outgoing::{JoinOptions, MembersPage, Outgoing, Page, PageOf};

/// What callers send to the task.
#[derive(Debug)]
pub(crate) enum Ask {
    Do {
        /// Boxed, so that the queue of thousands of clients stays small.
        command: Box<Command>,
        reply: Reply,
    },
    /// Stop; the reply comes when the connection is closed.
    Close { reply: oneshot::Sender<()> },
}

/// Where one answer goes. A caller that doesn't wait any more is no reason to stop.
pub(crate) type Reply = oneshot::Sender<Result<Answer, Error>>;

/// One request of a caller.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Command {
    Join {
        room: RoomName,
        options: JoinOptions,
    },
    Leave {
        room: RoomName,
    },
    Say(Outgoing),
    Typing {
        room: RoomName,
        typing: bool,
    },
    Read {
        room: RoomName,
        seq: Seq,
    },
    Who {
        room: RoomName,
        after: Option<UserId>,
        limit: Option<u32>,
    },
    History {
        room: RoomName,
        of: PageOf,
        limit: Option<u32>,
    },
    Authenticate {
        token: String,
    },
    Position {
        room: RoomName,
    },
}

/// What became of it. Each command has its own kind of answer.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Answer {
    Joined(Box<JoinedRoom>),
    Acked(Ack),
    Members(MembersPage),
    Page(Page),
    Position(Option<Since>),
    Done,
}
