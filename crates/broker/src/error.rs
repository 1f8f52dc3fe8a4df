//! Errors of a keeper, sorted by who can act.

/// Why a keeper could not do what it was asked.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BrokerError {
    /// The back end can't be reached or didn't answer in time. Whether it happened is not known.
    #[error("the back end is not available: {0}")]
    Unavailable(String),
    /// The back end answers, and refuses to store.
    #[error("the back end refuses ({by:?}): {detail}")]
    Refused {
        /// Why, as far as it says.
        by: RefusedBy,
        /// Its own words.
        detail: String,
    },
    /// What the back end keeps can't be understood.
    #[error("the log is corrupt: {0}")]
    Corrupt(String),
}

/// What makes a back end refuse to store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RefusedBy {
    /// No memory left for more.
    OutOfMemory,
    /// It is a replica, or too few replicas follow it.
    ReadOnly,
    /// It can't write its own files.
    DiskFailure,
    /// This user may not do that there.
    NoPermission,
    /// Anything else.
    Other,
}

/// Why a keeper could not start: for the operator.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ConnectError {
    /// The address can't be understood.
    #[error("{url}: {expected}")]
    BadAddress {
        /// The address without its password.
        url: String,
        /// What was expected.
        expected: String,
    },
    /// Nothing answers there.
    #[error("{url} does not answer: {detail}")]
    Unreachable {
        /// The address without its password.
        url: String,
        /// What went wrong.
        detail: String,
    },
    /// It answers, but can't keep our promises as it is set up.
    #[error("{url} can't be used: {reason}")]
    Unsuitable {
        /// The address without its password.
        url: String,
        /// What to change.
        reason: String,
    },
}
