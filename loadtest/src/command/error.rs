//! Why a command came to nothing.

use std::io;
use std::path::Path;

use crate::audit::error::AuditError;
use crate::rig::error::RigError;
use crate::run::error::RunError;
use crate::settings::SettingError;
use crate::stage::error::StageError;

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// A setting can't be used.
    #[error("{0}")]
    Setting(#[from] SettingError),
    /// The local cluster doesn't stand.
    #[error("the local cluster: {0}")]
    Rig(#[from] RigError),
    /// A fault could not be undone.
    #[error("{0}")]
    Stage(#[from] StageError),
    /// The run came to nothing.
    #[error("{0}")]
    Run(#[from] RunError),
    /// Ledgers can't be judged.
    #[error("{0}")]
    Audit(#[from] AuditError),
    /// A file can't be read or written.
    #[error("{what}: {why}")]
    File {
        /// Which, and what was tried.
        what: String,
        /// Why not.
        why: io::Error,
    },
}

impl CommandError {
    /// Wraps what the system said about a file.
    pub(super) fn file(what: &str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let what = format!("{what} {}", path.display());
        move |why| Self::File { what, why }
    }
}
