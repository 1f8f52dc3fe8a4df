//! `GET /v1/ws`: from a request to a session.
//!
//! Everything is checked before the upgrade, so that a refusal is an HTTP answer: who it is first,
//! then whether it is a WebSocket handshake, then what is asked for, then whether the node takes new
//! sessions.

use std::sync::Arc;

use http::header::SEC_WEBSOCKET_PROTOCOL;
use http::{HeaderMap, Response, StatusCode};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use roomcast_gateway::{Metrics, Node, Session, now_ms};
use roomcast_protocol::{CLOSE_CODES, CloseCode, ErrorCode, SUBPROTOCOL};
use roomcast_socket::Violation;
use roomcast_socket::handshake::{Refusal, Upgrade};
use tokio::net::TcpStream;
use warp::{Filter, Rejection, Reply};

use super::doors::Doors;
use super::problem;
use super::wishes::Wishes;
use crate::accept::{Peer, Slot};
use crate::auth::offers_subprotocol;
use crate::socket::{Conversation, End, Ended, Options, TurnedAway};

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
        .map_err(|refusal| {
            doors.metrics.turned_away(&refusal);
            Box::new(problem::turned_away(&refusal))
        })?;
    let agreed = Upgrade::check(&headers, doors.sockets.deflate).map_err(refused)?;
    let upgrade = upgrade.ok_or_else(|| refused(Refusal::NotAnUpgrade))?;
    let Wishes { batch, inbox } = Wishes::of(&query).map_err(|refusal| {
        doors.node.metrics().refused(refusal.code);
        Box::new(problem::refused(&refusal))
    })?;
    let user = identity.user.clone();
    let session = match doors.node.connect(identity, inbox) {
        Ok(session) => Ok(session),
        // A browser can't read a status here; a close code it can.
        Err(refusal) if refusal.code == ErrorCode::TooFast => Err(CloseCode::TooManySessions),
        Err(refusal) => return Err(Box::new(problem::refused(&refusal))),
    };
    tracing::debug!(%user, peer = ?peer.map(|peer| peer.0), "a session opens");
    let options = Options {
        deflate: agreed.deflate(),
        batch,
        early: Vec::new(),
    };
    let held = doors.clone();
    doors.sessions.spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let Ok(parts) = upgraded.downcast::<TokioIo<TcpStream>>() else {
            return;
        };
        let options = Options {
            early: parts.read_buf.to_vec(),
            ..options
        };
        begin(held, parts.io.into_inner(), session, options, slot);
    });
    let mut response = Response::builder().status(StatusCode::SWITCHING_PROTOCOLS);
    for (name, value) in agreed.headers() {
        response = response.header(name, value);
    }
    if offers_subprotocol(&headers) {
        response = response.header(SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL);
    }
    Ok(response.body(String::new()).expect("each header is plain"))
}

/// Holds the conversation in a task of its own, which is nothing but that: what the handshake took
/// is given back.
fn begin(
    doors: Doors,
    stream: TcpStream,
    session: Result<Session, CloseCode>,
    options: Options,
    slot: Option<Slot>,
) {
    let (node, sockets) = (doors.node, doors.sockets);
    match session {
        Ok(session) => {
            let mut conversation = Conversation::new(stream, session, sockets, options);
            doors.sessions.spawn(async move {
                // By reference: what is awaited by value lies in the task twice.
                let ended = (&mut conversation).await;
                drop(conversation);
                // On the heap: the task needn't be as large as its end.
                Box::pin(end(node, ended, slot)).await;
            });
        }
        Err(code) => {
            let mut conversation = Conversation::new(stream, TurnedAway(code), sockets, options);
            doors.sessions.spawn(async move {
                count(node.metrics(), (&mut conversation).await.end);
                drop(slot);
            });
        }
    }
}

/// Takes leave of a session; its slot is free when it has left its rooms.
async fn end(node: Arc<Node>, ended: Ended<Session>, slot: Option<Slot>) {
    count(node.metrics(), ended.end);
    let id = ended.party.as_ref().map(|session| session.id());
    tracing::debug!(session = ?id, end = ?ended.end, "a session ended");
    if let Some(session) = ended.party {
        session.end().await;
    }
    drop(slot);
}

fn count(metrics: &Metrics, end: End) {
    match end {
        End::Closed(code) => metrics.closed(code),
        End::Broken(violation) => metrics.closed(code_of(violation)),
        End::Peer => metrics.closed_by_peer(),
        End::Lost => metrics.closed_by_loss(),
    }
}

/// The close code that a violation is answered with, as the wire names it.
fn code_of(violation: Violation) -> CloseCode {
    let number = violation.close_code().number();
    let known = CLOSE_CODES
        .iter()
        .find(|(code, ..)| code.number() == number);
    known.map_or(CloseCode::ProtocolError, |(code, ..)| *code)
}

fn refused(refusal: Refusal) -> Box<Response<String>> {
    let mut response = problem::plain(refusal.status(), &refusal.to_string());
    for (name, value) in refusal.headers() {
        let value = http::HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    Box::new(response)
}
