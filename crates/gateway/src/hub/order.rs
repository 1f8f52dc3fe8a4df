//! What sessions ask of the hub.

use std::collections::HashSet;
use std::sync::Arc;

use roomcast_presence::ReadMark;
use roomcast_protocol::{Refusal, RequestId, RoomName, SessionId, Since, UserId};
use tokio::sync::oneshot;
use tokio::time::Instant;

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
        /// Told when it is.
        done: oneshot::Sender<()>,
    },
    /// Take a user's sessions out of a room.
    TakeOut {
        /// Where.
        room: RoomName,
        /// Whom.
        user: UserId,
        /// If they are banned: until when, in milliseconds since the Unix epoch.
        banned_until_ms: Option<u64>,
    },
    /// Look up bans where any of these users is.
    CheckBans(Arc<HashSet<UserId>>),
    /// Tell a member who is there.
    Who(WhoRequest),
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
    /// The request's id; none for an inbox that nobody asked for.
    pub(crate) id: Option<RequestId>,
    /// When it was asked for, before presence was.
    pub(crate) asked_at: Instant,
    /// The change of who is in the room that let the user in; `None` if that is not known.
    pub(crate) revision: Option<u64>,
    /// How far the user has read.
    pub(crate) own_mark: OwnMark,
    /// Told when the session is a member; `joined` is in its outbox then.
    pub(crate) done: oneshot::Sender<Result<Arc<Mark>, Refusal>>,
}

/// How far a joiner's user has read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum OwnMark {
    /// Presence did not say.
    Unknown,
    /// They never did.
    Never,
    /// Up to here.
    At(ReadMark),
}

/// A member that asks who is there.
pub(crate) struct WhoRequest {
    /// The room.
    pub(crate) room: RoomName,
    /// The request's id.
    pub(crate) id: RequestId,
    /// Only who stands behind this user.
    pub(crate) after: Option<UserId>,
    /// At most so many.
    pub(crate) limit: usize,
    /// Where the answer goes.
    pub(crate) outbox: Outbox,
    /// Told whether the answer is in the outbox; otherwise presence must be asked.
    pub(crate) done: oneshot::Sender<bool>,
}
