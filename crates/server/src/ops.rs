//! The operators' routes: is the process alive, should it get new sessions, what does it count.

use std::convert::Infallible;
use std::sync::Arc;

use http::header::CONTENT_TYPE;
use http::{Response, StatusCode};
use prometheus::{Encoder as _, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder};
use roomcast_gateway::{Node, Readiness};
use warp::{Filter, Rejection, Reply};

use crate::accept::{AcceptStats, HeadFault};

/// What the routes need.
#[derive(Clone)]
pub struct Ops {
    node: Arc<Node>,
    accepted: Arc<AcceptStats>,
    registry: Registry,
    gauges: Gauges,
}

/// Counters that others keep, shown as Prometheus's.
#[derive(Clone)]
struct Gauges {
    connections: IntGauge,
    connections_max: IntGauge,
    accepted: IntCounter,
    refused_full: IntCounter,
    refused_address: IntCounter,
    requests_refused: IntCounterVec,
    accept_errors: IntCounter,
    rooms: IntGauge,
    redis_reconnects: IntCounter,
    store_unavailable: IntCounter,
    store_refused: IntCounter,
    store_corrupt: IntCounter,
    ready: IntGauge,
}

impl Ops {
    /// Registers what is shown.
    ///
    /// # Panics
    /// If the registry has some of these names already.
    pub fn new(node: Arc<Node>, accepted: Arc<AcceptStats>, registry: Registry) -> Self {
        let gauges = Gauges::new(&registry);
        Self {
            node,
            accepted,
            registry,
            gauges,
        }
    }

    fn metrics(&self) -> Response<Vec<u8>> {
        self.node.refresh_metrics();
        self.gauges.refresh(&self.node, &self.accepted);
        let encoder = TextEncoder::new();
        let mut text = Vec::new();
        let encoded = encoder.encode(&self.registry.gather(), &mut text);
        let status = match encoded {
            Ok(()) => StatusCode::OK,
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Response::builder()
            .status(status)
            .header(CONTENT_TYPE, encoder.format_type())
            .body(text)
            .expect("a status and a plain header make a response")
    }
}

/// `/livez`, `/readyz`, `/metrics`. `/livez` never looks at Redis: an outage there must not restart
/// every node. `/readyz` is 200 ready, 404 draining (keep what there is, bring nothing new), 503
/// broken. Balancers read the first word: `broken` in `deploy/haproxy.cfg`.
pub fn routes(ops: Ops) -> impl Filter<Extract = (impl Reply,), Error = Infallible> + Clone {
    let node = ops.node.clone();
    let live = warp::path!("livez").map(|| text(StatusCode::OK, "alive\n"));
    let ready = warp::path!("readyz").map(move || match node.readiness() {
        Readiness::Ready => text(StatusCode::OK, "ready\n"),
        Readiness::Draining => text(StatusCode::NOT_FOUND, "draining\n"),
        Readiness::Broken => text(
            StatusCode::SERVICE_UNAVAILABLE,
            "broken: what this node publishes does not come back\n",
        ),
    });
    let metrics = warp::path!("metrics").map(move || ops.metrics());
    let read = warp::get().or(warp::head()).unify();
    read.and(live.or(ready).unify().or(metrics))
        .recover(async |_: Rejection| {
            Ok::<_, Infallible>(text(
                StatusCode::NOT_FOUND,
                "try /livez, /readyz or /metrics\n",
            ))
        })
}

fn text(status: StatusCode, text: &str) -> Response<Vec<u8>> {
    let mut response = Response::new(text.as_bytes().to_vec());
    *response.status_mut() = status;
    response
}

impl Gauges {
    fn new(registry: &Registry) -> Self {
        let counter = |name: &str, help: &str| {
            let counter = IntCounter::new(name, help).expect("the name is well formed");
            registry
                .register(Box::new(counter.clone()))
                .expect("each name is registered once");
            counter
        };
        let gauge = |name: &str, help: &str| {
            let gauge = IntGauge::new(name, help).expect("the name is well formed");
            registry
                .register(Box::new(gauge.clone()))
                .expect("each name is registered once");
            gauge
        };
        Self {
            connections: gauge("roomcast_connections", "Connections open now."),
            connections_max: gauge(
                "roomcast_connections_max",
                "Connections that may be open; more are answered with 503.",
            ),
            accepted: counter(
                "roomcast_connections_accepted_total",
                "Connections accepted.",
            ),
            refused_full: counter(
                "roomcast_connections_refused_full_total",
                "Connections answered with 503 because the node was full.",
            ),
            refused_address: counter(
                "roomcast_connections_refused_address_total",
                "Connections answered with 503 because their address had too many.",
            ),
            requests_refused: requests_refused(registry),
            accept_errors: counter(
                "roomcast_accept_errors_total",
                "Connections the operating system could not give us.",
            ),
            rooms: gauge("roomcast_rooms", "Rooms subscribed to now."),
            redis_reconnects: counter(
                "roomcast_store_reconnects_total",
                "Links to the message store that were lost and made anew.",
            ),
            store_unavailable: counter(
                "roomcast_store_unavailable_total",
                "Calls the message store did not answer.",
            ),
            store_refused: counter(
                "roomcast_store_refused_total",
                "Calls the message store refused.",
            ),
            store_corrupt: counter(
                "roomcast_store_corrupt_total",
                "Values in the message store that could not be read.",
            ),
            ready: gauge("roomcast_ready", "1 if /readyz answers 200, else 0."),
        }
    }

    fn refresh(&self, node: &Node, accepted: &AcceptStats) {
        let catch_up = |counter: &IntCounter, to: u64| {
            counter.inc_by(to.saturating_sub(counter.get()));
        };
        let level = |gauge: &IntGauge, to: u64| gauge.set(i64::try_from(to).unwrap_or(i64::MAX));
        level(&self.connections, accepted.open());
        level(&self.connections_max, accepted.connections_max());
        catch_up(&self.accepted, accepted.accepted());
        catch_up(&self.refused_full, accepted.refused_full());
        catch_up(&self.refused_address, accepted.refused_address());
        for fault in HeadFault::ALL {
            let counter = self.requests_refused.with_label_values(&[fault.name()]);
            catch_up(&counter, accepted.refused_heads(fault));
        }
        catch_up(&self.accept_errors, accepted.accept_errors());
        let store = node.broker_stats();
        level(&self.rooms, store.subscriptions);
        catch_up(&self.redis_reconnects, store.reconnects);
        catch_up(&self.store_unavailable, store.unavailable);
        catch_up(&self.store_refused, store.refused);
        catch_up(&self.store_corrupt, store.corrupt);
        level(&self.ready, u64::from(node.readiness() == Readiness::Ready));
    }
}

fn requests_refused(registry: &Registry) -> IntCounterVec {
    let options = Opts::new(
        "roomcast_requests_refused_total",
        "Connections ended because of a request head, by what was wrong with it.",
    );
    let counters = IntCounterVec::new(options, &["reason"]).expect("the names are well formed");
    registry
        .register(Box::new(counters.clone()))
        .expect("each name is registered once");
    counters
}
