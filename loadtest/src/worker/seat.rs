//! One room of a client: whether it is in, and how far it has come.
//!
//! The cursor is the protocol's, moved as a client must move it; whether the server led it rightly is
//! for the audit to say, from what was noted.

use roomcast_protocol::{
    Chat, Cursor, Epoch, Gap, Joined, MessageId, Position, RoomName, Seq, Since, Step,
};

use crate::ledger::record::{Name, Place};

/// A room that a client means to be in.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) room: RoomName,
    pub(crate) name: Name,
    pub(crate) phase: Phase,
    cursor: Option<Cursor>,
    /// How far the server was told that the client has read.
    pub(crate) read: Seq,
}

/// Where the client stands with the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    /// To be joined, not before this time in µs of the run.
    Out { not_before_us: u64 },
    /// Asked, in the request with this number.
    Asked { id: u64, at_us: u64, resumes: bool },
    /// The server lets the client in by itself: the inbox.
    Expected { at_us: u64, resumes: bool },
    /// In.
    In,
    /// The server refused for good.
    Barred,
}

impl Phase {
    /// Whether nothing is missing: the client is in, or has nothing to come back to in an inbox that an
    /// older server may not open by itself.
    pub(crate) fn is_settled(self) -> bool {
        match self {
            Self::In => true,
            Self::Expected { resumes, .. } => !resumes,
            Self::Out { .. } | Self::Asked { .. } | Self::Barred => false,
        }
    }
}

impl Seat {
    pub(crate) fn new(room: RoomName, name: Name) -> Self {
        Self {
            room,
            name,
            phase: Phase::Out { not_before_us: 0 },
            cursor: None,
            read: Seq::ZERO,
        }
    }

    /// Where to come back from.
    pub(crate) fn since(&self) -> Option<Since> {
        self.cursor.map(|cursor| cursor.since())
    }

    /// The client no longer knows how far it came.
    pub(crate) fn forget(&mut self) {
        (self.cursor, self.read) = (None, Seq::ZERO);
    }

    /// How far the client has come.
    pub(crate) fn position(&self) -> Option<Position> {
        self.cursor.map(|cursor| cursor.position())
    }

    /// `joined` came: the client stands where it leads.
    pub(crate) fn joined(&mut self, joined: &Joined, last: Option<(Position, MessageId)>) {
        let at = Position {
            epoch: joined.epoch,
            seq: joined.seq,
        };
        let known = self.since().filter(|since| since.position() == at);
        let id = match last {
            Some((position, id)) if position == at => Some(id),
            Some(_) | None => known.and_then(|since| since.id),
        };
        if self.position().is_some_and(|was| was.epoch != at.epoch) {
            self.read = Seq::ZERO;
        }
        self.cursor = Some(Cursor::new(at, id));
        self.phase = Phase::In;
    }

    /// A live message came.
    pub(crate) fn heard(&mut self, chat: &Chat) {
        let at = chat.position();
        let moves = match self.cursor.map(|cursor| cursor.compare(at)) {
            Some(Step::Duplicate) => false,
            Some(Step::Next | Step::Hole { .. } | Step::OtherEpoch) | None => true,
        };
        if moves {
            self.cursor = Some(Cursor::new(at, Some(chat.id)));
        }
    }

    /// A gap came by itself.
    pub(crate) fn skipped(&mut self, gap: &Gap) {
        if let Some(cursor) = &mut self.cursor {
            if cursor.epoch() != gap.epoch {
                self.read = Seq::ZERO;
            }
            cursor.skip_gap(gap.epoch, gap.to);
        }
    }
}

/// A position as the ledger keeps it.
pub(crate) fn place(epoch: Epoch, seq: Seq) -> Place {
    Place {
        epoch: epoch.bits(),
        seq: seq.value(),
    }
}
