//! `POST /rebalance`: a node lets a share of its sessions go.
//!
//! Keeps true: no page in a browser can ask for it, not even where it reaches a loopback port. JSON can't be
//! sent across origins without asking first, and a page that a name was bent for says its `Origin`.

use std::sync::Arc;
use std::time::Duration;

use http::header::{ALLOW, CONTENT_TYPE, ORIGIN};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use hyper::body::Bytes;
use roomcast_gateway::{NoRebalance, Node, Share};
use serde::{Deserialize, Serialize};
use warp::{Filter, Rejection};

use crate::answer::text;
use crate::http::read_object;

/// Where it is asked for.
pub(crate) const PATH: &str = "/rebalance";
/// The window that is meant where none is said.
pub(crate) const WITHIN_MS: u64 = 30_000;
/// The shortest window: less is a storm. The longest: clients wait no longer.
pub(crate) const WITHIN_MS_MIN: u64 = 1_000;
pub(crate) const WITHIN_MS_MAX: u64 = 600_000;
/// Many times what an order takes.
const BODY_BYTES_MAX: u64 = 1_024;

/// What is asked for.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    /// The part of the sessions that is to go.
    pub(crate) share: f64,
    /// The window that they are spread over.
    #[serde(default = "within_ms")]
    pub(crate) within_ms: u64,
}

/// What was begun.
#[derive(Deserialize, Serialize)]
pub(crate) struct Begun {
    /// Sessions that there were.
    pub(crate) sessions: usize,
    /// Those that were told to go.
    pub(crate) moving: usize,
    /// When the last of them will have gone.
    pub(crate) within_ms: u64,
}

impl Order {
    /// As it is sent.
    pub(crate) fn written(&self) -> String {
        serde_json::to_string(self).expect("numbers can be written")
    }
}

impl Begun {
    /// What was answered.
    ///
    /// # Errors
    /// Why it is no such answer.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }
}

fn within_ms() -> u64 {
    WITHIN_MS
}

pub(super) fn route(
    node: Arc<Node>,
) -> impl Filter<Extract = (Response<Vec<u8>>,), Error = Rejection> + Clone {
    let body = warp::body::content_length_limit(BODY_BYTES_MAX).and(warp::body::bytes());
    let posted = warp::post()
        .and(warp::header::headers_cloned())
        .and(body)
        .map(move |headers: HeaderMap, body: Bytes| {
            begin(&node, &headers, &body)
                .unwrap_or_else(|(status, why)| text(status, &format!("{why}\n")))
        });
    let other = warp::method().and_then(async |method: Method| match method {
        // What was wrong with its body is told by the rejection.
        Method::POST => Err(warp::reject::not_found()),
        _ => Ok(wrong_method()),
    });
    warp::path!("rebalance").and(posted.or(other).unify())
}

/// A status, and the sentence that goes with it.
type Refusal = (StatusCode, String);

fn begin(node: &Arc<Node>, headers: &HeaderMap, body: &[u8]) -> Result<Response<Vec<u8>>, Refusal> {
    if headers.contains_key(ORIGIN) {
        let why = "no page in a browser may ask for this";
        return Err((StatusCode::FORBIDDEN, why.into()));
    }
    if !is_json(headers) {
        let why = "send it as Content-Type: application/json";
        return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, why.into()));
    }
    let bad = |why: String| (StatusCode::BAD_REQUEST, why);
    let order = read_object::<Order>(body).map_err(|refusal| bad(refusal.message.into()))?;
    let share = Share::new(order.share);
    let share = share.ok_or_else(|| bad("share must be above 0 and at most 1".into()))?;
    if !(WITHIN_MS_MIN..=WITHIN_MS_MAX).contains(&order.within_ms) {
        let range = format!("within_ms must be from {WITHIN_MS_MIN} to {WITHIN_MS_MAX}");
        return Err(bad(range));
    }
    let window = Duration::from_millis(order.within_ms);
    let begun = node.rebalance(share, window).map_err(|why| {
        let status = match why {
            NoRebalance::UnderWay => StatusCode::CONFLICT,
            NoRebalance::Draining => StatusCode::SERVICE_UNAVAILABLE,
        };
        (status, why.to_string())
    })?;
    let (sessions, moving) = (begun.sessions, begun.moving);
    tracing::info!(sessions, moving, within_ms = order.within_ms, "rebalancing");
    let begun = Begun {
        sessions,
        moving,
        within_ms: order.within_ms,
    };
    let json = serde_json::to_vec(&begun).expect("numbers can be written");
    let mut response = Response::new(json);
    *response.status_mut() = StatusCode::ACCEPTED;
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    Ok(response)
}

fn wrong_method() -> Response<Vec<u8>> {
    let mut response = text(
        StatusCode::METHOD_NOT_ALLOWED,
        "POST {\"share\": 0.3, \"within_ms\": 30000} as application/json\n",
    );
    let post = HeaderValue::from_static("POST");
    response.headers_mut().insert(ALLOW, post);
    response
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let essence = kind.and_then(|kind| kind.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}
