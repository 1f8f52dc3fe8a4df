//! Which messages are traced: a share of those that come without a trace, and those whose caller
//! traces them, up to so many a second.

use std::sync::Arc;

use parking_lot::Mutex;
use prometheus::IntCounter;
use roomcast_protocol::{SpanId, TraceContext, TraceId};
use tokio::time::Instant;

use super::span::SpanSink;
use crate::rate::Allowance;

/// Two to the power of 64: as many values has what is drawn.
const DRAWS: f64 = 18_446_744_073_709_551_616.0;

/// What a node that traces is given for it.
pub struct Tracing {
    /// Where spans go.
    pub sink: Arc<dyn SpanSink>,
    /// The share of messages that begin a trace, from 0 to 1.
    pub sample: f64,
    /// The most traces a second, those of callers included; for a moment up to twice as many.
    pub traces_per_second_max: u32,
}

/// Decides.
pub(super) struct Sampler {
    /// What is drawn below this is traced.
    below: u128,
    allowance: Mutex<Allowance>,
    skipped: IntCounter,
}

/// A trace that a message is to be part of.
pub(super) struct Sampled {
    pub(super) trace_id: TraceId,
    pub(super) parent: Option<SpanId>,
}

impl Sampler {
    pub(super) fn new(tracing: &Tracing, skipped: IntCounter) -> Self {
        let per_second = tracing.traces_per_second_max;
        let now = Instant::now();
        Self {
            below: share(tracing.sample),
            allowance: Mutex::new(Allowance::new(per_second, per_second, now)),
            skipped,
        }
    }

    /// The trace of a message that comes in now, perhaps with its caller's.
    pub(super) fn sample(&self, caller: Option<&TraceContext>) -> Option<Sampled> {
        let sampled = match caller {
            Some(caller) => caller.sampled.then_some(Sampled {
                trace_id: caller.trace_id,
                parent: Some(caller.span_id),
            }),
            None => self.draw(),
        }?;
        if self.allowance.lock().take(Instant::now()).is_err() {
            self.skipped.inc();
            return None;
        }
        Some(sampled)
    }

    /// By the trace id's lower half, as others sample too; the rest of it is drawn only if needed.
    fn draw(&self) -> Option<Sampled> {
        let low: u64 = rand::random();
        if u128::from(low) >= self.below {
            return None;
        }
        let high: u64 = rand::random();
        let bits = u128::from(high) << 64 | u128::from(low);
        Some(Sampled {
            trace_id: TraceId::from_bits(bits)?,
            parent: None,
        })
    }
}

/// How many of all draws are this share of them.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of 2^64 fits into 128 bits, and what is below 0 or no number becomes 0"
)]
fn share(sample: f64) -> u128 {
    (sample.clamp(0.0, 1.0) * DRAWS) as u128
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::span::Span;

    struct Nowhere;

    impl SpanSink for Nowhere {
        fn record(&self, _: Span) {}
    }

    fn sampler(sample: f64, traces_per_second_max: u32) -> Sampler {
        let tracing = Tracing {
            sink: Arc::new(Nowhere),
            sample,
            traces_per_second_max,
        };
        Sampler::new(&tracing, IntCounter::new("skipped", "skipped").unwrap())
    }

    fn caller(sampled: bool) -> TraceContext {
        TraceContext {
            trace_id: TraceId::from_bits(1).unwrap(),
            span_id: SpanId::from_bits(2).unwrap(),
            sampled,
        }
    }

    #[test]
    fn a_share_is_traced() {
        let traced = |sample| {
            let sampler = sampler(sample, 1_000_000);
            (0..10_000)
                .filter(|_| sampler.sample(None).is_some())
                .count()
        };
        assert_eq!((traced(0.0), traced(1.0)), (0, 10_000));
        let some = traced(0.1);
        assert!((800..1_200).contains(&some), "{some} of 10,000");
    }

    #[test]
    fn a_caller_is_believed_in_both_directions() {
        let never = sampler(0.0, 10).sample(Some(&caller(true))).unwrap();
        assert_eq!(never.trace_id, caller(true).trace_id);
        assert_eq!(never.parent, Some(caller(true).span_id));
        assert!(sampler(1.0, 10).sample(Some(&caller(false))).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn no_caller_gets_more_than_so_many_a_second() {
        let sampler = sampler(0.0, 10);
        let traced = || {
            let all = (0..100).filter(|_| sampler.sample(Some(&caller(true))).is_some());
            all.count()
        };
        assert_eq!(traced(), 10);
        assert_eq!(sampler.skipped.get(), 90);
        tokio::time::advance(std::time::Duration::from_millis(500)).await;
        assert_eq!(traced(), 5);
    }
}
