//! The double: several nodes on loopback that share one world, until it is dropped.
//!
//! Speaks wire version 1 in development mode. What it leaves out: batches, tokens, the HTTP API,
//! draining, haste, and typing that ends by itself; a user leaves at once with their last session, and
//! in rooms of more than 200 only how many are there is told.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::{SinkExt, StreamExt};
use parking_lot::Mutex;
use roomcast_protocol::NodeId;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};
use url::form_urlencoded;

use crate::hear::{self, Guest};
use crate::lie::{Hitches, Liar, Lie};
use crate::line::Parcel;
use crate::world::World;

/// Messages that a room keeps, unless told otherwise.
const MESSAGES_MAX: usize = 10_000;
/// Sessions there may be on all nodes.
const SESSIONS_MAX: usize = 50_000;
/// How long an upgrade may take.
const UPGRADE_MAX: Duration = Duration::from_secs(10);
/// How long a message that is to be late waits for the one it is to come after.
const LATE_MAX: Duration = Duration::from_secs(1);

type Shared = Arc<Mutex<World>>;

/// A cluster in this process. Its nodes end with it.
pub(crate) struct Double {
    /// Where each node is, with the path and without a query: `ws://127.0.0.1:<port>/v1/ws`.
    pub(crate) urls: Vec<String>,
    world: Shared,
    _nodes: JoinSet<()>,
}

impl Double {
    /// Starts nodes `node-1`, `node-2` and so on. The seed decides when the lie is told.
    pub(crate) async fn start(nodes: usize, lie: Option<Lie>, seed: u64) -> Self {
        let world = World::new(Liar::new(lie, seed), MESSAGES_MAX);
        let world = Arc::new(Mutex::new(world));
        let (mut urls, mut running) = (Vec::new(), JoinSet::new());
        for number in 1..=nodes {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            urls.push(format!("ws://{}/v1/ws", listener.local_addr().unwrap()));
            let node = format!("node-{number}").parse().unwrap();
            running.spawn(serve(listener, node, world.clone()));
        }
        Self {
            urls,
            world,
            _nodes: running,
        }
    }

    /// Cuts every session now, without a close frame. They may come back at once.
    pub(crate) fn cut_all(&self) {
        self.world.lock().cut_all();
    }

    /// From now on messages are refused for a moment, or left unanswered, so often.
    pub(crate) fn hitch(&self, hitches: Hitches) {
        self.world.lock().liar.hitches = hitches;
    }

    /// From now on rooms keep only so many messages.
    pub(crate) fn keep(&self, messages_max: usize) {
        self.world.lock().keep(messages_max);
    }
}

async fn serve(listener: TcpListener, node: NodeId, world: Shared) {
    let mut sessions = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // Out of file descriptors, perhaps; those who came are to find out by themselves.
                let Ok((stream, _)) = accepted else { continue };
                if sessions.len() < SESSIONS_MAX {
                    sessions.spawn(converse(stream, node.clone(), world.clone()));
                }
            }
            Some(_) = sessions.join_next() => {}
        }
    }
}

/// One session from the upgrade to the end of its line.
async fn converse(stream: TcpStream, node: NodeId, world: Shared) {
    // Without it, small frames wait for each other's acknowledgement.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let mut guest = None;
    // The type is the library's.
    #[expect(clippy::result_large_err)]
    let look = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        guest = Some(guest_of(request)?);
        Ok(response)
    };
    let upgraded = timeout(UPGRADE_MAX, accept_hdr_async(stream, look)).await;
    let (Ok(Ok(socket)), Some(guest)) = (upgraded, guest) else {
        return;
    };
    let (session, end) = hear::open(&mut world.lock(), guest, &node, now_ms());
    let (writing, mut reading) = socket.split();
    let read = async {
        while let Some(Ok(frame)) = reading.next().await {
            if let Message::Text(text) = frame {
                hear::hear(&mut world.lock(), session, &text, now_ms());
            }
        }
    };
    tokio::select! {
        () = read => {}
        _ = write(writing, end.parcels) => {}
        () = end.cut.notified() => {}
    }
    world.lock().remove(session);
}

type Writing = futures_util::stream::SplitSink<WebSocketStream<TcpStream>, Message>;

async fn write(mut writing: Writing, mut parcels: mpsc::Receiver<Parcel>) -> Result<(), Error> {
    while let Some(parcel) = parcels.recv().await {
        let mut parcel = parcel;
        if parcel.is_late {
            writing.flush().await?;
            if let Ok(Some(next)) = timeout(LATE_MAX, parcels.recv()).await {
                let (first, second) = if next.room == parcel.room {
                    (next, parcel)
                } else {
                    (parcel, next)
                };
                writing.feed(Message::Text(first.text)).await?;
                parcel = second;
            }
        }
        writing.feed(Message::Text(parcel.text)).await?;
        if parcels.is_empty() {
            writing.flush().await?;
        }
    }
    Ok(())
}

/// Who comes, as the query says.
#[expect(clippy::result_large_err)]
fn guest_of(request: &Request) -> Result<Guest, ErrorResponse> {
    let refuse = |status: StatusCode, why: &str| {
        let mut response = ErrorResponse::new(Some(why.to_owned()));
        *response.status_mut() = status;
        response
    };
    if request.uri().path() != "/v1/ws" {
        return Err(refuse(StatusCode::NOT_FOUND, "sessions are at /v1/ws"));
    }
    let query = request.uri().query().unwrap_or("");
    let value = |wanted: &str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find_map(|(name, value)| (name == wanted).then(|| value.into_owned()))
    };
    let unknown = |_| refuse(StatusCode::UNAUTHORIZED, "?user= must name a user");
    let bad = || refuse(StatusCode::BAD_REQUEST, "?name= or ?inbox= can't be read");
    Ok(Guest {
        user: value("user").unwrap_or_default().parse().map_err(unknown)?,
        name: value("name")
            .map(|name| name.parse())
            .transpose()
            .map_err(|_| bad())?,
        inbox: value("inbox")
            .map(|since| since.parse())
            .transpose()
            .map_err(|_| bad())?,
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "messages are stamped with the time of day"
)]
fn now_ms() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    since_1970.map_or(0, |past| past.as_millis() as u64)
}
