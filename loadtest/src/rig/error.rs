//! Why a local cluster doesn't stand.

use std::io;
use std::path::PathBuf;

/// Why a local cluster doesn't stand, or a part of it doesn't.
#[derive(Debug, thiserror::Error)]
pub enum RigError {
    /// A program that is needed isn't there.
    #[error("{program} can't be found; {advice}")]
    Missing {
        /// Which.
        program: String,
        /// What to do.
        advice: &'static str,
    },
    /// The number of nodes makes no cluster.
    #[error("a cluster of {0} nodes can't be made; from 1 to 64 can")]
    Nodes(usize),
    /// No part has this name.
    #[error("there is no {name:?} in this cluster; there are {known}")]
    Unknown {
        /// The name.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// A process could not be started.
    #[error("{name} can't be started: {source}")]
    Start {
        /// Which.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// A process ended where it should have come up.
    #[error("{name} ended instead of coming up; its last words:\n{last}")]
    Ended {
        /// Which.
        name: String,
        /// The end of its log.
        last: String,
    },
    /// A process took too long.
    #[error("{name} did not {what} within {patience_s} s; its last words:\n{last}")]
    Patience {
        /// Which.
        name: String,
        /// What it should have done.
        what: &'static str,
        /// How long it was given.
        patience_s: u64,
        /// The end of its log.
        last: String,
    },
    /// A file or a port of the cluster is in trouble.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
    /// The program to test is not there.
    #[error("{} is not there; build it with `cargo build --release -p roomcast`", .0.display())]
    Program(PathBuf),
}

impl RigError {
    /// Wraps what the system said.
    pub(super) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}
