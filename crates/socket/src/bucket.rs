//! A token bucket in eight bytes.
//!
//! Keeps one moment: when the bucket will be full again (the generic cell rate algorithm). Keeps
//! true: after a rest exactly `burst` pieces pass at once. A piece may overdraw it; the next one
//! waits the longer. Leaves to others: the rate, and what happens to what does not pass.

use crate::limits::Rate;

const NS_PER_MS: u64 = 1_000_000;

/// One bucket; begins full.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Bucket {
    full_at_ns: u64,
}

impl Bucket {
    /// Whether at least one piece is left.
    pub(crate) fn has_some(self, rate: Rate, now_ms: u64) -> bool {
        self.missing_ns(now_ms) < burst_ns(rate)
    }

    /// Whether half of the burst is there again.
    pub(crate) fn is_half_full(self, rate: Rate, now_ms: u64) -> bool {
        self.missing_ns(now_ms) <= burst_ns(rate) / 2
    }

    /// When an eighth of the burst will be there: to wake for each single piece costs more than
    /// the piece.
    pub(crate) fn refilled_at_ms(self, rate: Rate) -> u64 {
        let burst = burst_ns(rate);
        self.full_at_ns.saturating_sub(burst - burst / 8) / NS_PER_MS + 1
    }

    /// Takes so many pieces.
    pub(crate) fn take(&mut self, rate: Rate, count: usize, now_ms: u64) {
        let cost = (count as u64).saturating_mul(piece_ns(rate));
        let now_ns = now_ms.saturating_mul(NS_PER_MS);
        self.full_at_ns = self.full_at_ns.max(now_ns).saturating_add(cost);
    }

    fn missing_ns(self, now_ms: u64) -> u64 {
        self.full_at_ns
            .saturating_sub(now_ms.saturating_mul(NS_PER_MS))
    }
}

fn piece_ns(rate: Rate) -> u64 {
    (1_000_000_000 / u64::from(rate.per_second.max(1))).max(1)
}

fn burst_ns(rate: Rate) -> u64 {
    u64::from(rate.burst.max(1)) * piece_ns(rate)
}

#[cfg(test)]
mod tests {
    use super::Bucket;
    use crate::limits::Rate;

    const RATE: Rate = Rate {
        per_second: 3,
        burst: 5,
    };

    #[test]
    fn exactly_the_burst_passes_at_once_and_the_rate_after_it() {
        let mut bucket = Bucket::default();
        for _ in 0..5 {
            assert!(bucket.has_some(RATE, 1_000));
            bucket.take(RATE, 1, 1_000);
        }
        assert!(!bucket.has_some(RATE, 1_000));
        let passed = (1_000..11_000).filter(|now_ms| {
            let some = bucket.has_some(RATE, *now_ms);
            if some {
                bucket.take(RATE, 1, *now_ms);
            }
            some
        });
        assert!((29..=31).contains(&passed.count()));
    }

    #[test]
    fn an_overdraft_is_waited_for() {
        let mut bucket = Bucket::default();
        bucket.take(RATE, 8, 0);
        // Three over the burst: a second until the first piece is back.
        assert!(!bucket.has_some(RATE, 999));
        assert!(bucket.has_some(RATE, 1_001));
        let wake = bucket.refilled_at_ms(RATE);
        assert!(bucket.has_some(RATE, wake) && wake > 1_001);
    }

    #[test]
    fn a_rest_fills_it_and_no_more_than_full() {
        let mut bucket = Bucket::default();
        bucket.take(RATE, 5, 0);
        assert!(!bucket.is_half_full(RATE, 100));
        assert!(bucket.is_half_full(RATE, 1_000));
        bucket.take(RATE, 5, 3_600_000);
        assert!(!bucket.has_some(RATE, 3_600_000));
    }
}
