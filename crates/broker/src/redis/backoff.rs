//! How long to wait before a link is tried again: full jitter under a doubling bound.

use std::time::Duration;

const FIRST_MS: u64 = 50;
const LARGEST_MS: u64 = 2_000;
/// How long a link must have lived for its loss to be a new story.
const STEADY: Duration = Duration::from_secs(5);

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

    /// A link that lived for `lived` was lost. One that never lived long is tried ever more seldom,
    /// however often it can be made.
    pub(super) fn lost_after(&mut self, lived: Duration) {
        if lived >= STEADY {
            *self = Self::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_breaks_at_once_is_tried_ever_more_seldom_until_one_lives() {
        let mut backoff = Backoff::new();
        for _ in 0..10 {
            assert!(backoff.next() <= Duration::from_millis(LARGEST_MS));
            backoff.lost_after(Duration::from_millis(1));
        }
        assert_eq!(backoff.bound_ms, LARGEST_MS);
        backoff.lost_after(STEADY);
        assert!(backoff.next() <= Duration::from_millis(FIRST_MS));
    }
}
