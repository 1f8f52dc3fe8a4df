//! The memory keeper's clock: what a moment is in ms since the epoch.
//!
//! Owns the one look at the machine's wall clock, when the keeper starts. From then on it counts
//! with the monotonic clock, so a wall clock that is set back prolongs no ban.

use std::time::SystemTime;

use tokio::time::Instant;

/// Ties the two clocks together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    start: Instant,
    start_us: u64,
}

impl Clock {
    /// A clock that is right now; before 1970 it reads 0.
    #[expect(
        clippy::disallowed_methods,
        reason = "the embedded keeper stamps: this is its clock's door"
    )]
    pub(super) fn start() -> Self {
        let since_epoch = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            start: Instant::now(),
            start_us: u64::try_from(since_epoch.as_micros()).unwrap_or(u64::MAX),
        }
    }

    /// A moment in ms since the epoch; one before the start reads as the start.
    pub(super) fn ms(&self, moment: Instant) -> u64 {
        self.us(moment) / 1_000
    }

    /// The same in microseconds.
    pub(super) fn us(&self, moment: Instant) -> u64 {
        let since = moment.saturating_duration_since(self.start).as_micros();
        self.start_us
            .saturating_add(u64::try_from(since).unwrap_or(u64::MAX))
    }
}
