//! What a node traces with, if it is told where to.

use prometheus::Registry;
use roomcast_gateway::Tracing;

use crate::config::Config;
use crate::otlp::{self, Export, Exporting, SpanMetrics};

/// Starts what the settings ask for.
pub(super) fn start(config: &Config, registry: &Registry) -> (Option<Tracing>, Option<Export>) {
    // Shown by a node that does not trace too, at zero.
    let metrics = SpanMetrics::new(registry);
    let Some(endpoint) = config.otlp_endpoint.clone() else {
        return (None, None);
    };
    let (sink, export) = otlp::start(Exporting {
        endpoint,
        headers: config.otlp_headers.clone(),
        node: config.node.clone(),
        metrics,
    });
    let tracing = Tracing {
        sink,
        sample: config.trace_sample,
        traces_per_second_max: config.traces_per_second_max,
    };
    (Some(tracing), Some(export))
}
