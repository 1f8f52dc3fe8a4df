//! A session without a page: no browser holds it back, and there may be a thousand.

use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::PATIENCE;

/// Somebody in a room, by the wire alone.
pub(crate) struct Guest(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// A guest who only stays, until this is dropped.
pub(crate) struct Staying(AbortHandle);

impl Guest {
    /// Goes into a room.
    pub(crate) async fn enter(node: SocketAddr, user: &str, name: &str, room: &str) -> Self {
        let mut url = url::Url::parse(&format!("ws://{node}/v1/ws")).unwrap();
        url.query_pairs_mut()
            .append_pair("user", user)
            .append_pair("name", name);
        let (socket, _) = connect_async(url.as_str()).await.unwrap();
        let mut guest = Self(socket);
        let join = json!({ "type": "join", "id": 1, "room": room });
        guest.ask(join, "joined").await;
        guest
    }

    /// Sends a frame.
    pub(crate) async fn send(&mut self, frame: Value) {
        let frame = Message::text(frame.to_string());
        self.0.send(frame).await.unwrap();
    }

    /// Sends a frame and waits for its answer.
    pub(crate) async fn ask(&mut self, frame: Value, answer: &str) {
        let id = frame["id"].clone();
        self.send(frame).await;
        loop {
            let told = timeout(PATIENCE, self.0.next()).await.expect("in time");
            let Message::Text(text) = told.expect("open").unwrap() else {
                continue;
            };
            let told: Value = serde_json::from_str(&text).unwrap();
            if told["id"] == id {
                assert_eq!(told["type"], answer, "{told}");
                return;
            }
        }
    }

    /// Says that it types.
    pub(crate) async fn types(&mut self, room: &str) {
        self.send(json!({ "type": "typing", "room": room, "typing": true }))
            .await;
    }

    /// Stays where it is and hears what comes.
    pub(crate) fn stay(mut self) -> Staying {
        let staying = tokio::spawn(async move { while let Some(Ok(_)) = self.0.next().await {} });
        Staying(staying.abort_handle())
    }
}

impl Drop for Staying {
    fn drop(&mut self) {
        self.0.abort();
    }
}
