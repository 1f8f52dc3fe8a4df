//! `/readyz`, on both listeners: some balancers can't ask another port than the one they send clients to.

use std::sync::Arc;

use http::{Response, StatusCode};
use roomcast_gateway::{Node, Readiness};
use warp::{Filter, Rejection};

use crate::answer::text;

/// `GET` or `HEAD /readyz`: 200 ready, 404 draining (keep what there is, bring nothing new), 503 broken.
/// Balancers read the first word: `broken` in `deploy/haproxy.cfg`.
pub(crate) fn route(
    node: Arc<Node>,
) -> impl Filter<Extract = (Response<Vec<u8>>,), Error = Rejection> + Clone {
    let read = warp::get().or(warp::head()).unify();
    warp::path!("readyz")
        .and(read)
        .map(move || match node.readiness() {
            Readiness::Ready => text(StatusCode::OK, "ready\n"),
            Readiness::Draining => text(StatusCode::NOT_FOUND, "draining\n"),
            Readiness::Broken => text(
                StatusCode::SERVICE_UNAVAILABLE,
                "broken: what this node publishes does not come back\n",
            ),
        })
}
