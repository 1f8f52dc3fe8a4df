//! Why a request was refused before anyone looked at it: what was wrong with its head.
//!
//! Owns the names, as metrics carry them. Leaves the answer to hyper: 431 or 400, or none at all to
//! a head that never came.

/// What was wrong with a request head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadFault {
    /// It did not come in time, or nothing came at all. Ended without an answer.
    TooSlow,
    /// It has more bytes or lines than allowed. Answered 431, or 414 for the address alone.
    TooLarge,
    /// It is no head of HTTP/1. Answered 400, or not at all if it is one of HTTP/2.
    Malformed,
}

impl HeadFault {
    /// All of them, in the order of the type.
    pub const ALL: [Self; 3] = [Self::TooSlow, Self::TooLarge, Self::Malformed];

    /// Its name as a metric's label.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TooSlow => "head_too_slow",
            Self::TooLarge => "head_too_large",
            Self::Malformed => "head_malformed",
        }
    }

    /// What a connection's end says of the last head on it; `None` if that was not the reason.
    ///
    /// Once a request has been answered, waiting in vain for the next head is how a connection
    /// that is kept alive ends. hyper reports that like a head that stays away, so it does not
    /// count as one.
    pub(super) fn of(ended: &hyper::Error, answered: bool) -> Option<Self> {
        if ended.is_timeout() {
            (!answered).then_some(Self::TooSlow)
        } else if ended.is_parse_too_large() {
            Some(Self::TooLarge)
        } else if ended.is_parse() {
            Some(Self::Malformed)
        } else {
            None
        }
    }
}
