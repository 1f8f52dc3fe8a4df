//! A chat over plain Redis pub/sub, as it is mostly written: what the load tool makes of the field.
//! `cargo run --release -p loadtest --example plain_chat -- 127.0.0.1:8090 redis://127.0.0.1/`
//! Speaks enough of our wire to be put under load. Each session subscribes for itself; a message is
//! numbered, then published, then acked. No log, so nothing is resumed; nobody knows who is there.

use anyhow::{Context, Result};
use futures_util::{SinkExt, StreamExt};
use redis::{AsyncTypedCommands, Client};
use serde_json::{Value, from_str, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let listener = TcpListener::bind(arguments.next().context("where to listen?")?).await?;
    let redis = Client::open(arguments.next().context("where is Redis?")?)?;
    loop {
        tokio::spawn(converse(listener.accept().await?.0, redis.clone()));
    }
}

#[expect(clippy::result_large_err, reason = "the type is the library's")]
async fn converse(stream: TcpStream, redis: Client) -> Result<()> {
    let mut query = String::new();
    let look = |request: &Request, response: Response| {
        query.push_str(request.uri().query().unwrap_or_default());
        Ok(response)
    };
    stream.set_nodelay(true)?;
    let mut socket = tokio_tungstenite::accept_hdr_async(stream, look).await?;
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let user = pairs.find(|pair| pair.0 == "user").context("who?")?.1;
    let mut commands = redis.get_multiplexed_async_connection().await?;
    let (mut rooms, mut feed) = redis.get_async_pubsub().await?.split();
    let (epoch, session) = ("00000000000000e0", uuid::Uuid::new_v4());
    let connected = json!({"type": "connected", "session": session, "user": user, "node": "plain",
        "protocol": 1, "heartbeat_ms": 25000, "server_time": 0, "limits": {"frame_bytes_max": 65536,
        "message_bytes_max": 16384, "data_bytes_max": 16384, "rooms_max": 100,
        "page_messages_max": 100}});
    socket.send(connected.to_string().into()).await?;
    // Everybody is in their inbox without asking.
    let mut said = json!({"type": "join", "room": format!("@{user}")});
    loop {
        for one in said["rooms"].as_array().unwrap_or(&vec![said.clone()]) {
            let inbox = said["to"].as_str().map(|to| format!("@{to}"));
            let room = one["room"].as_str().or(inbox.as_deref()).unwrap_or("");
            let (answer, step) = match said["type"].as_str().unwrap_or_default() {
                "join" => rooms.subscribe(room).await.map(|()| ("joined", 0))?,
                "leave" => rooms.unsubscribe(room).await.map(|()| ("ok", 0))?,
                "chat" | "direct" => ("ack", 1),
                "who" => ("members", 0),
                "history" => ("history", 0),
                "ping" => ("pong", 0),
                _ => continue,
            };
            let seq = commands.incr(room, step).await?;
            let now_ms = std::time::UNIX_EPOCH.elapsed()?.as_millis() as u64;
            if answer == "ack" {
                let chat = json!({"type": "chat", "id": uuid::Uuid::new_v4(), "room": room,
                    "epoch": epoch, "seq": seq, "timestamp": now_ms, "from": user, "to": said["to"],
                    "message": said["message"], "data": said["data"], "key": said["key"]});
                commands.publish(room, chat.to_string()).await?;
            }
            // Fields that an answer of this type doesn't have are passed over.
            let answer = json!({"type": answer, "id": said["id"], "room": room, "epoch": epoch,
                "seq": seq, "timestamp": now_ms, "duplicate": false, "recovered": false, "count": 1,
                "messages": [], "members": [{"user": user}], "more": false, "server_time": now_ms});
            socket.send(answer.to_string().into()).await?;
        }
        said = tokio::select! {
            news = feed.next() => {
                let news: String = news.context("Redis is gone")?.get_payload()?;
                socket.send(news.into()).await?;
                Value::Null
            }
            next = socket.next() => from_str(next.context("gone")??.to_text()?).unwrap_or_default(),
        };
    }
}
