//! The port: what a keeper of presence can do, and what it promises.
//!
//! Keeps true for every keeper (the conformance suite asks it): a user with several sessions, on
//! one node or many, joins once and leaves when the last one is gone; a reload within the grace is
//! told by nobody; each change is told on exactly one node. Leaves the telling to the caller.

use async_trait::async_trait;
use roomcast_protocol::{DisplayName, Epoch, NodeId, RoomName, Seq, SessionId, UserId};
use roomcast_redis::LinkState;

/// A keeper of presence, as one node sees it. Object safe; share it in an `Arc`.
///
/// Dropping the last `Arc` without [`retire`](Presence::retire) is what a crash looks like: the
/// others notice within the lease.
#[async_trait]
pub trait Presence: Send + Sync {
    /// Enters a session into a room and returns how the room is then. Entering twice is entering
    /// once. Waits while the queue of [`Changes`](crate::Changes) is full.
    ///
    /// # Errors
    /// [`Unavailable`](PresenceError::Unavailable) and [`Refused`](PresenceError::Refused): the
    /// session is remembered all the same, and entered by the first beat that reaches the keeper.
    /// [`Full`](PresenceError::Full), [`Retired`](PresenceError::Retired) and
    /// [`Banned`](PresenceError::Banned): it is not; if a banned user's session was in, it is out.
    /// Who is in when they are banned stays until their sessions leave, also when presence has to
    /// be told anew.
    async fn enter(&self, room: &RoomName, occupant: &Occupant) -> Result<Entry, PresenceError>;

    /// Takes a session out of a room; one that is not in is no error. If no other session holds
    /// its user there, on any node, [`Change::Left`] comes out of `Changes` after the grace.
    ///
    /// # Errors
    /// [`Unavailable`](PresenceError::Unavailable) and the like say only that the keeper does not
    /// know yet; it is told later without being asked again.
    async fn leave(&self, room: &RoomName, session: SessionId) -> Result<(), PresenceError>;

    /// The users in a room in the order of their ids (as bytes), beginning after `after`, at most
    /// `limit` of them. Users in their grace are counted and listed.
    ///
    /// # Errors
    /// If the keeper can't be asked.
    async fn roster(
        &self,
        room: &RoomName,
        after: Option<&UserId>,
        limit: usize,
    ) -> Result<Roster, PresenceError>;

    /// The sessions that `user` has in their own inbox, on every node, ordered by node and id; at
    /// most `sessions_listed_max`. A caller that enters every session into its user's inbox learns
    /// here where they all are. In their grace a user has none. Those of a node that died stay
    /// until it is reaped.
    ///
    /// Only inboxes can be asked: in other rooms the keeper knows on which nodes a user is, so that
    /// closing one tab of two costs nothing there.
    ///
    /// # Errors
    /// If the keeper can't be asked.
    async fn sessions(&self, user: &UserId) -> Result<Sessions, PresenceError>;

    /// When `user` was last seen: the moment, in ms since the epoch by the keeper's clock, at which
    /// the last of their sessions left their inbox, or at which they were reaped there with a node
    /// that died. It is noted when they have left, so after the grace, and kept for
    /// `last_seen_ms`; `None` when they never were seen, or it is forgotten. Says nothing of a user
    /// who is here: ask [`sessions`](Presence::sessions) first.
    ///
    /// # Errors
    /// If the keeper can't be asked.
    async fn last_seen(&self, user: &UserId) -> Result<Option<u64>, PresenceError>;

    /// Notes that a user types, or no longer does. `Ok(true)` when the room should be told: a
    /// repeat within the configured interval says false, and so does an end that already was.
    /// Typing that is never ended comes out of `Changes` as [`Change::TypingEnded`].
    ///
    /// # Errors
    /// If the keeper can't be asked. The TTL ends what could not be ended.
    async fn typing(
        &self,
        room: &RoomName,
        user: &UserId,
        typing: bool,
    ) -> Result<bool, PresenceError>;

    /// At most `limit` of those who type now, in no promised order.
    ///
    /// # Errors
    /// If the keeper can't be asked.
    async fn typists(&self, room: &RoomName, limit: usize) -> Result<Vec<UserId>, PresenceError>;

    /// Moves how far a user has read. Never back inside an epoch; another epoch than the one last
    /// told begins anew. `Ok(Some(seq))` if it moved. The caller has bounded it by the head of the
    /// log, and epochs by the one that is current.
    ///
    /// # Errors
    /// If the keeper can't be asked.
    async fn read(
        &self,
        room: &RoomName,
        user: &UserId,
        epoch: Epoch,
        seq: Seq,
    ) -> Result<Option<Seq>, PresenceError>;

    /// How far a user has read. `None` if they never did, or it is forgotten.
    ///
    /// # Errors
    /// If the keeper can't be asked.
    async fn mark(&self, room: &RoomName, user: &UserId)
    -> Result<Option<ReadMark>, PresenceError>;

    /// The read marks of a room in the order of user ids (as bytes), beginning after `after`, at
    /// most `limit` of them. A page costs what it holds, not what the room has.
    ///
    /// # Errors
    /// If the keeper can't be asked.
    async fn marks(
        &self,
        room: &RoomName,
        after: Option<&UserId>,
        limit: usize,
    ) -> Result<Marks, PresenceError>;

    /// Bans a user from a room for `for_ms` from now, in place of any earlier ban; until when, in ms
    /// since the epoch by the keeper's clock. At least 1 ms, at most [`BAN_MS_MAX`]. From then on
    /// nobody [`enter`](Presence::enter)s as them, on any node; who is in is not taken out.
    ///
    /// # Errors
    /// [`Full`](PresenceError::Full) if the room has `bans_per_room_max` bans, or if the keeper
    /// can't be asked.
    async fn ban(&self, room: &RoomName, user: &UserId, for_ms: u64) -> Result<u64, PresenceError>;

    /// Ends a ban. Whether there was one.
    ///
    /// # Errors
    /// If the keeper can't be asked.
    async fn unban(&self, room: &RoomName, user: &UserId) -> Result<bool, PresenceError>;

    /// Until when a user is banned from a room, in ms since the epoch. `None` if they are not.
    ///
    /// # Errors
    /// If the keeper can't be asked.
    async fn banned(&self, room: &RoomName, user: &UserId) -> Result<Option<u64>, PresenceError>;

    /// Who is banned from a room now, in the order of user ids (as bytes), beginning after
    /// `after`, at most `limit` of them.
    ///
    /// # Errors
    /// If the keeper can't be asked.
    async fn bans(
        &self,
        room: &RoomName,
        after: Option<&UserId>,
        limit: usize,
    ) -> Result<Bans, PresenceError>;

    /// The node is leaving for good: whom only it holds leave at once and come out of `Changes`
    /// (keep reading it), and its lease is dropped. What is entered afterwards is refused. Gives
    /// up after one lease: then the others do it.
    async fn retire(&self);

    /// How its links to a store elsewhere stand now; none for a keeper that has none.
    fn links(&self) -> Vec<LinkState> {
        Vec::new()
    }
}

/// The longest ban, in ms: ten years.
pub const BAN_MS_MAX: u64 = 3_650 * 24 * 60 * 60 * 1_000;

/// A session that is to be in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occupant {
    /// The session; it stands for its user in as many rooms as it enters.
    pub session: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// How the user is shown. The last one told counts.
    pub name: Option<DisplayName>,
}

/// A room after somebody entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// How many distinct users are there.
    pub count: u64,
    /// The revision of the last change before this answer: a roster, or a replica, that has it or a
    /// later one has who entered, unless they left since. See [`Change`].
    pub revision: u64,
}

/// A page of the users in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roster {
    /// How many users are in the room, not only on this page.
    pub count: u64,
    /// The revision of the last change that the page and the count include; 0 if the keeper knows of
    /// none. Pages read one after another are of one roster if they have one revision. See [`Change`].
    pub revision: u64,
    /// The page, ordered by id.
    pub members: Vec<Present>,
    /// Whether there are users after this page.
    pub more: bool,
}

/// A user who is in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// Who.
    pub user: UserId,
    /// How they are shown.
    pub name: Option<DisplayName>,
}

/// A user's sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sessions {
    /// Ordered by node and id.
    pub listed: Vec<Attending>,
    /// Whether there are more than are listed.
    pub more: bool,
}

/// A session, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attending {
    /// The node that holds it.
    pub node: NodeId,
    /// The session.
    pub session: SessionId,
}

impl Sessions {
    /// The first `limit` of `all`.
    pub(crate) fn first(mut all: Vec<Attending>, limit: usize) -> Self {
        all.sort_unstable();
        let more = all.len() > limit;
        all.truncate(limit);
        Self { listed: all, more }
    }
}

/// How far somebody has read a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadMark {
    /// The epoch they read in. In another one the mark says nothing.
    pub epoch: Epoch,
    /// The last message they read.
    pub seq: Seq,
}

/// A page of a room's read marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marks {
    /// The page, ordered by user id.
    pub marks: Vec<(UserId, ReadMark)>,
    /// Whether there are marks after this page.
    pub more: bool,
}

/// A page of a room's bans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bans {
    /// The page, ordered by user id.
    pub bans: Vec<Ban>,
    /// Whether there are bans after this page.
    pub more: bool,
}

/// Somebody who may not enter a room for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ban {
    /// Who.
    pub user: UserId,
    /// Until when, in ms since the epoch by the keeper's clock.
    pub until_ms: u64,
}

/// What happened in a room, for its members to be told. Each comes out on one node of the cluster.
/// A leave and a join of one user within an instant may come out on two nodes, and what those tell
/// may cross on the way; the roster is the truth.
///
/// Joins and leaves are counted: in a room each has a `revision` exactly one higher than the one
/// before it, whichever node it comes out on, and a [`Roster`] has that of the last one it includes.
/// So whoever keeps a replica of a roster knows of what it hears whether it is the next change, an
/// old one, or one before which some are missing; then it reads the roster.
///
/// A keeper that forgot the count of a room (nobody was there for a day; Redis was flushed) begins
/// anew at its time in microseconds since the epoch, which is higher than every earlier revision.
/// A few are told by nobody, and so read as missing: what a node did just before it crashed or lost
/// its lease, and the joins by which a Redis that forgot learns again who is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A user's first session came.
    Joined {
        /// Where.
        room: RoomName,
        /// Who.
        user: UserId,
        /// How they are shown.
        name: Option<DisplayName>,
        /// How many distinct users are there now.
        count: u64,
        /// Which change of this room it is.
        revision: u64,
    },
    /// A user's last session is gone, and did not come back within the grace.
    Left {
        /// Where.
        room: RoomName,
        /// Who.
        user: UserId,
        /// How they were shown.
        name: Option<DisplayName>,
        /// How many distinct users are there now.
        count: u64,
        /// Which change of this room it is.
        revision: u64,
    },
    /// Typing was not ended by its typist, but by its TTL.
    TypingEnded {
        /// Where.
        room: RoomName,
        /// Who.
        user: UserId,
    },
}

/// Why a keeper could not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PresenceError {
    /// The keeper can't be reached, or not in time. Try again; what was entered or left is
    /// remembered and made good by the next beat that reaches it.
    #[error("presence is unavailable: {reason}")]
    Unavailable {
        /// What was seen, for the log.
        reason: String,
    },
    /// The keeper was reached and said no: out of memory, read only, no permission. For the
    /// operator; remembered and tried again like `Unavailable`.
    #[error("presence was refused: {reason}")]
    Refused {
        /// What it said, for the log.
        reason: String,
    },
    /// What is kept is not what we wrote. For us.
    #[error("presence answered what it should not: {reason}")]
    Corrupt {
        /// What was seen, for the log.
        reason: String,
    },
    /// A bound of the configuration is reached; nothing was remembered.
    #[error("presence is full: {bound} is {limit}")]
    Full {
        /// The configuration key.
        bound: &'static str,
        /// Its value.
        limit: usize,
    },
    /// The user may not be in this room.
    #[error("banned until {until_ms}")]
    Banned {
        /// Until when, in ms since the epoch by the keeper's clock.
        until_ms: u64,
    },
    /// This node has retired.
    #[error("this node has retired")]
    Retired,
}
