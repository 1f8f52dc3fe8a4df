//! Whether what this node publishes comes back to it: the truth behind "ready".

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// How long ago the last one may have come back.
const FRESH: Duration = Duration::from_secs(5);

/// When a message last went out by the command link and came back by the subscribe link.
pub(super) struct RoundTrip {
    started_at: Instant,
    /// Milliseconds after `started_at`; 0: never.
    came_back_ms: AtomicU64,
}

impl RoundTrip {
    pub(super) fn new() -> Self {
        Self {
            started_at: Instant::now(),
            came_back_ms: AtomicU64::new(0),
        }
    }

    pub(super) fn came_back(&self) {
        let ms = u64::try_from(self.started_at.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.came_back_ms.store(ms.max(1), Ordering::Relaxed);
    }

    pub(super) fn is_fresh(&self) -> bool {
        let came_back = Duration::from_millis(self.came_back_ms.load(Ordering::Relaxed));
        !came_back.is_zero() && self.started_at.elapsed() <= came_back + FRESH
    }
}
