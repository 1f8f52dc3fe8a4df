//! Errors of the HTTP API, as problem documents (RFC 9457).

use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use roomcast_protocol::{ErrorCode, Refusal};
use serde::Serialize;
use warp::Rejection;

use crate::auth::AuthRefusal;

#[derive(Serialize)]
struct Problem<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    /// The number of the error, as on the wire; absent where HTTP alone says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
}

/// A rejection of somebody who is not let in.
#[derive(Debug)]
pub(super) struct TurnedAway(pub(super) AuthRefusal);

impl warp::reject::Reject for TurnedAway {}

/// A rejection of a method that a path doesn't take; of those that it does take.
#[derive(Debug)]
pub(super) struct WrongMethod(pub(super) String);

impl warp::reject::Reject for WrongMethod {}

/// The answer that tells a refusal.
pub(super) fn refused(refusal: &Refusal) -> Response<String> {
    let status = status_of(refusal.code);
    let problem = Problem {
        kind: &format!("urn:roomcast:error:{}", refusal.code.name()),
        title: refusal.code.name(),
        status: status.as_u16(),
        detail: &refusal.message,
        code: Some(refusal.code.number()),
        retry_after_ms: refusal.retry_after_ms,
    };
    let mut response = document(status, &problem);
    let draining = (refusal.code == ErrorCode::Draining).then_some(1_000);
    if let Some(retry_after_ms) = refusal.retry_after_ms.or(draining) {
        let seconds = retry_after_ms.div_ceil(1_000).into();
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    response
}

/// The answer to somebody who is not let in.
pub(super) fn turned_away(refusal: &AuthRefusal) -> Response<String> {
    let mut response = plain(refusal.status, refusal.problem);
    if refusal.status == StatusCode::UNAUTHORIZED {
        let bearer = http::HeaderValue::from_static("Bearer");
        response.headers_mut().insert(WWW_AUTHENTICATE, bearer);
    }
    response
}

/// The answer where HTTP's own status says it all.
pub(super) fn plain(status: StatusCode, detail: &str) -> Response<String> {
    let title = status.canonical_reason().unwrap_or("error");
    let problem = Problem {
        kind: "about:blank",
        title,
        status: status.as_u16(),
        detail,
        code: None,
        retry_after_ms: None,
    };
    document(status, &problem)
}

/// The answer to a request that no route took.
pub(super) fn of(rejection: &Rejection) -> Response<String> {
    if rejection.is_not_found() {
        return plain(StatusCode::NOT_FOUND, "there is nothing here");
    }
    if let Some(TurnedAway(refusal)) = rejection.find() {
        return turned_away(refusal);
    }
    // Of a body first: the route of another method on the same path rejects too.
    if rejection.find::<warp::reject::LengthRequired>().is_some() {
        return plain(
            StatusCode::LENGTH_REQUIRED,
            "say how long the body is: Content-Length",
        );
    }
    if rejection.find::<warp::reject::PayloadTooLarge>().is_some() {
        return plain(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the body is larger than what is taken",
        );
    }
    if let Some(WrongMethod(allowed)) = rejection.find() {
        return wrong_method(allowed);
    }
    if rejection.find::<warp::reject::MethodNotAllowed>().is_some() {
        // The routes outside the API's table are there to be read.
        return wrong_method("GET");
    }
    plain(StatusCode::BAD_REQUEST, "the request can't be understood")
}

fn wrong_method(allowed: &str) -> Response<String> {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    let mut response = plain(status, "this method is not taken here");
    if let Ok(allowed) = http::HeaderValue::from_str(allowed) {
        response.headers_mut().insert(ALLOW, allowed);
    }
    response
}

fn status_of(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::BadFrame | ErrorCode::UnknownType | ErrorCode::TooDeep | ErrorCode::BadValue => {
            StatusCode::BAD_REQUEST
        }
        ErrorCode::FrameTooLarge | ErrorCode::MessageTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::NotAllowed | ErrorCode::NotJoined | ErrorCode::Banned | ErrorCode::Removed => {
            StatusCode::FORBIDDEN
        }
        ErrorCode::AlreadyJoined | ErrorCode::TooManyRooms => StatusCode::CONFLICT,
        ErrorCode::BadToken => StatusCode::UNAUTHORIZED,
        ErrorCode::TooFast => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::TryAgain | ErrorCode::StoreRefused | ErrorCode::Draining => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn document(status: StatusCode, problem: &Problem<'_>) -> Response<String> {
    let text = serde_json::to_string(problem).expect("a problem has string keys only");
    Response::builder()
        .status(status)
        .header(CONTENT_TYPE, "application/problem+json")
        .body(text)
        .expect("a status and a plain header make a response")
}
