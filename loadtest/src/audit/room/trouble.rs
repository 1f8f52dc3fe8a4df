//! What can go wrong on a client's way through a room, and how it is told.

use std::fmt::{self, Display, Formatter};

use crate::audit::check::Check;
use crate::ledger::record::{Place, Range};

/// One thing that went wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::audit) enum Trouble {
    Hole {
        epoch: u64,
        seqs: Range,
    },
    Disorder {
        stood: Place,
        at: Place,
    },
    Repeat {
        stood: Place,
        at: Place,
    },
    SilentEpoch {
        stood: Place,
        at: Place,
    },
    NotJoined {
        at: Place,
    },
    GapForNewcomer {
        gap: Range,
    },
    GapMisfit {
        left: Place,
        epoch: u64,
        gap: Range,
    },
    RecoveredLies {
        recovered: bool,
    },
    PageLeadsElsewhere {
        leads_to: Place,
        stands: Option<Place>,
    },
    ResumedFromElsewhere {
        since: Place,
        stands: Option<Place>,
    },
}

impl Trouble {
    /// Which check it breaks.
    pub(in crate::audit) fn check(self) -> Check {
        match self {
            Self::Hole { .. } | Self::SilentEpoch { .. } => Check::NoSilentHole,
            Self::Disorder { .. } => Check::OrderPerClient,
            Self::Repeat { .. } => Check::NoDuplicate,
            Self::GapForNewcomer { .. } | Self::GapMisfit { .. } => Check::GapIsTrue,
            Self::NotJoined { .. }
            | Self::RecoveredLies { .. }
            | Self::PageLeadsElsewhere { .. } => Check::JoinedIsTrue,
            Self::ResumedFromElsewhere { .. } => Check::ResumeIsHonest,
        }
    }
}

/// A position in words.
pub(in crate::audit) struct At(pub(in crate::audit) Place);

impl Display for At {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}/{}", self.0.epoch, self.0.seq)
    }
}

/// Where a client stands, in words.
pub(in crate::audit) fn standing(place: Option<Place>) -> String {
    place.map_or("nowhere".into(), |place| At(place).to_string())
}

impl Display for Trouble {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Hole { epoch, seqs } => {
                let from = At(Place {
                    epoch,
                    seq: seqs.from,
                });
                write!(f, "never got {from} to {}, and no gap was told", seqs.to)
            }
            Self::Disorder { stood, at } => write!(f, "got {} behind {}", At(at), At(stood)),
            Self::Repeat { stood, at } => write!(f, "got {} again, at {}", At(at), At(stood)),
            Self::SilentEpoch { stood, at } => {
                write!(f, "came from {} to {} without a gap", At(stood), At(at))
            }
            Self::NotJoined { at } => write!(f, "was told {} without being joined", At(at)),
            Self::GapForNewcomer { gap } => {
                write!(f, "a gap {} to {} for a newcomer", gap.from, gap.to)
            }
            Self::GapMisfit { left, epoch, gap } => {
                let from = At(Place {
                    epoch,
                    seq: gap.from,
                });
                write!(f, "a gap {from} to {} doesn't fit {}", gap.to, At(left))
            }
            Self::RecoveredLies { recovered } => {
                write!(f, "joined says recovered: {recovered}, and isn't so")
            }
            Self::PageLeadsElsewhere { leads_to, stands } => {
                let stands = standing(stands);
                write!(
                    f,
                    "joined says {}, its messages lead to {stands}",
                    At(leads_to)
                )
            }
            Self::ResumedFromElsewhere { since, stands } => {
                let stands = standing(stands);
                write!(f, "resumed from {} and stood at {stands}", At(since))
            }
        }
    }
}
