//! Why a node could not start or go on, and the exit code that says so to whatever started it.

use std::net::SocketAddr;

use roomcast_broker::ConnectError;

use crate::config::EXIT_CONFIG;

/// `EX_UNAVAILABLE` of sysexits.h: something the node needs is not there.
const EXIT_UNAVAILABLE: u8 = 69;
/// `EX_SOFTWARE` of sysexits.h: a fault of ours.
const EXIT_SOFTWARE: u8 = 70;

/// Why a node ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// An address can't be listened on.
    #[error("can't listen on {address}: {error}. Choose another address with `{key}`")]
    Bind {
        /// The setting.
        key: &'static str,
        /// Its value.
        address: SocketAddr,
        /// What the operating system says.
        error: std::io::Error,
    },
    /// The message store can't be used.
    #[error("{0}")]
    Store(#[from] ConnectError),
    /// Presence can't be set up.
    #[error("{0}")]
    Presence(#[from] roomcast_presence::OpenError),
    /// The operating system refused what a process needs.
    #[error("the operating system refuses what a node needs: {0}")]
    Runtime(std::io::Error),
    /// A fault of ours.
    #[error("a part of the node ended by itself; its log says why")]
    EngineEnded,
}

impl ServeError {
    /// What to exit with.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Store(ConnectError::BadAddress { .. } | ConnectError::Unsuitable { .. })
            | Self::Presence(_) => EXIT_CONFIG,
            Self::Store(ConnectError::Unreachable { .. })
            | Self::Bind { .. }
            | Self::Runtime(_) => EXIT_UNAVAILABLE,
            Self::EngineEnded => EXIT_SOFTWARE,
        }
    }
}
