//! The checks by name, and what each of them asks.

use serde::{Serialize, Serializer};

/// One thing that the audit looks at.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Check {
    /// P1, P8.
    OneMessagePerPosition,
    /// P1.
    OrderPerClient,
    /// P2, P6.
    NoSilentHole,
    /// P3.
    NoDuplicate,
    /// P4.
    AckedIsKept,
    /// Nothing is made up.
    NothingFromNowhere,
    /// P4, P5.
    AckAgrees,
    /// P1.
    SenderOrder,
    /// P6, P7.
    Convergence,
    /// P2, P6.
    GapIsTrue,
    /// P8.
    EpochHasCause,
    /// P6.
    JoinedIsTrue,
    /// P4.
    LogIsWhole,
    /// P9.
    PresenceAtRest,
    /// P5.
    RetrySafe,
    /// P12.
    RefusedIsNotSaid,
    /// The load itself.
    ResumeIsHonest,
}

impl Check {
    /// All of them, in the order of the report.
    pub const ALL: [Self; 17] = [
        Self::OneMessagePerPosition,
        Self::OrderPerClient,
        Self::NoSilentHole,
        Self::NoDuplicate,
        Self::AckedIsKept,
        Self::NothingFromNowhere,
        Self::AckAgrees,
        Self::SenderOrder,
        Self::Convergence,
        Self::GapIsTrue,
        Self::EpochHasCause,
        Self::JoinedIsTrue,
        Self::LogIsWhole,
        Self::PresenceAtRest,
        Self::RetrySafe,
        Self::RefusedIsNotSaid,
        Self::ResumeIsHonest,
    ];

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::OneMessagePerPosition => "one_message_per_position",
            Self::OrderPerClient => "order_per_client",
            Self::NoSilentHole => "no_silent_hole",
            Self::NoDuplicate => "no_duplicate",
            Self::AckedIsKept => "acked_is_kept",
            Self::NothingFromNowhere => "nothing_from_nowhere",
            Self::AckAgrees => "ack_agrees",
            Self::SenderOrder => "sender_order",
            Self::Convergence => "convergence",
            Self::GapIsTrue => "gap_is_true",
            Self::EpochHasCause => "epoch_has_cause",
            Self::JoinedIsTrue => "joined_is_true",
            Self::LogIsWhole => "log_is_whole",
            Self::PresenceAtRest => "presence_at_rest",
            Self::RetrySafe => "retry_safe",
            Self::RefusedIsNotSaid => "refused_is_not_said",
            Self::ResumeIsHonest => "resume_is_honest",
        }
    }

    /// What must hold, in words.
    pub fn asks(self) -> &'static str {
        match self {
            Self::OneMessagePerPosition => {
                "everybody who was told a position, and the log, have one message there"
            }
            Self::OrderPerClient => {
                "a client gets the messages of a room in the order of their positions"
            }
            Self::NoSilentHole => "after a position comes the next, or a gap; over a resume too",
            Self::NoDuplicate => "no client gets a position twice; over a resume too",
            Self::AckedIsKept => {
                "what was acked was seen or is in the log, or a store that may forget began a new epoch"
            }
            Self::NothingFromNowhere => "what is told was sent, to that room, and is what was sent",
            Self::AckAgrees => "an ack names the position at which the message stands",
            Self::SenderOrder => "what a client says after an ack stands behind what was acked",
            Self::Convergence => "at rest each session stands at the head of each of its rooms",
            Self::GapIsTrue => "a told gap fits, and covers only what could not be had any more",
            Self::EpochHasCause => {
                "a room begins a new epoch only once a fault let the store forget"
            }
            Self::JoinedIsTrue => {
                "joined says what follows it, and nothing comes where one isn't joined"
            }
            Self::LogIsWhole => "a room's log at the end has no hole and reaches its head",
            Self::PresenceAtRest => {
                "who is told to be in a room at rest is who has a session there"
            }
            Self::RetrySafe => "a message said again with its key stands once",
            Self::RefusedIsNotSaid => "a message that was refused for good stands nowhere",
            Self::ResumeIsHonest => {
                "a client of the load resumes from where it stood; else the load is at fault"
            }
        }
    }
}

impl Serialize for Check {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
