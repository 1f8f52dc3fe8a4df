//! The run's clock: microseconds since the run began, the same in all processes of one machine.
//!
//! Owns the one look at the wall clock, which ties a process to the run's start; from then on the
//! monotonic clock counts. Processes agree as far as the wall clock stands still between their starts.

use std::time::SystemTime;

use tokio::time::Instant;

/// Tells the time of the run.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    run_unix_us: u64,
    born: Instant,
    born_us: u64,
}

impl Clock {
    /// A clock for a run that begins now.
    pub fn begin() -> Self {
        Self::of_run(unix_us())
    }

    /// A clock for the run that began then, in µs since 1970: what another process's
    /// [`Clock::run_unix_us`] told.
    pub fn of_run(run_unix_us: u64) -> Self {
        Self {
            run_unix_us,
            born_us: unix_us().saturating_sub(run_unix_us),
            born: Instant::now(),
        }
    }

    /// When the run began, in µs since 1970.
    pub fn run_unix_us(&self) -> u64 {
        self.run_unix_us
    }

    /// Now, in µs since the run began.
    pub fn now_us(&self) -> u64 {
        self.us(Instant::now())
    }

    /// A moment, in µs since the run began; one before this clock was made reads as its making.
    pub fn us(&self, moment: Instant) -> u64 {
        let since = moment.saturating_duration_since(self.born).as_micros();
        self.born_us
            .saturating_add(u64::try_from(since).unwrap_or(u64::MAX))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the anchor that the processes of a run share"
)]
fn unix_us() -> u64 {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::Clock;

    #[test]
    fn a_second_process_reads_the_time_of_the_same_run() {
        let first = Clock::begin();
        let second = Clock::of_run(first.run_unix_us());
        let (a, b) = (first.now_us(), second.now_us());
        // Both look at the wall clock once; a minute apart would be another run.
        assert!(a.abs_diff(b) < 60_000_000, "{a} {b}");
        assert!(first.now_us() >= a);
        let late = Clock::of_run(first.run_unix_us() - 5_000_000);
        assert!(late.now_us() >= 4_000_000);
    }
}
