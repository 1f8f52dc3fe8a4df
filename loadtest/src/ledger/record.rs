//! The words of a ledger: one record is one thing that a process did or saw.
//!
//! Nouns only; the numbers in them are those of one file.

use crate::payload::{Carried, Said};

/// A text of the file's table: a room, a user, a node, a fault.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Name(pub(crate) u32);

/// A session, by its number in the file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Session(pub(crate) u32);

/// A position in a room: the bits of the epoch, and the `seq` in it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Place {
    /// The epoch's 64 bits.
    pub epoch: u64,
    /// The place in it.
    pub seq: u64,
}

/// The positions a gap covers, both included; `to` is `from` - 1 where none is missing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Range {
    /// The first that will not come.
    pub from: u64,
    /// The last.
    pub to: u64,
}

/// Who ended a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClosedBy {
    /// The load tool: it was meant to go, or was cut on purpose.
    Us,
    /// The server said so, with a close code.
    Server,
    /// The line broke.
    Lost,
}

/// What a fault may cost; what it may not cost is a violation all the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Cost {
    /// The store may forget acked messages: rooms may go into a new epoch, and say so.
    pub forgets: bool,
    /// Sessions may be cut.
    pub cuts: bool,
    /// Messages may be refused, or not answered.
    pub refuses: bool,
}

/// One thing that a process did or saw.
#[derive(Clone, PartialEq, Debug)]
pub enum Record {
    /// `connected` came. `client` is who comes back after a cut; it holds one session at a time.
    Opened {
        /// As given by the writer's `session`.
        session: Session,
        /// The client's number in the whole fleet.
        client: u32,
        /// Who it is to the server.
        user: Name,
        /// The node that said `connected`.
        node: Name,
        /// The server's name for the session.
        uuid: u128,
    },
    /// A session ended.
    Closed {
        /// Which.
        session: Session,
        /// The close code, if one came.
        code: Option<u16>,
        /// Who ended it.
        by: ClosedBy,
    },
    /// A room was asked for; also the inbox, where the address told a position.
    JoinAsked {
        /// By which session.
        session: Session,
        /// The room.
        room: Name,
        /// From where to resume.
        since: Option<Place>,
    },
    /// `joined` came. Its messages follow as `Received`.
    Joined {
        /// To which session.
        session: Session,
        /// The room.
        room: Name,
        /// Where the session stands after the messages.
        at: Place,
        /// As told.
        recovered: bool,
        /// As told; in the epoch of `at`.
        gap: Option<Range>,
        /// How many users are in the room.
        count: u64,
        /// How many messages it holds.
        messages: u32,
    },
    /// A session is no longer in a room, or was not let in: `ok` to a `leave`, or an error.
    Left {
        /// Which.
        session: Session,
        /// The room.
        room: Name,
    },
    /// A `chat` came, or stood in `joined`. Pages of `history` are none of these.
    Received {
        /// To which session.
        session: Session,
        /// The room.
        room: Name,
        /// Where it stands.
        at: Place,
        /// The message id's 128 bits.
        id: u128,
        /// What its text carries.
        carried: Carried,
    },
    /// A `gap` came by itself.
    GapTold {
        /// To which session.
        session: Session,
        /// The room.
        room: Name,
        /// The epoch it is told in.
        epoch: u64,
        /// What it covers.
        gap: Range,
    },
    /// A message is about to be sent; noted before the first byte goes out, and at each retry.
    Sent {
        /// Which message.
        said: Said,
        /// Where; a direct message's is `@<to>`.
        room: Name,
        /// Hash of the idempotency key.
        key: Option<u64>,
        /// When it was due.
        scheduled_us: u64,
    },
    /// `ack` came.
    Acked {
        /// For which message.
        said: Said,
        /// The room that the ack names.
        room: Name,
        /// The position that the ack names.
        at: Place,
        /// As told.
        duplicate: bool,
    },
    /// `error` came.
    Refused {
        /// The message, and the room it was for; none for other requests.
        what: Option<(Said, Name)>,
        /// The error's code.
        code: u16,
    },
    /// No answer to a message will come any more: the line is gone, or the time is up.
    Unanswered {
        /// Which message.
        said: Said,
        /// Where.
        room: Name,
    },
    /// Who is in a room, as somebody was told at rest.
    Present {
        /// To whom; none for the HTTP API.
        session: Option<Session>,
        /// The room.
        room: Name,
        /// How many users, as told.
        count: u64,
        /// All of them, where they were told.
        users: Option<Vec<Name>>,
    },
    /// A fault begins.
    FaultBegan {
        /// Its number in the run.
        fault: u32,
        /// What it is, as in the plan.
        name: Name,
        /// What it may cost.
        cost: Cost,
    },
    /// A fault is over; noted for a fault of one moment too.
    FaultEnded {
        /// Its number in the run.
        fault: u32,
    },
    /// A message in a room's log, read at the end.
    Logged {
        /// The room.
        room: Name,
        /// Where it stands.
        at: Place,
        /// The message id's 128 bits.
        id: u128,
        /// What its text carries.
        carried: Carried,
    },
    /// Where a room's log ends, read after rest; behind its `Logged`.
    Head {
        /// The room.
        room: Name,
        /// The last position.
        at: Place,
        /// How many messages the log holds, each of which is noted as `Logged`.
        messages: u64,
    },
    /// Nothing is said any more, faults are over, and who was to settle has settled. What is judged at
    /// rest is judged as of here; sessions that are open here count as present.
    Rest,
    /// The ledger was closed in peace.
    End,
}
