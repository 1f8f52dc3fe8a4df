//! Traces: which messages are traced on this node, and the spans of those that are.
//!
//! Keeps true: a message that is not traced costs a branch here and there, no clock is read and
//! nothing allocated for it; what is recorded of one that is does not grow with its room. Leaves to
//! the sink where spans go, and to the broker how a trace gets to other nodes.

mod deliveries;
mod publishing;
mod relaying;
mod sampler;
mod span;
mod timeline;
mod tracer;

pub(crate) use deliveries::Deliveries;
pub(crate) use publishing::Publishing;
pub(crate) use relaying::Relaying;
pub use sampler::Tracing;
pub use span::{Deed, Entrance, Source, Span, SpanSink, Stored};
pub(crate) use tracer::Tracer;
