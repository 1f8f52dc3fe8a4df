//! `roomcast chat` in a pipe, against a server played by the test.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::process::Stdio;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use roomcast_protocol::{ClientFrame, decode_client};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};

/// Longer than anything here takes, on any machine.
const PATIENCE: Duration = Duration::from_secs(30);

const CONNECTED: &str = r#"{"type":"connected","session":"00000000-0000-4000-8000-000000000000",
    "user":"alice","node":"n1","protocol":1,"heartbeat_ms":60000,"server_time":0,
    "limits":{"frame_bytes_max":65536,"message_bytes_max":8192,"data_bytes_max":8192,
    "rooms_max":10,"page_messages_max":100}}"#;

/// Starts `roomcast chat` and the session it asks for.
async fn start() -> (Child, WebSocketStream<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/v1/ws", listener.local_addr().unwrap());
    let child = Command::new(env!("CARGO_BIN_EXE_roomcast"))
        .args(["chat", "--url", &url, "--user", "alice", "--room", "den"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let accepted = timeout(PATIENCE, listener.accept()).await.unwrap();
    let mut socket = accept_async(accepted.unwrap().0).await.unwrap();
    say(&mut socket, CONNECTED.to_owned()).await;
    (child, socket)
}

async fn say(socket: &mut WebSocketStream<TcpStream>, text: String) {
    socket.send(Message::text(text)).await.unwrap();
}

/// The next frame of the client; `None` when it says goodbye.
async fn hear(socket: &mut WebSocketStream<TcpStream>) -> Option<ClientFrame> {
    match timeout(PATIENCE, socket.next()).await.unwrap() {
        Some(Ok(Message::Text(text))) => Some(decode_client(&text, 65_536).unwrap()),
        Some(Ok(Message::Close(_)) | Err(_)) | None => None,
        Some(Ok(other)) => panic!("{other:?}"),
    }
}

async fn join(socket: &mut WebSocketStream<TcpStream>) {
    let Some(ClientFrame::Join(join)) = hear(socket).await else {
        panic!("no join")
    };
    assert_eq!(join.rooms[0].room.as_str(), "den");
    let joined = format!(
        r#"{{"type":"joined","id":{},"room":"den","epoch":"000000000000000a","seq":0,
            "recovered":false,"messages":[],"count":1}}"#,
        join.id
    );
    say(socket, joined).await;
}

fn chat(seq: u64, from: &str, message: &str, key: &str) -> String {
    format!(
        r#"{{"type":"chat","room":"den","epoch":"000000000000000a","seq":{seq},
            "timestamp":1700000000000,"id":"00000000-0000-4000-8000-{seq:012x}",
            "from":"{from}","message":"{message}","key":"{key}"}}"#
    )
}

async fn type_in(child: &mut Child, text: &str) {
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(text.as_bytes()).await.unwrap();
    // Dropped: the end of input.
}

/// What it printed, and whether it succeeded.
async fn finish(mut child: Child) -> (String, bool) {
    let status = timeout(PATIENCE, child.wait()).await.unwrap().unwrap();
    let mut printed = String::new();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_to_string(&mut printed).await.unwrap();
    (printed, status.success())
}

#[tokio::test]
async fn a_pipe_ends_when_all_it_said_is_acked_and_prints_what_others_said() {
    let (mut child, mut socket) = start().await;
    type_in(&mut child, "one\n/two\n\nthree").await;
    join(&mut socket).await;
    let bobs = r"hi\u001b[2J\nbye";
    say(&mut socket, chat(1, "bob", bobs, "k")).await;
    for (seq, text) in [(2, "one"), (3, "/two"), (4, "three")] {
        let Some(ClientFrame::Chat(said)) = hear(&mut socket).await else {
            panic!("no message")
        };
        assert_eq!(said.message, text);
        let key = said.key.unwrap();
        say(&mut socket, chat(seq, "alice", text, key.as_str())).await;
        let ack = format!(
            r#"{{"type":"ack","id":{},"room":"den","epoch":"000000000000000a","seq":{seq},
                "timestamp":1,"duplicate":false}}"#,
            said.id
        );
        say(&mut socket, ack).await;
    }
    assert!(hear(&mut socket).await.is_none(), "it says goodbye");
    socket.close(None).await.ok();
    let (printed, succeeded) = finish(child).await;
    assert_eq!(printed, "22:13:20 den bob: hi\u{FFFD}[2J⏎bye\n");
    assert!(succeeded);
}

#[tokio::test]
async fn a_message_that_was_refused_makes_it_fail() {
    let (mut child, mut socket) = start().await;
    type_in(&mut child, "one\n").await;
    join(&mut socket).await;
    let Some(ClientFrame::Chat(said)) = hear(&mut socket).await else {
        panic!("no message")
    };
    let refused = format!(
        r#"{{"type":"error","id":{},"code":200,"message":"no right"}}"#,
        said.id
    );
    say(&mut socket, refused).await;
    assert!(hear(&mut socket).await.is_none());
    socket.close(None).await.ok();
    let (printed, succeeded) = finish(child).await;
    assert_eq!((printed.as_str(), succeeded), ("", false));
}
