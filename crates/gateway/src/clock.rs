//! The node's wall clock: the one place where it is read. Tells clients the time and says when a
//! token has run out; never stamps a message and never decides a deadline between nodes.

use std::time::SystemTime;

/// Milliseconds since the Unix epoch; a clock before 1970 reads 0.
#[expect(clippy::disallowed_methods, reason = "the door of the wall clock")]
pub fn now_ms() -> u64 {
    let since_epoch = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
}
