//! Sending to a peer that may be gone, or may be going.

use std::io::Write as _;

use crate::line::Line;

/// What an attacker does with a connection that others don't.
pub(crate) trait Push {
    /// Sends bytes; whether they were taken.
    fn push(&mut self, bytes: impl AsRef<[u8]>) -> bool;

    /// The same connection once more, for another thread to write to.
    fn another(&self) -> Self;
}

impl Push for Line {
    fn push(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).is_ok()
    }

    fn another(&self) -> Self {
        Self::over(self.stream.try_clone().expect("a descriptor is free"))
    }
}
