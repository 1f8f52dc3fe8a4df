//! Why ledgers can't be judged.

use std::path::{Path, PathBuf};

use crate::ledger::reader::LedgerError;

/// Why no verdict can be given.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// A ledger can't be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A ledger says what can't be, so whoever wrote it is at fault, not the cluster.
    #[error("{}: {why}", path.display())]
    Senseless {
        /// Which file.
        path: PathBuf,
        /// What it says.
        why: String,
    },
}

impl AuditError {
    pub(super) fn senseless(path: &Path, why: String) -> Self {
        let path = path.into();
        Self::Senseless { path, why }
    }
}
