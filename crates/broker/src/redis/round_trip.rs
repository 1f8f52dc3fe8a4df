//! Whether what this node publishes comes back to it: the truth behind "ready".

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// How long ago the last one may have come back.
pub(super) const FRESH: Duration = Duration::from_secs(5);
/// How long ago one may have gone out that should have come back: two beats, and a bit.
const SENT_LATELY: Duration = Duration::from_millis(2_500);

/// When a message last went out by the command link and came back by the subscribe link.
pub(super) struct RoundTrip {
    started_at: Instant,
    /// Milliseconds after `started_at`; 0: never.
    came_back_ms: AtomicU64,
    /// The same.
    went_out_ms: AtomicU64,
}

impl RoundTrip {
    pub(super) fn new() -> Self {
        Self {
            started_at: Instant::now(),
            came_back_ms: AtomicU64::new(0),
            went_out_ms: AtomicU64::new(0),
        }
    }

    pub(super) fn came_back(&self) {
        self.came_back_ms.store(self.now_ms(), Ordering::Relaxed);
    }

    /// Redis has taken one.
    pub(super) fn went_out(&self) {
        self.went_out_ms.store(self.now_ms(), Ordering::Relaxed);
    }

    pub(super) fn is_fresh(&self) -> bool {
        self.is_within(&self.came_back_ms, FRESH)
    }

    /// Whether what goes out does not come back.
    pub(super) fn is_one_sided(&self) -> bool {
        !self.is_fresh() && self.is_within(&self.went_out_ms, SENT_LATELY)
    }

    fn now_ms(&self) -> u64 {
        let ms = u64::try_from(self.started_at.elapsed().as_millis()).unwrap_or(u64::MAX);
        ms.max(1)
    }

    fn is_within(&self, at_ms: &AtomicU64, span: Duration) -> bool {
        let at = Duration::from_millis(at_ms.load(Ordering::Relaxed));
        !at.is_zero() && self.started_at.elapsed() <= at + span
    }
}
