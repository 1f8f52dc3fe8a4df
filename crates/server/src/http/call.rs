//! One request to the API, as its row of the table sees it: the names in its path, its query, its
//! headers and its body; and the good answer to it.

use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Response, StatusCode};
use hyper::body::Bytes;
use roomcast_gateway::Node;
use roomcast_protocol::{ErrorCode, IdempotencyKey, Refusal, TraceContext};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::body;

/// The header that makes a retry safe.
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The header that says in whose trace a call is made (W3C Trace Context).
const TRACEPARENT: &str = "traceparent";

/// A request that was let in.
pub(super) struct Call {
    pub(super) node: Arc<Node>,
    /// As they stand in the path.
    names: Vec<String>,
    headers: HeaderMap,
    pub(super) query: String,
    pub(super) body: Bytes,
}

impl Call {
    /// One whose query and body are still to come.
    pub(super) fn new(node: Arc<Node>, names: Vec<String>, headers: HeaderMap) -> Self {
        Self {
            node,
            names,
            headers,
            query: String::new(),
            body: Bytes::new(),
        }
    }

    /// The name at the `at`th star of the path, where any character may be percent-encoded.
    pub(super) fn name<T: FromStr<Err: Display>>(&self, at: usize) -> Result<T, Refusal> {
        let name = self.names.get(at).map_or("", String::as_str);
        percent_decoded(name)
            .parse()
            .map_err(|error: T::Err| bad_value(error.to_string()))
    }

    /// The values of these parameters of the query; anything else in it, and one given twice, is a
    /// mistake worth telling.
    pub(super) fn query<const N: usize>(
        &self,
        known: [&str; N],
    ) -> Result<[Option<String>; N], Refusal> {
        let mut found = [const { None }; N];
        for (key, value) in url::form_urlencoded::parse(self.query.as_bytes()) {
            let Some(at) = known.iter().position(|name| *name == key) else {
                return Err(bad_value(match known.is_empty() {
                    true => "the query takes nothing here".into(),
                    false => format!("the query takes {} here", known.join(", ")),
                }));
            };
            if found[at].replace(value.into_owned()).is_some() {
                return Err(bad_value(format!("`{key}` stands in the query twice")));
            }
        }
        Ok(found)
    }

    /// The body, which is a JSON object.
    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        body::read(&self.body)
    }

    /// The span that a `traceparent` names. One that can't be read is no reason to refuse anything.
    pub(super) fn caller(&self) -> Option<TraceContext> {
        let mut values = self.headers.get_all(TRACEPARENT).into_iter();
        let (value, more) = (values.next()?, values.next());
        if more.is_some() {
            return None;
        }
        value.to_str().ok()?.parse().ok()
    }

    /// The key of an `Idempotency-Key`.
    pub(super) fn idempotency_key(&self) -> Result<Option<IdempotencyKey>, Refusal> {
        let mut values = self.headers.get_all(IDEMPOTENCY_KEY).into_iter();
        let Some(value) = values.next() else {
            return Ok(None);
        };
        if values.next().is_some() {
            return Err(bad_value("send one Idempotency-Key".into()));
        }
        // As it stands: unlike a path, a header encodes nothing.
        let text = value.to_str().unwrap_or_default();
        let key = text.parse::<IdempotencyKey>();
        key.map(Some).map_err(|error| bad_value(error.to_string()))
    }
}

/// A good answer.
pub(super) fn answer(value: &impl Serialize) -> Response<String> {
    let text = serde_json::to_string(value).expect("answers have string keys only");
    Response::builder()
        .status(StatusCode::OK)
        .header(CONTENT_TYPE, "application/json")
        .body(text)
        .expect("a status and a plain header make a response")
}

/// What is told of a value that can't be used.
pub(super) fn bad_value(detail: String) -> Refusal {
    Refusal::new(ErrorCode::BadValue, detail)
}

fn percent_decoded(text: &str) -> String {
    // `+` stays a plus: this is no form.
    let kept = text.replace('+', "%2B");
    let mut pairs = url::form_urlencoded::parse(kept.as_bytes());
    pairs
        .next()
        .map(|(name, _)| name.into_owned())
        .unwrap_or_default()
}
