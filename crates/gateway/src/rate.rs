//! How fast is too fast: a token bucket in 16 bytes, as the generic cell rate algorithm (ITU-T I.371,
//! annex A). Pure: takes `now`.

use std::time::Duration;

use tokio::time::Instant;

/// Refusals beyond what was allowed meanwhile, counted in bursts, after which haste is flooding.
const FLOOD_BURSTS: u32 = 5;

/// One session's allowance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    per_second: u32,
    burst: u32,
    /// When the bucket will be full again.
    full_at: Instant,
    refused_beyond: u32,
}

/// Why a frame was not allowed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TooFast {
    /// Allowed again in this many milliseconds.
    RetryAfter(u64),
    /// Refusals don't help any more.
    Flooding,
}

impl Allowance {
    pub(crate) fn new(per_second: u32, burst: u32, now: Instant) -> Self {
        Self {
            per_second: per_second.max(1),
            burst: burst.max(1),
            full_at: now,
            refused_beyond: 0,
        }
    }

    /// Takes one token.
    pub(crate) fn take(&mut self, now: Instant) -> Result<(), TooFast> {
        let one = Duration::from_secs(1) / self.per_second;
        let full_at = self.full_at.max(now) + one;
        let debt = full_at.duration_since(now);
        let room = one * self.burst;
        if debt <= room {
            self.full_at = full_at;
            self.refused_beyond = self.refused_beyond.saturating_sub(1);
            return Ok(());
        }
        self.refused_beyond = self.refused_beyond.saturating_add(1);
        if self.refused_beyond > self.burst.saturating_mul(FLOOD_BURSTS) {
            return Err(TooFast::Flooding);
        }
        // Rounded up: what is promised must hold.
        let wait_ms = (debt - room).as_nanos().div_ceil(1_000_000);
        Err(TooFast::RetryAfter(
            u64::try_from(wait_ms).unwrap_or(u64::MAX),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_allowed_then_the_rate() {
        let mut now = Instant::now();
        let mut allowance = Allowance::new(10, 5, now);
        for _ in 0..5 {
            assert_eq!(allowance.take(now), Ok(()));
        }
        assert_eq!(allowance.take(now), Err(TooFast::RetryAfter(100)));
        now += Duration::from_millis(99);
        assert_eq!(allowance.take(now), Err(TooFast::RetryAfter(1)));
        now += Duration::from_millis(1);
        assert_eq!(allowance.take(now), Ok(()), "what was promised holds");
        now += Duration::from_secs(3600);
        for _ in 0..5 {
            assert_eq!(allowance.take(now), Ok(()));
        }
        assert!(
            allowance.take(now).is_err(),
            "an hour of silence saves one burst, not more"
        );
    }

    #[test]
    fn who_is_allowed_something_now_and_then_floods_all_the_same() {
        let begun = Instant::now();
        let flooding = |per_second: u32| {
            let mut allowance = Allowance::new(20, 60, begun);
            (0..per_second * 60).any(|n| {
                let now = begun + Duration::from_secs(1) * n / per_second;
                allowance.take(now) == Err(TooFast::Flooding)
            })
        };
        assert!(flooding(128), "six times as fast as allowed");
        assert!(!flooding(30), "half as fast again is refused, and no more");
    }

    #[test]
    fn going_on_after_refusals_is_flooding() {
        let now = Instant::now();
        let mut allowance = Allowance::new(10, 2, now);
        let flooding = (0..20).position(|_| allowance.take(now) == Err(TooFast::Flooding));
        assert_eq!(flooding, Some(12), "2 allowed, 10 refused");
    }
}
