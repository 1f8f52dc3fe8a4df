//! `GET /v1/ws`: from a request to a session.
//!
//! Everything is checked before the upgrade, so that a refusal is an HTTP answer: who it is first,
//! then whether it is a WebSocket handshake, then whether the node takes new sessions.

use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, Response, StatusCode};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use roomcast_gateway::{Session, now_ms};
use roomcast_protocol::{CloseCode, ErrorCode, SUBPROTOCOL};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use warp::{Filter, Rejection, Reply};

use super::doors::Doors;
use super::problem;
use crate::accept::{Peer, Slot};
use crate::auth::offers_subprotocol;
use crate::socket::{self, End};

pub(super) fn route(
    doors: Doors,
) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    warp::path!("v1" / "ws")
        .and(warp::get())
        .and(warp::header::headers_cloned())
        .and(query)
        .and(warp::ext::optional::<OnUpgrade>())
        .and(warp::ext::optional::<Peer>())
        .and(warp::ext::optional::<Slot>())
        .map(
            move |headers: HeaderMap, query: String, upgrade, peer, slot| {
                let asked = Asked {
                    headers,
                    query,
                    upgrade,
                    peer,
                    slot,
                };
                answer(&doors, asked).unwrap_or_else(|refusal| *refusal)
            },
        )
}

struct Asked {
    headers: HeaderMap,
    query: String,
    upgrade: Option<OnUpgrade>,
    peer: Option<Peer>,
    slot: Option<Slot>,
}

fn answer(doors: &Doors, asked: Asked) -> Result<Response<String>, Box<Response<String>>> {
    let Asked {
        headers,
        query,
        upgrade,
        peer,
        slot,
    } = asked;
    let identity = doors
        .doorman
        .admit(&headers, Some(&query), now_ms())
        .map_err(|refusal| Box::new(problem::turned_away(&refusal)))?;
    let accept = handshake(&headers)?;
    let upgrade = upgrade.ok_or_else(upgrade_required)?;
    let user = identity.user.clone();
    let session = match doors.node.connect(identity) {
        Ok(session) => Ok(session),
        // A browser can't read a status here; a close code it can.
        Err(refusal) if refusal.code == ErrorCode::TooFast => Err(CloseCode::TooManySessions),
        Err(refusal) => return Err(Box::new(problem::refused(&refusal))),
    };
    tracing::debug!(%user, peer = ?peer.map(|peer| peer.0), "a session opens");
    let held = doors.clone();
    doors.sessions.spawn(async move {
        serve(held, upgrade, session).await;
        drop(slot);
    });
    let mut response = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_ACCEPT, accept);
    if offers_subprotocol(&headers) {
        response = response.header(SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL);
    }
    Ok(response.body(String::new()).expect("each header is plain"))
}

async fn serve(doors: Doors, upgrade: OnUpgrade, session: Result<Session, CloseCode>) {
    let Ok(upgraded) = upgrade.await else { return };
    let Ok(parts) = upgraded.downcast::<TokioIo<TcpStream>>() else {
        return;
    };
    let (node, limits) = (&doors.node, doors.node.limits());
    let socket = socket::upgrade(parts.io.into_inner(), parts.read_buf, limits).await;
    let mut session = match session {
        Ok(session) => session,
        Err(code) => {
            node.metrics().closed(code);
            return socket::turn_away(socket, code).await;
        }
    };
    // On the heap: the future of a whole conversation need not be moved about.
    let end = Box::pin(socket::converse(
        socket,
        &mut session,
        limits,
        node.metrics(),
    ))
    .await;
    match end {
        End::Closed(code) => node.metrics().closed(code),
        End::Peer => node.metrics().closed_by_peer(),
        End::Lost => node.metrics().closed_by_loss(),
    }
    tracing::debug!(session = %session.id(), ?end, "a session ended");
    session.end().await;
}

/// Checks the WebSocket handshake (RFC 6455, 4.2.1); the value of `Sec-WebSocket-Accept`.
fn handshake(headers: &HeaderMap) -> Result<String, Box<Response<String>>> {
    let has = |name: http::HeaderName, token: &str| {
        let values = headers
            .get_all(name)
            .into_iter()
            .filter_map(|value| value.to_str().ok());
        values
            .flat_map(|value| value.split(','))
            .any(|each| each.trim().eq_ignore_ascii_case(token))
    };
    if !has(CONNECTION, "upgrade") || !has(UPGRADE, "websocket") {
        return Err(upgrade_required());
    }
    if headers
        .get(SEC_WEBSOCKET_VERSION)
        .is_none_or(|version| version != "13")
    {
        return Err(upgrade_required());
    }
    let mut keys = headers.get_all(SEC_WEBSOCKET_KEY).into_iter();
    match (keys.next(), keys.next()) {
        (Some(key), None) if is_key(key.as_bytes()) => Ok(derive_accept_key(key.as_bytes())),
        _ => Err(Box::new(problem::plain(
            StatusCode::BAD_REQUEST,
            "Sec-WebSocket-Key must be given once, as 16 bytes in base64",
        ))),
    }
}

/// 16 bytes in base64 are 22 digits and two signs of padding.
fn is_key(key: &[u8]) -> bool {
    let digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    key.len() == 24 && key.ends_with(b"==") && key[..22].iter().all(digit)
}

fn upgrade_required() -> Box<Response<String>> {
    let mut response = problem::plain(
        StatusCode::UPGRADE_REQUIRED,
        "this is a WebSocket door: ask for an upgrade to websocket, version 13",
    );
    let headers = response.headers_mut();
    headers.insert(UPGRADE, http::HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_VERSION, http::HeaderValue::from_static("13"));
    Box::new(response)
}
