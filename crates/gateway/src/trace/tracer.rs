//! What begins spans on a node that traces, and records them.

use std::sync::Arc;

use prometheus::IntCounter;
use roomcast_broker::{BrokerError, Published};
use roomcast_protocol::{SpanId, TraceContext, TraceId};
use tokio::time::Instant;

use super::sampler::{Sampler, Tracing};
use super::span::{Deed, Span, SpanSink, Stored};
use super::timeline::Timeline;
use crate::gate::refusal_of;

pub(crate) struct Tracer {
    pub(super) sampler: Sampler,
    sink: Arc<dyn SpanSink>,
    timeline: Timeline,
}

/// Where a span belongs.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) trace_id: TraceId,
    pub(super) span_id: SpanId,
    pub(super) parent: Option<SpanId>,
}

impl Tracer {
    /// A tracer; traces it may not begin are counted as `skipped`.
    pub(crate) fn new(tracing: Tracing, skipped: IntCounter) -> Self {
        Self {
            sampler: Sampler::new(&tracing, skipped),
            sink: tracing.sink,
            timeline: Timeline::new(),
        }
    }

    /// A message of this trace went to the store.
    pub(crate) fn stored(
        &self,
        trace: &TraceContext,
        began: Instant,
        published: &Result<Published, BrokerError>,
    ) {
        let stored = |published: &Published| Stored {
            id: published.id,
            duplicate: published.duplicate,
        };
        let outcome = published.as_ref().map(stored);
        let outcome = outcome.map_err(|error| refusal_of(error).code);
        self.record(Place::below(trace), began, Deed::Store { outcome });
    }

    /// Something that began then has ended.
    pub(super) fn record(&self, place: Place, began: Instant, deed: Deed) {
        let (began_ns, ended_ns) = self.timeline.wall_ns(began, Instant::now());
        self.sink.record(Span {
            trace_id: place.trace_id,
            span_id: place.span_id,
            parent: place.parent,
            began_ns,
            ended_ns,
            deed,
        });
    }
}

impl Place {
    /// A place of its own below a span.
    pub(super) fn below(trace: &TraceContext) -> Self {
        Self {
            trace_id: trace.trace_id,
            span_id: fresh(),
            parent: Some(trace.span_id),
        }
    }
}

/// A span's id that nobody has.
pub(super) fn fresh() -> SpanId {
    let ids = std::iter::repeat_with(|| SpanId::from_bits(rand::random()));
    ids.flatten().next().expect("not every draw is zero")
}
