//! The operators' routes: is the process alive, should it get new sessions, what does it count, and let some
//! of its sessions go.

mod gauges;
mod rebalance;

use std::convert::Infallible;
use std::sync::Arc;

use http::header::CONTENT_TYPE;
use http::{Response, StatusCode};
use prometheus::Registry;
use roomcast_gateway::Node;
use tokio::task::spawn_blocking;
use warp::reject::{LengthRequired, PayloadTooLarge};
use warp::{Filter, Rejection, Reply};

use crate::accept::AcceptStats;
use crate::answer::text;
use crate::ready;

use gauges::Gauges;
pub(crate) use rebalance::{Begun, Order, PATH, WITHIN_MS_MAX, WITHIN_MS_MIN};

/// What the routes need.
#[derive(Clone)]
pub struct Ops {
    node: Arc<Node>,
    accepted: Arc<AcceptStats>,
    gauges: Arc<Gauges>,
}

impl Ops {
    /// Registers what is shown.
    ///
    /// # Panics
    /// If the registry has some of these names already.
    pub fn new(node: Arc<Node>, accepted: Arc<AcceptStats>, registry: Registry) -> Self {
        let gauges = Arc::new(Gauges::new(registry, node.id().as_str()));
        Self {
            node,
            accepted,
            gauges,
        }
    }

    /// Off the threads that serve sessions: with many of them, looking at each, and counting open files,
    /// takes milliseconds.
    async fn metrics(self) -> Response<Vec<u8>> {
        let shown = spawn_blocking(move || self.gauges.show(&self.node, &self.accepted)).await;
        match shown {
            Ok(Ok((kind, text))) => Response::builder()
                .header(CONTENT_TYPE, kind)
                .body(text)
                .expect("a plain header makes a response"),
            Ok(Err(error)) => fault(&error),
            Err(error) => fault(&error),
        }
    }
}

/// `/livez`, `/readyz`, `/metrics`, `/rebalance`. `/livez` never looks at Redis: an outage there must not
/// restart every node.
pub fn routes(ops: Ops) -> impl Filter<Extract = (impl Reply,), Error = Infallible> + Clone {
    let node = ops.node.clone();
    let rebalance = rebalance::route(node.clone());
    let live = warp::path!("livez").map(|| text(StatusCode::OK, "alive\n"));
    let metrics = warp::path!("metrics").then(move || ops.clone().metrics());
    let read = warp::get().or(warp::head()).unify();
    rebalance
        .or(ready::route(node))
        .or(read.and(live.or(metrics)))
        .recover(async |rejection: Rejection| Ok::<_, Infallible>(refused(&rejection)))
}

fn fault(error: &impl std::fmt::Display) -> Response<Vec<u8>> {
    text(StatusCode::INTERNAL_SERVER_ERROR, &format!("{error}\n"))
}

fn refused(rejection: &Rejection) -> Response<Vec<u8>> {
    if rejection.find::<LengthRequired>().is_some() {
        let why = "say how long the body is: Content-Length\n";
        return text(StatusCode::LENGTH_REQUIRED, why);
    }
    if rejection.find::<PayloadTooLarge>().is_some() {
        let why = "the body is larger than what is taken\n";
        return text(StatusCode::PAYLOAD_TOO_LARGE, why);
    }
    let there = "try /livez, /readyz or /metrics\n";
    text(StatusCode::NOT_FOUND, there)
}
