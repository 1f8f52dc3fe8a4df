//! Spans on their way to a collector: OTLP over HTTP, in batches.
//!
//! Keeps true: whoever records a span never waits; what waits here is bounded, and what can't be sent
//! is dropped and counted. Leaves to the gateway what is traced.

mod collector;
mod endpoint;
mod export;
mod header;
mod message;
mod metrics;
mod trouble;

pub use endpoint::Endpoint;
pub use export::{Export, Exporting, start};
pub use header::Header;
pub use metrics::SpanMetrics;
