//! What is counted of spans.

use prometheus::{IntCounter, IntCounterVec, Opts, Registry};

/// The counters of a node's spans.
#[derive(Clone)]
pub struct SpanMetrics {
    pub(super) exported: IntCounter,
    pub(super) queue_full: IntCounter,
    pub(super) not_taken: IntCounter,
}

impl SpanMetrics {
    /// Counters of zero, registered in `registry`.
    ///
    /// # Panics
    /// If the registry has some of these names already.
    pub fn new(registry: &Registry) -> Self {
        let exported = IntCounter::new("roomcast_spans_exported_total", "Spans a collector took.");
        let exported = exported.expect("names are well formed");
        let dropped = Opts::new(
            "roomcast_spans_dropped_total",
            "Spans dropped: `queue_full`, too many waited; `not_taken`, the collector refused them \
             or did not answer.",
        );
        let dropped = IntCounterVec::new(dropped, &["reason"]).expect("names are well formed");
        for counter in [
            Box::new(exported.clone()) as Box<dyn prometheus::core::Collector>,
            Box::new(dropped.clone()),
        ] {
            registry
                .register(counter)
                .expect("each name is registered once");
        }
        Self {
            exported,
            queue_full: dropped.with_label_values(&["queue_full"]),
            not_taken: dropped.with_label_values(&["not_taken"]),
        }
    }
}
