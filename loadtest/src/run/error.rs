//! Why a run came to nothing.

use std::io;
use std::time::Duration;

use crate::audit::error::AuditError;

/// Why a run came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Something of the load itself can't be started, or broke.
    #[error("the load itself failed: {0}")]
    Load(#[from] io::Error),
    /// What was waited for did not come about.
    #[error("waited {} s in vain until {what}: {seen}", patience.as_secs())]
    InVain {
        /// What.
        what: String,
        /// What was there instead.
        seen: String,
        /// How long.
        patience: Duration,
    },
    /// Somebody stopped it.
    #[error("stopped before there was anything to judge")]
    Stopped,
    /// The plan holds a fault that can't be done here.
    #[error("{0}")]
    Fault(String),
    /// The ledgers can't be judged.
    #[error(transparent)]
    Audit(#[from] AuditError),
}
