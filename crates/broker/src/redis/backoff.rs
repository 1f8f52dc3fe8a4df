//! How long to wait before a link is tried again: full jitter under a doubling bound.

use std::time::Duration;

const FIRST_MS: u64 = 50;
const LARGEST_MS: u64 = 2_000;

/// Waits that grow, each drawn at random below its bound, so that nodes don't come back in step
/// ("full jitter", as in Brooker's "Exponential Backoff and Jitter", 2015).
pub(super) struct Backoff {
    bound_ms: u64,
}

impl Backoff {
    pub(super) fn new() -> Self {
        Self { bound_ms: FIRST_MS }
    }

    /// The next wait: at least a few milliseconds, so that a refused connection is no busy loop.
    pub(super) fn next(&mut self) -> Duration {
        let wait_ms = rand::random_range(5..=self.bound_ms);
        self.bound_ms = (self.bound_ms * 2).min(LARGEST_MS);
        Duration::from_millis(wait_ms)
    }

    /// The link works again.
    pub(super) fn reset(&mut self) {
        *self = Self::new();
    }
}
