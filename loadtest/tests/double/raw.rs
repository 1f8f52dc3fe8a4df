//! A client that believes nothing: says frames as they are, and returns frames as they come. Every wait
//! is bounded.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use roomcast_protocol::{
    Ack, Chat, ClientFrame, ErrorFrame, History, HistoryPage, Join, JoinRoom, Joined, Json,
    Members, RequestId, RoomName, Say, ServerFrame, Since, Who, decode_server, encode_client,
};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Longer than anything takes, even on a slow machine.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn soon<T>(what: &str, work: impl Future<Output = T>) -> T {
    timeout(PATIENCE, work)
        .await
        .unwrap_or_else(|_| panic!("{what} took too long"))
}

pub(crate) fn room(name: &str) -> RoomName {
    name.parse().unwrap()
}

/// A session, past `connected` and in its inbox.
pub(crate) struct Peer {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The `joined` of its inbox.
    pub(crate) inbox: Joined,
    last_id: u64,
}

impl Peer {
    pub(crate) async fn connect(url: &str, user: &str) -> Self {
        let address = format!("{url}?user={user}");
        let (socket, _) = soon("an upgrade", connect_async(address)).await.unwrap();
        Self::greeted(socket).await
    }

    /// Comes from a position in the inbox.
    pub(crate) async fn connect_since(url: &str, user: &str, since: Since) -> Self {
        let address = format!("{url}?user={user}&inbox={since}");
        let (socket, _) = soon("an upgrade", connect_async(address)).await.unwrap();
        Self::greeted(socket).await
    }

    async fn greeted(mut socket: WebSocketStream<MaybeTlsStream<TcpStream>>) -> Self {
        let first = hear(&mut socket).await.unwrap();
        assert!(matches!(first, ServerFrame::Connected(_)), "{first:?}");
        let Some(ServerFrame::Joined(inbox)) = hear(&mut socket).await else {
            panic!("a session is in its inbox without asking");
        };
        assert!(inbox.id.is_none() && inbox.room.is_inbox(), "{inbox:?}");
        Self {
            socket,
            inbox,
            last_id: 0,
        }
    }

    pub(crate) fn next_id(&mut self) -> RequestId {
        self.last_id += 1;
        self.last_id.into()
    }

    pub(crate) async fn say(&mut self, frame: &ClientFrame) {
        let text = encode_client(frame).into();
        self.socket.send(Message::Text(text)).await.unwrap();
    }

    /// The next frame; none when the line is gone.
    pub(crate) async fn hear(&mut self) -> Option<ServerFrame> {
        hear(&mut self.socket).await
    }

    /// The next frame that `pick` takes; others are passed over.
    pub(crate) async fn hear_some<T>(&mut self, pick: impl Fn(ServerFrame) -> Option<T>) -> T {
        loop {
            let frame = self.hear().await.expect("the line holds");
            if let Some(picked) = pick(frame) {
                return picked;
            }
        }
    }

    pub(crate) async fn join(&mut self, name: &str, since: Option<Since>) -> Joined {
        let rooms = vec![JoinRoom {
            room: room(name),
            since,
            history: None,
        }];
        let id = self.next_id();
        self.say(&ClientFrame::Join(Join { id, rooms })).await;
        self.hear_some(|frame| match frame {
            ServerFrame::Joined(joined) => Some(joined),
            ServerFrame::Error(error) => panic!("{error:?}"),
            _ => None,
        })
        .await
    }

    /// Says messages in one breath, each with itself for a key, and doesn't wait.
    pub(crate) async fn throw(&mut self, name: &str, messages: &[&str]) {
        for message in messages {
            let say = ClientFrame::Chat(Say {
                id: self.next_id(),
                room: room(name),
                message: (*message).into(),
                data: None,
                key: Some(message.parse().unwrap()),
            });
            let text = encode_client(&say).into();
            self.socket.feed(Message::Text(text)).await.unwrap();
        }
        self.socket.flush().await.unwrap();
    }

    /// Says something, and waits for what comes of it.
    pub(crate) async fn talk(&mut self, name: &str, message: &str) -> Result<Ack, ErrorFrame> {
        self.throw(name, &[message]).await;
        self.verdict().await
    }

    async fn verdict(&mut self) -> Result<Ack, ErrorFrame> {
        self.hear_some(|frame| match frame {
            ServerFrame::Ack(ack) => Some(Ok(ack)),
            ServerFrame::Error(error) => Some(Err(error)),
            _ => None,
        })
        .await
    }

    pub(crate) async fn chat(&mut self) -> Chat {
        self.hear_some(|frame| match frame {
            ServerFrame::Chat(chat) => Some(*chat),
            _ => None,
        })
        .await
    }

    pub(crate) async fn who(&mut self, name: &str) -> Members {
        let who = Who {
            id: self.next_id(),
            room: room(name),
            after: None,
            limit: None,
        };
        self.say(&ClientFrame::Who(who)).await;
        self.hear_some(|frame| match frame {
            ServerFrame::Members(members) => Some(members),
            _ => None,
        })
        .await
    }

    /// The latest page of the log.
    pub(crate) async fn history(&mut self, name: &str) -> HistoryPage {
        self.ask_for_history(name).await;
        self.hear_some(|frame| match frame {
            ServerFrame::History(page) => Some(page),
            _ => None,
        })
        .await
    }

    /// Asks for it, and doesn't wait: what was delivered before the answer can still be heard.
    pub(crate) async fn ask_for_history(&mut self, name: &str) {
        let history = History {
            id: self.next_id(),
            room: room(name),
            before: None,
            after: None,
            limit: None,
        };
        self.say(&ClientFrame::History(history)).await;
    }
}

/// The messages of a `joined` or a page.
pub(crate) fn chats(messages: &[Json]) -> Vec<Chat> {
    let read = |json: &Json| match decode_server(json.as_str()).unwrap() {
        ServerFrame::Chat(chat) => *chat,
        other => panic!("{other:?}"),
    };
    messages.iter().map(read).collect()
}

async fn hear(socket: &mut WebSocketStream<MaybeTlsStream<TcpStream>>) -> Option<ServerFrame> {
    loop {
        match soon("a frame", socket.next()).await {
            Some(Ok(Message::Text(text))) => return Some(decode_server(&text).unwrap()),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
            Some(Ok(other)) => panic!("{other:?}"),
        }
    }
}
