//! The span of a message that is coming in: from the gate to its ack.

use std::sync::Arc;

use roomcast_protocol::{ErrorCode, Refusal, TraceContext};
use tokio::time::Instant;

use super::span::{Deed, Entrance};
use super::tracer::{Place, Tracer, fresh};

/// A message coming in that is traced. If it is dropped without [`Publishing::end`], that is told too.
pub(crate) struct Publishing {
    tracer: Arc<Tracer>,
    place: Place,
    began: Instant,
    entrance: Entrance,
    outcome: Option<Result<(), ErrorCode>>,
}

impl Publishing {
    /// Begins, if this message is to be traced.
    pub(crate) fn begin(
        tracer: &Arc<Tracer>,
        entrance: Entrance,
        caller: Option<&TraceContext>,
    ) -> Option<Box<Self>> {
        let sampled = tracer.sampler.sample(caller)?;
        let place = Place {
            trace_id: sampled.trace_id,
            span_id: fresh(),
            parent: sampled.parent,
        };
        Some(Box::new(Self {
            tracer: tracer.clone(),
            place,
            began: Instant::now(),
            entrance,
            outcome: None,
        }))
    }

    /// What its draft carries.
    pub(crate) fn context(&self) -> TraceContext {
        TraceContext {
            trace_id: self.place.trace_id,
            span_id: self.place.span_id,
            sampled: true,
        }
    }

    /// The message was acked, or refused.
    pub(crate) fn end<T>(mut self, outcome: &Result<T, Refusal>) {
        let code = |refusal: &Refusal| refusal.code;
        self.outcome = Some(outcome.as_ref().map(drop).map_err(code));
    }
}

impl Drop for Publishing {
    fn drop(&mut self) {
        let (entrance, outcome) = (self.entrance, self.outcome);
        let deed = Deed::Publish { entrance, outcome };
        self.tracer.record(self.place, self.began, deed);
    }
}
