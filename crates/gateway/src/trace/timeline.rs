//! When something was, in the wall clock's terms, out of moments of the clock that can't go back: so
//! the spans of a node fit into each other exactly.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::clock;

/// How long a reading of the wall clock is used: it may be set.
const READ_EVERY: Duration = Duration::from_secs(10);

pub(super) struct Timeline(Mutex<Reading>);

struct Reading {
    at: Instant,
    wall_ns: u64,
}

impl Timeline {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Reading::now()))
    }

    /// Nanoseconds since the Unix epoch of two moments.
    pub(super) fn wall_ns(&self, began: Instant, ended: Instant) -> (u64, u64) {
        let mut reading = self.0.lock();
        if ended.saturating_duration_since(reading.at) > READ_EVERY {
            *reading = Reading::now();
        }
        (reading.wall_ns(began), reading.wall_ns(ended))
    }
}

impl Reading {
    fn now() -> Self {
        Self {
            at: Instant::now(),
            wall_ns: clock::now_ns(),
        }
    }

    fn wall_ns(&self, moment: Instant) -> u64 {
        let ns = |span: Duration| u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        let after = ns(moment.saturating_duration_since(self.at));
        let before = ns(self.at.saturating_duration_since(moment));
        self.wall_ns.saturating_add(after).saturating_sub(before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_was_first_is_first_whenever_the_wall_clock_is_read() {
        let timeline = Timeline::new();
        let before = Instant::now();
        for _ in 0..5 {
            tokio::time::advance(READ_EVERY * 3 / 4).await;
            let now = Instant::now();
            let (began, ended) = timeline.wall_ns(before, now);
            assert_eq!(u128::from(ended - began), (now - before).as_nanos());
        }
    }
}
