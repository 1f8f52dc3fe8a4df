//! The span of a message that a node gives to its members.

use std::sync::Arc;

use roomcast_protocol::Message;
use tokio::time::Instant;

use super::deliveries::Deliveries;
use super::span::{Deed, Source};
use super::tracer::{Place, Tracer};

pub(crate) struct Relaying {
    tracer: Arc<Tracer>,
    place: Place,
    began: Instant,
    source: Source,
}

impl Relaying {
    /// Begins for a message, if it is traced and this node traces.
    pub(crate) fn of(
        message: &Message,
        source: Source,
        tracer: Option<&Arc<Tracer>>,
    ) -> Option<Self> {
        let trace = message.trace.as_deref()?;
        Some(Self {
            tracer: tracer?.clone(),
            place: Place::below(trace),
            began: Instant::now(),
            source,
        })
    }

    /// What goes with its frame to so many members.
    pub(crate) fn deliveries(&self, members: usize) -> Box<Deliveries> {
        Box::new(Deliveries::new(self.tracer.clone(), self.place, members))
    }

    /// So many outboxes took it.
    pub(crate) fn end(self, members: u64) {
        let source = self.source;
        let deed = Deed::Relay { source, members };
        self.tracer.record(self.place, self.began, deed);
    }
}
