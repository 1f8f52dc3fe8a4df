//! A client as small as the protocol allows: it joins, says its lines each with a key until they are
//! acked, comes back from where it stood to another node, and writes everything down.
//!
//! Independent of the client crate on purpose. Judges nothing: that is the audit's.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use roomcast_protocol::RoomName;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use tokio_util::sync::CancellationToken;

use crate::ledger::{Ended, Ledger, Sent};
use crate::session::Session;

/// For the connection and the upgrade together.
const CONNECT_PATIENCE: Duration = Duration::from_secs(20);
/// Between two attempts: drawn from zero to this.
const BACKOFF_MAX_MS: u64 = 400;

/// What a member does.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) user: String,
    /// Where it connects, in turn.
    pub(crate) nodes: Vec<SocketAddr>,
    pub(crate) rooms: Vec<RoomName>,
    /// Where it talks.
    pub(crate) says_in: Option<RoomName>,
    pub(crate) says: usize,
    /// Between an ack and the next message.
    pub(crate) pause: Duration,
    /// Messages on their way at once. More than one keeps its order only while nothing is refused.
    pub(crate) window: usize,
}

/// What the test tells all members.
#[derive(Clone)]
pub(crate) struct Cues {
    /// Talk.
    pub(crate) talk: watch::Receiver<bool>,
    /// Ask who is there; each change of the number asks once.
    pub(crate) who: watch::Receiver<u32>,
    /// Go home.
    pub(crate) stop: CancellationToken,
}

/// A member on its way.
pub(crate) struct Member {
    pub(crate) part: Part,
    pub(crate) cues: Cues,
    pub(crate) ledger: Arc<Mutex<Ledger>>,
    /// Messages begun, of those in the ledger.
    pub(crate) begun: usize,
    /// The last request id.
    pub(crate) asked: u64,
}

/// How a session came to its end.
pub(crate) enum End {
    /// The test said so.
    Stopped,
    /// The line is gone; when to come back, if that was told.
    Lost(Option<Instant>),
}

impl Member {
    pub(crate) fn new(part: Part, cues: Cues) -> Self {
        let lines = (0..part.says).filter_map(|n| {
            Some(Sent {
                room: part.says_in.clone()?,
                key: format!("{}-{n}", part.user),
                text: format!("{} says {n}", part.user),
                acks: Vec::new(),
            })
        });
        let ledger = Ledger {
            user: part.user.clone(),
            sent: lines.collect(),
            ..Ledger::default()
        };
        Self {
            part,
            cues,
            ledger: Arc::new(Mutex::new(ledger)),
            begun: 0,
            asked: 0,
        }
    }

    /// Plays its part until told to stop.
    pub(crate) async fn run(mut self) {
        let stop = self.cues.stop.clone();
        let mut attempt = 0;
        while !stop.is_cancelled() {
            let node = self.part.nodes[attempt % self.part.nodes.len()];
            attempt += 1;
            let back_at = match self.connect(node, attempt).await {
                Ok(socket) => match Session::new(&mut self, socket).run().await {
                    End::Stopped => return,
                    End::Lost(back_at) => back_at,
                },
                Err(why) => {
                    let why = format!("{node}: {why}");
                    self.ledger.lock().turned_away.push(why);
                    None
                }
            };
            let pause = Duration::from_millis(rand::random_range(0..=BACKOFF_MAX_MS));
            tokio::select! {
                () = sleep_until(back_at.unwrap_or_else(Instant::now)) => {}
                () = stop.cancelled() => return,
            }
            if back_at.is_none() {
                sleep(pause).await;
            }
        }
    }

    /// Every other session takes arrays of frames.
    async fn connect(
        &self,
        node: SocketAddr,
        attempt: usize,
    ) -> Result<WebSocketStream<TcpStream>, String> {
        let batch = attempt % 2;
        let url = format!("ws://{node}/v1/ws?user={}&batch={batch}", self.part.user);
        let config = WebSocketConfig::default()
            .read_buffer_size(4_096)
            .write_buffer_size(1_024);
        let connect = async {
            let stream = TcpStream::connect(node).await.map_err(|e| e.to_string())?;
            stream.set_nodelay(true).map_err(|e| e.to_string())?;
            let upgraded = client_async_with_config(url, stream, Some(config)).await;
            upgraded
                .map(|(socket, _)| socket)
                .map_err(|e| e.to_string())
        };
        let connected = timeout(CONNECT_PATIENCE, connect).await;
        connected.unwrap_or_else(|_| Err("no answer in time".to_owned()))
    }

    pub(crate) fn note_end(&self, node: &str, code: Option<u16>, told: bool) {
        let node = node.to_owned();
        self.ledger.lock().ended.push(Ended { node, code, told });
    }
}
