//! What sessions ask of the hub.

use std::sync::Arc;

use roomcast_protocol::{Member, Refusal, RequestId, RoomName, SessionId, Since, UserId};
use tokio::sync::oneshot;

use super::mark::Mark;
use crate::outbox::Outbox;

/// An order to the relay of a room.
pub(super) enum Order {
    /// Make a session a member.
    Join(JoinRequest),
    /// Make it one no more.
    Leave {
        /// Where.
        room: RoomName,
        /// Which.
        session: SessionId,
    },
    /// A member that was behind has space again.
    Refill {
        /// Where.
        room: RoomName,
        /// Which.
        session: SessionId,
    },
}

/// A session that wants into a room, and what its `joined` will say.
pub(crate) struct JoinRequest {
    /// The room.
    pub(crate) room: RoomName,
    /// The session.
    pub(crate) session: SessionId,
    /// Whose it is.
    pub(crate) user: UserId,
    /// Where its frames go.
    pub(crate) outbox: Outbox,
    /// The last position it saw.
    pub(crate) since: Option<Since>,
    /// Without that: how many of the latest messages it wants.
    pub(crate) history: usize,
    /// The request's id.
    pub(crate) id: RequestId,
    /// Users in the room.
    pub(crate) count: u64,
    /// Some or all of them.
    pub(crate) members: Option<Vec<Member>>,
    /// Told when the session is a member; `joined` is in its outbox then.
    pub(crate) done: oneshot::Sender<Result<Arc<Mark>, Refusal>>,
}
