//! A session that comes and goes: joins its rooms on some node, leaves one or all after a while,
//! loses its line, comes back; until it is told to rest, when it stays in all of them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use rand::Rng as _;
use rand::rngs::StdRng;
use roomcast_protocol::{RoomName, ServerFrame, UserId, decode_server_batch};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::view::{View, Views};

/// How long a node that may stand still is given; at rest none does, and the machine may be slow.
const PATIENCE: Duration = Duration::from_secs(6);
const PATIENCE_AT_REST: Duration = Duration::from_secs(60);
/// A session hears from a live node: it asks so often.
const ASK_EVERY: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    Churn,
    Rest,
    End,
}

pub(crate) struct Guest {
    pub(crate) number: usize,
    pub(crate) user: String,
    pub(crate) nodes: Vec<SocketAddr>,
    pub(crate) rooms: Vec<RoomName>,
    pub(crate) rng: StdRng,
    pub(crate) phase: watch::Receiver<Phase>,
    pub(crate) views: Views,
}

/// A line, and what was heard on it.
struct Stay {
    socket: WebSocketStream<TcpStream>,
    views: BTreeMap<RoomName, View>,
    heard_at: Instant,
}

impl Guest {
    pub(crate) async fn run(mut self) {
        while *self.phase.borrow() != Phase::End {
            let node = self.nodes[self.rng.random_range(0..self.nodes.len())];
            if let Ok(Some(socket)) = timeout(self.patience(), connect(node, &self.user)).await {
                let stay = Stay {
                    socket,
                    views: BTreeMap::new(),
                    heard_at: Instant::now(),
                };
                // However it ends, it begins again.
                let _ = self.stay(stay).await;
                self.views.lock().remove(&self.number);
            }
            let pause_ms = self.rng.random_range(50..1_500);
            sleep(Duration::from_millis(pause_ms)).await;
        }
    }

    async fn stay(&mut self, mut stay: Stay) -> Option<()> {
        for room in self.rooms.clone() {
            stay.ask("join", &room, "").await?;
        }
        let mut next = self.next_whim();
        let mut ping = Instant::now();
        loop {
            let phase = *self.phase.borrow();
            if phase == Phase::End {
                let _ = stay.socket.close(None).await;
                return None;
            }
            if stay.heard_at.elapsed() > self.patience() {
                return None;
            }
            tokio::select! {
                message = stay.socket.next() => stay.hear(message?.ok()?).await?,
                () = sleep_until(next), if phase == Phase::Churn => {
                    self.follow_a_whim(&mut stay).await?;
                    next = self.next_whim();
                }
                () = sleep_until(ping) => {
                    ping = Instant::now() + ASK_EVERY;
                    stay.send(r#"{"type":"ping","id":"p"}"#.to_owned()).await?;
                    if phase == Phase::Rest {
                        self.rest(&mut stay).await?;
                    }
                }
                Ok(()) = self.phase.changed() => {}
            }
        }
    }

    fn patience(&self) -> Duration {
        match *self.phase.borrow() {
            Phase::Churn => PATIENCE,
            Phase::Rest | Phase::End => PATIENCE_AT_REST,
        }
    }

    fn next_whim(&mut self) -> Instant {
        Instant::now() + Duration::from_millis(self.rng.random_range(300..6_000))
    }

    async fn follow_a_whim(&mut self, stay: &mut Stay) -> Option<()> {
        let room = self.rooms[self.rng.random_range(0..self.rooms.len())].clone();
        match self.rng.random_range(0..10) {
            // Gone without a word, or with one.
            0..=1 => None,
            2..=3 => {
                let _ = stay.socket.close(None).await;
                None
            }
            4..=8 if stay.views.remove(&room).is_some() => stay.ask("leave", &room, "").await,
            _ if stay.views.contains_key(&room) => Some(()),
            _ => stay.ask("join", &room, "").await,
        }
    }

    /// Comes into every room it is not in, completes every list, and shows what it holds.
    async fn rest(&mut self, stay: &mut Stay) -> Option<()> {
        for room in &self.rooms {
            match stay.views.get_mut(room) {
                None => stay.ask("join", room, "").await?,
                Some(view) if !view.whole && !view.is_paging => {
                    view.begin_pages();
                    stay.ask("who", room, r#","limit":200"#).await?;
                }
                Some(_) => {}
            }
        }
        if stay.views.len() == self.rooms.len() {
            let views = stay.views.clone();
            self.views.lock().insert(self.number, views);
        }
        Some(())
    }
}

impl Stay {
    async fn send(&mut self, frame: String) -> Option<()> {
        let sent = timeout(PATIENCE_AT_REST, self.socket.send(Message::text(frame))).await;
        sent.ok()?.ok()
    }

    /// The answer names the room, so that the id says nothing.
    async fn ask(&mut self, kind: &str, room: &RoomName, more: &str) -> Option<()> {
        let frame = format!(r#"{{"type":"{kind}","id":"{kind}-{room}","room":"{room}"{more}}}"#);
        self.send(frame).await
    }

    async fn hear(&mut self, message: Message) -> Option<()> {
        self.heard_at = Instant::now();
        let text = match message {
            Message::Text(text) => text,
            Message::Close(_) => return None,
            _ => return Some(()),
        };
        for frame in decode_server_batch(&text).expect("frames that can be read") {
            self.take(frame).await?;
        }
        Some(())
    }

    async fn take(&mut self, frame: ServerFrame) -> Option<()> {
        match frame {
            ServerFrame::Joined(joined) if joined.id.is_some() => {
                self.views.insert(joined.room.clone(), View::of(&joined));
            }
            ServerFrame::UserJoined(it) => {
                if let Some(view) = self.views.get_mut(&it.room) {
                    view.comes(it.user, it.count);
                }
            }
            ServerFrame::UserLeft(it) => {
                if let Some(view) = self.views.get_mut(&it.room) {
                    view.goes(&it.user, it.count);
                }
            }
            ServerFrame::Presence(news) => {
                let view = self.views.get_mut(&news.room);
                if let Some(view) = view
                    && view.sums(news)
                {
                    view.whole = false;
                }
            }
            ServerFrame::Members(page) => {
                let room = page.room.clone();
                let next = self.views.get_mut(&room).and_then(|view| view.page(&page));
                if let Some(after) = next {
                    return self.page_after(&room, &after).await;
                }
            }
            _ => {}
        }
        Some(())
    }

    async fn page_after(&mut self, room: &RoomName, after: &UserId) -> Option<()> {
        let more = format!(r#","after":"{after}","limit":200"#);
        self.ask("who", room, &more).await
    }
}

async fn connect(node: SocketAddr, user: &str) -> Option<WebSocketStream<TcpStream>> {
    let stream = TcpStream::connect(node).await.ok()?;
    let url = format!("ws://{node}/v1/ws?user={user}");
    let (socket, _) = client_async(url, stream).await.ok()?;
    Some(socket)
}
