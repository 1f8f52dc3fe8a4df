//! Faults to plant in a sound run: each changes the records as a broken cluster would have.

mod delivery;
mod places;
mod state;
mod words;

use std::collections::BTreeSet;

use self::delivery::*;
use self::state::*;
use self::words::*;
use super::history::History;
use crate::audit::check::Check;

/// Chooses one of so many places; none of none.
pub(super) type Choose<'a> = &'a mut dyn FnMut(usize) -> Option<usize>;

/// A fault.
pub(super) struct Plant {
    pub(super) name: &'static str,
    /// The check that must find it.
    finder: Check,
    /// Others that may find it too.
    also: &'static [Check],
    /// Plants it; false where the run has no place for it.
    pub(super) plant: fn(&mut History, Choose<'_>) -> bool,
}

impl Plant {
    pub(super) fn is_found_by(&self, broken: &BTreeSet<Check>) -> bool {
        let may = |check: &Check| *check == self.finder || self.also.contains(check);
        broken.contains(&self.finder) && broken.iter().all(may)
    }
}

const fn plant(
    name: &'static str,
    finder: Check,
    also: &'static [Check],
    plant: fn(&mut History, Choose<'_>) -> bool,
) -> Plant {
    Plant {
        name,
        finder,
        also,
        plant,
    }
}

pub(super) const ALL: &[Plant] = &[
    plant(
        "one is dropped",
        Check::NoSilentHole,
        &[Check::JoinedIsTrue, Check::Convergence],
        drop_one,
    ),
    plant(
        "one comes again on resume",
        Check::NoDuplicate,
        &[],
        repeat_on_resume,
    ),
    plant(
        "acked before it is kept",
        Check::AckedIsKept,
        &[],
        ack_before_keeping,
    ),
    plant(
        "two are swapped",
        Check::OrderPerClient,
        &[Check::JoinedIsTrue],
        swap_two,
    ),
    plant(
        "seq begins anew",
        Check::NoDuplicate,
        &[
            Check::OneMessagePerPosition,
            Check::AckAgrees,
            Check::AckedIsKept,
            Check::SenderOrder,
            Check::LogIsWhole,
            Check::NoSilentHole,
            Check::JoinedIsTrue,
            Check::ResumeIsHonest,
            Check::Convergence,
            Check::GapIsTrue,
        ],
        reset_seq,
    ),
    plant("a text is altered", Check::NothingFromNowhere, &[], alter),
    plant(
        "a message is invented",
        Check::NothingFromNowhere,
        // Where its key was used again, what was said under it is no longer known.
        &[Check::AckedIsKept, Check::AckAgrees, Check::SenderOrder],
        invent,
    ),
    plant(
        "a gap is false",
        Check::GapIsTrue,
        &[Check::JoinedIsTrue, Check::Convergence],
        false_gap,
    ),
    plant(
        "a session stays behind",
        Check::Convergence,
        &[],
        stay_behind,
    ),
    plant("a ghost is present", Check::PresenceAtRest, &[], ghost),
    plant(
        "a key is said twice",
        Check::RetrySafe,
        // The other one may be a direct message, which stands in two inboxes.
        &[
            Check::AckAgrees,
            Check::AckedIsKept,
            Check::NothingFromNowhere,
        ],
        key_twice,
    ),
    plant(
        "two texts under one key",
        Check::RetrySafe,
        // What was said under the second one's key now speaks for the first.
        &[Check::AckedIsKept, Check::AckAgrees, Check::SenderOrder],
        one_key_for_two,
    ),
    plant(
        "refused and said",
        Check::RefusedIsNotSaid,
        &[],
        refused_but_said,
    ),
    plant(
        "two at one position",
        Check::OneMessagePerPosition,
        &[],
        two_at_one,
    ),
    plant(
        "an ack names another place",
        Check::AckAgrees,
        &[Check::SenderOrder],
        ack_elsewhere,
    ),
    plant(
        "a sender's words turn round",
        Check::SenderOrder,
        // Where a third message was said under the key of one of them.
        &[Check::AckAgrees],
        turn_round,
    ),
    plant(
        "an epoch without a cause",
        Check::EpochHasCause,
        &[Check::AckedIsKept],
        no_cause,
    ),
    plant(
        "a new epoch is not told",
        Check::NoSilentHole,
        &[
            Check::ResumeIsHonest,
            Check::JoinedIsTrue,
            Check::Convergence,
        ],
        silent_epoch,
    ),
    plant(
        "the log has a hole",
        Check::LogIsWhole,
        &[Check::AckedIsKept],
        log_hole,
    ),
    plant("joined lies", Check::JoinedIsTrue, &[], joined_lies),
    plant(
        "the load resumes from elsewhere",
        Check::ResumeIsHonest,
        &[
            Check::NoSilentHole,
            Check::NoDuplicate,
            Check::JoinedIsTrue,
            Check::GapIsTrue,
            Check::Convergence,
        ],
        dishonest,
    ),
];
