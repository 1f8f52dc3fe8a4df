//! The server's side of the wire, played by a test: accepts, reads what the client says, and says
//! whatever the test wants. Every wait is bounded.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use roomcast_client::{Client, Config, Event, Events, JoinOptions};
use roomcast_protocol::{
    Ack, ClientFrame, Connected, Draft, Epoch, Join, Joined, Message, Position, RequestId,
    RoomName, Said, Say, Seq, ServerFrame, Since, WireLimits, decode_client, encode_server,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

pub(crate) const EPOCH: Epoch = Epoch::from_bits(1);
pub(crate) const OTHER_EPOCH: Epoch = Epoch::from_bits(2);
/// Longer than anything takes, even on a slow machine.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn soon<T>(what: &str, work: impl Future<Output = T>) -> T {
    timeout(PATIENCE, work)
        .await
        .unwrap_or_else(|_| panic!("{what} took too long"))
}

pub(crate) fn room() -> RoomName {
    "lobby".parse().unwrap()
}

/// The inbox of the user that every client here is.
pub(crate) fn inbox() -> RoomName {
    "@alice".parse().unwrap()
}

pub(crate) struct Server {
    listener: TcpListener,
}

impl Server {
    pub(crate) async fn bind() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { listener }
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}/v1/ws", self.listener.local_addr().unwrap())
    }

    /// A client of this server that comes back without delay worth mentioning.
    pub(crate) fn client(&self, set: impl FnOnce(&mut Config)) -> (Client, Events) {
        let mut config = Config::new(self.url());
        config.backoff_base_ms = 1;
        config.backoff_cap_ms = 20;
        set(&mut config);
        Client::connect(config).unwrap()
    }

    pub(crate) async fn accept_raw(&self) -> TcpStream {
        let accepted = soon("a connection", self.listener.accept()).await;
        let stream = accepted.unwrap().0;
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// Takes a connection, and says on it what a server says by itself: `connected`, and that the
    /// session is in its inbox, where nothing has come since.
    pub(crate) async fn accept(&self) -> Peer {
        let mut peer = self.accept_silent().await;
        peer.connected(60_000).await;
        let at = peer.inbox_since().map_or(0, |since| since.seq.value());
        peer.in_inbox(EPOCH, at, &[]).await;
        peer
    }

    /// Takes a connection, and says nothing.
    pub(crate) async fn accept_silent(&self) -> Peer {
        let stream = self.accept_raw().await;
        let (mut query, mut bearer) = (None, None);
        // The type is the library's.
        #[expect(clippy::result_large_err)]
        let look = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
            query = request.uri().query().map(str::to_owned);
            let header = request.headers().get("authorization");
            bearer = header.map(|value| value.to_str().unwrap().to_owned());
            Ok(response)
        };
        let socket = soon("an upgrade", accept_hdr_async(stream, look)).await;
        Peer {
            socket: socket.unwrap(),
            query,
            bearer,
        }
    }

    /// Answers the upgrade with plain HTTP.
    pub(crate) async fn refuse(&self, status: &str, header: &str) {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = self.accept_raw().await;
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await.unwrap());
        }
        let answer = format!("HTTP/1.1 {status}\r\n{header}content-length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
    }

    /// A client that is in the room at position 0, and its peer; `joined` has been told.
    pub(crate) async fn client_in_room(
        &self,
        set: impl FnOnce(&mut Config),
    ) -> (Client, Events, Peer) {
        let (client, mut events) = self.client(set);
        let joining = tokio::spawn({
            let client = client.clone();
            async move { client.join(&room(), JoinOptions::default()).await }
        });
        let mut peer = self.accept().await;
        let join = peer.join().await;
        peer.joined(&join, EPOCH, 0, &[]).await;
        let joined = soon("join", joining).await.unwrap().unwrap();
        assert!(!joined.resumed);
        let event = next(&mut events).await;
        assert!(matches!(event, Event::Connected { .. }), "{event:?}");
        let event = next(&mut events).await;
        assert!(
            matches!(&event, Event::Joined(j) if j.room == room()),
            "{event:?}"
        );
        (client, events, peer)
    }
}

/// The server's end of one connection.
pub(crate) struct Peer {
    pub(crate) socket: WebSocketStream<TcpStream>,
    pub(crate) query: Option<String>,
    pub(crate) bearer: Option<String>,
}

impl Peer {
    pub(crate) async fn connected(&mut self, heartbeat_ms: u64) {
        self.say(connected(heartbeat_ms)).await;
    }

    /// Says `connected`, and in the same array that the session is in its inbox, up to `at`.
    pub(crate) async fn connected_in_one_with_inbox(&mut self, epoch: Epoch, at: u64) {
        let joined = answer(None, inbox(), self.inbox_since(), epoch, at, &[]);
        let frames = [connected(60_000), ServerFrame::Joined(joined)];
        let frames = frames.each_ref().map(encode_server).join(",");
        self.say_text(format!("[{frames}]")).await;
    }

    /// The place in the inbox that the client named in its address.
    pub(crate) fn inbox_since(&self) -> Option<Since> {
        let mut pairs = self.query.as_deref()?.split('&');
        let since = pairs.find_map(|pair| pair.strip_prefix("inbox="))?;
        Some(since.parse().unwrap())
    }

    /// Says that the session is in its inbox, up to `at`, carrying these messages.
    pub(crate) async fn in_inbox(&mut self, epoch: Epoch, at: u64, carried: &[u64]) {
        let since = self.inbox_since();
        let joined = answer(None, inbox(), since, epoch, at, carried);
        self.say(ServerFrame::Joined(joined)).await;
    }

    pub(crate) async fn say(&mut self, frame: ServerFrame) {
        self.say_text(encode_server(&frame)).await;
    }

    pub(crate) async fn say_text(&mut self, text: String) {
        self.socket.send(Frame::Text(text.into())).await.unwrap();
    }

    /// The next frame of the client, or `None` when it is gone.
    pub(crate) async fn hear(&mut self) -> Option<ClientFrame> {
        loop {
            match soon("a frame", self.socket.next()).await {
                Some(Ok(Frame::Text(text))) => return Some(decode_client(&text, 65_536).unwrap()),
                Some(Ok(Frame::Ping(_) | Frame::Pong(_))) => {}
                Some(Ok(Frame::Close(_)) | Err(_)) | None => return None,
                Some(Ok(other)) => panic!("{other:?}"),
            }
        }
    }

    pub(crate) async fn join(&mut self) -> Join {
        match self.hear().await {
            Some(ClientFrame::Join(join)) => join,
            other => panic!("no join: {other:?}"),
        }
    }

    pub(crate) async fn message(&mut self) -> Say {
        match self.hear().await {
            Some(ClientFrame::Chat(say)) => say,
            other => panic!("no message: {other:?}"),
        }
    }

    /// Answers `join`: up to `at`, carrying these messages.
    pub(crate) async fn joined(&mut self, join: &Join, epoch: Epoch, at: u64, carried: &[u64]) {
        let asked = &join.rooms[0];
        let (id, room) = (Some(join.id.clone()), asked.room.clone());
        let joined = answer(id, room, asked.since, epoch, at, carried);
        self.say(ServerFrame::Joined(joined)).await;
    }

    pub(crate) async fn chat(&mut self, epoch: Epoch, at: u64, n: u64) {
        let chat = message(room(), epoch, at, n).to_chat();
        self.say(ServerFrame::Chat(Box::new(chat))).await;
    }

    /// Delivers a direct message.
    pub(crate) async fn direct(&mut self, epoch: Epoch, at: u64, n: u64) {
        let chat = message(inbox(), epoch, at, n).to_chat();
        self.say(ServerFrame::Chat(Box::new(chat))).await;
    }

    pub(crate) async fn ack(&mut self, id: &RequestId, at: u64, duplicate: bool) {
        self.say(ServerFrame::Ack(Ack {
            id: id.clone(),
            room: room(),
            epoch: EPOCH,
            seq: seq(at),
            timestamp: 1,
            duplicate,
        }))
        .await;
    }

    /// Closes with `code` and waits until the client has hung up.
    pub(crate) async fn close(mut self, code: u16, reason: &'static str) {
        let close = CloseFrame {
            code: code.into(),
            reason: reason.into(),
        };
        self.socket.close(Some(close)).await.unwrap();
        while let Some(Ok(_)) = soon("the client's close", self.socket.next()).await {}
    }
}

/// The next event; that the inbox is there, which follows every `connected`, is passed over.
pub(crate) async fn next(events: &mut Events) -> Event {
    loop {
        let event = next_of_all(events).await;
        let is_inbox = matches!(&event, Event::Joined(joined) if joined.room == inbox());
        if !is_inbox {
            return event;
        }
    }
}

pub(crate) async fn next_of_all(events: &mut Events) -> Event {
    soon("an event", events.next())
        .await
        .expect("the client goes on")
}

/// The numbers of the next `count` messages; other events are passed over.
pub(crate) async fn told(events: &mut Events, count: usize) -> Vec<u64> {
    let mut numbers = Vec::new();
    while numbers.len() < count {
        if let Event::Chat(chat) = next(events).await {
            numbers.push(chat.message.parse().unwrap());
        }
    }
    numbers
}

pub(crate) fn seq(n: u64) -> Seq {
    n.try_into().unwrap()
}

fn connected(heartbeat_ms: u64) -> ServerFrame {
    ServerFrame::Connected(Connected {
        session: "00000000-0000-4000-8000-000000000000".parse().unwrap(),
        user: "alice".parse().unwrap(),
        node: "n1".parse().unwrap(),
        protocol: 1,
        heartbeat_ms,
        server_time: 0,
        limits: WireLimits {
            frame_bytes_max: 65_536,
            message_bytes_max: 8_192,
            data_bytes_max: 8_192,
            rooms_max: 100,
            page_messages_max: 100,
        },
    })
}

/// A `joined`: into `room` from `since`, up to `at`, carrying these messages.
fn answer(
    id: Option<RequestId>,
    room: RoomName,
    since: Option<Since>,
    epoch: Epoch,
    at: u64,
    carried: &[u64],
) -> Joined {
    let messages = carried
        .iter()
        .map(|n| message(room.clone(), epoch, *n, *n).to_json());
    let messages = messages.collect();
    Joined {
        id,
        room,
        epoch,
        seq: seq(at),
        recovered: since.is_some_and(|since| since.epoch == epoch),
        messages,
        gap: None,
        count: 2,
        members: None,
        typing: None,
        read: None,
        unread: None,
    }
}

/// The message known as `n`, standing at `at` in `room`.
fn message(room: RoomName, epoch: Epoch, at: u64, n: u64) -> Message {
    let said = Said {
        id: format!("00000000-0000-4000-8000-{n:012x}").parse().unwrap(),
        from: "bob".parse().unwrap(),
        name: None,
        to: room.is_inbox().then(|| "alice".parse().unwrap()),
        message: n.to_string(),
        data: None,
        key: None,
    };
    let draft = Draft::new(room.clone(), &said);
    Message {
        room,
        position: Position {
            epoch,
            seq: seq(at),
        },
        id: said.id,
        timestamp_ms: 1,
        body: draft.body,
        trace: None,
    }
}
