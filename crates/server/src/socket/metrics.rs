//! What conversations count. Labels are bounded: a violation's name, from its own table.

use std::time::Duration;

use prometheus::{Histogram, HistogramOpts, IntCounterVec, Opts, Registry};
use roomcast_gateway::SECONDS;
use roomcast_socket::Violation;

/// The counters of a node's conversations.
pub struct SocketMetrics {
    violations: IntCounterVec,
    delivery_seconds: Histogram,
}

impl SocketMetrics {
    /// Counters of zero, registered in `registry`.
    ///
    /// # Panics
    /// If the registry has some of these names already.
    pub fn new(registry: &Registry) -> Self {
        let violations = Opts::new(
            "roomcast_socket_violations_total",
            "Conversations closed because a client broke the protocol or passed a bound, by which.",
        );
        let violations =
            IntCounterVec::new(violations, &["reason"]).expect("names are well formed");
        let seconds = HistogramOpts::new(
            "roomcast_delivery_seconds",
            "Time the oldest of a batch of frames waited in an outbox for the socket.",
        );
        let delivery_seconds =
            Histogram::with_opts(seconds.buckets(SECONDS.to_vec())).expect("names are well formed");
        registry
            .register(Box::new(violations.clone()))
            .expect("each name is registered once");
        registry
            .register(Box::new(delivery_seconds.clone()))
            .expect("each name is registered once");
        // Shown from the start, so that a first one is a rise and not a birth.
        for violation in Violation::ALL {
            violations.with_label_values(&[violation.name()]);
        }
        Self {
            violations,
            delivery_seconds,
        }
    }

    pub(super) fn broken(&self, violation: Violation) {
        self.violations.with_label_values(&[violation.name()]).inc();
    }

    pub(super) fn written(&self, waited: Duration) {
        self.delivery_seconds.observe(waited.as_secs_f64());
    }
}
