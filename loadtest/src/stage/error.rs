//! Why something can't be done to a cluster.

use std::io;

use crate::rig::error::RigError;

/// Why something can't be done to a cluster.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// No process of the cluster has this name.
    #[error("there is no node {node:?}; there are: {known}")]
    NoNode {
        /// The name.
        node: String,
        /// The names that there are.
        known: String,
    },
    /// The cluster isn't ours, and not enough is known of it.
    #[error("this can't be done: {0}")]
    Unable(&'static str),
    /// Clients do it themselves.
    #[error("this is done by clients, not to the cluster")]
    OfTheLoad,
    /// A process took too long.
    #[error("{0} was asked to end and did not")]
    StillThere(String),
    /// The local cluster is in trouble.
    #[error(transparent)]
    Rig(#[from] RigError),
    /// Redis said no, or nothing.
    #[error("Redis was told {command}: {source}")]
    Redis {
        /// What it was told.
        command: &'static str,
        /// What it answered.
        source: redis::RedisError,
    },
    /// A process could not be signalled or limited.
    #[error("{what} {name}: {source}")]
    Process {
        /// What was tried.
        what: &'static str,
        /// The process.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// A command of the plan went wrong.
    #[error("the command {command:?} {what}")]
    Command {
        /// As in the plan.
        command: String,
        /// How it went wrong.
        what: String,
    },
}
