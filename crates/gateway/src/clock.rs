//! The node's wall clock: the one place where it is read. Tells clients the time and says when a
//! token has run out, and when a traced message was here; never stamps a message and never decides a
//! deadline between nodes.

use std::time::{Duration, SystemTime};

/// Milliseconds since the Unix epoch; a clock before 1970 reads 0.
pub fn now_ms() -> u64 {
    u64::try_from(since_epoch().as_millis()).unwrap_or(u64::MAX)
}

/// Nanoseconds since the Unix epoch; a clock before 1970 reads 0.
pub(crate) fn now_ns() -> u64 {
    u64::try_from(since_epoch().as_nanos()).unwrap_or(u64::MAX)
}

#[expect(clippy::disallowed_methods, reason = "the door of the wall clock")]
fn since_epoch() -> Duration {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}
