//! The HTTP API as a back end without a library would call it: one request a connection.

use std::net::SocketAddr;
use std::time::Duration;

use roomcast_protocol::{RoomName, ServerFrame, decode_server};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::audit::Log;
use crate::ledger::{Heard, Place};

/// The key of every cluster here.
pub(crate) const API_KEY: &str = "the-key-of-the-tests";
/// Longer than one answer takes on any machine.
const ANSWER_PATIENCE: Duration = Duration::from_secs(30);
/// How long, and how often, one asks a node whose Redis is not there yet.
const ASKS_MAX: u32 = 300;
const ASK_EVERY: Duration = Duration::from_millis(200);
/// More than any room here needs.
const PAGES_MAX: u32 = 100;

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Null if it is no JSON.
    pub(crate) body: Value,
    pub(crate) text: String,
}

/// Asks once. `headers` are whole lines; `None` if the node can't be talked to.
pub(crate) async fn ask(
    node: SocketAddr,
    method: &str,
    path: &str,
    headers: &[&str],
    body: &str,
) -> Option<Answer> {
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {node}\r\nConnection: close\r\n");
    for header in headers {
        request.push_str(header);
        request.push_str("\r\n");
    }
    request.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    let exchange = async {
        let mut stream = TcpStream::connect(node).await.ok()?;
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.ok()?;
        Some(answer)
    };
    let answer = timeout(ANSWER_PATIENCE, exchange).await.ok()??;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer {
        status,
        body: serde_json::from_str(body).unwrap_or(Value::Null),
        text: body.to_owned(),
    })
}

/// Asks with the API key.
pub(crate) async fn ask_with_key(
    node: SocketAddr,
    method: &str,
    path: &str,
    idempotency_key: Option<&str>,
    body: &str,
) -> Option<Answer> {
    let bearer = format!("Authorization: Bearer {API_KEY}");
    let key = idempotency_key.map(|key| format!("Idempotency-Key: {key}"));
    let mut headers = vec![bearer.as_str()];
    headers.extend(key.as_deref());
    ask(node, method, path, &headers, body).await
}

/// Says something until it is taken: with a key that is safe.
pub(crate) async fn post(node: SocketAddr, room: &RoomName, key: &str, message: &str) -> Value {
    let path = format!("/v1/rooms/{room}/messages");
    let body = format!(r#"{{"from":"robot","message":"{message}"}}"#);
    let mut last = None;
    for _ in 0..ASKS_MAX {
        let answer = ask_with_key(node, "POST", &path, Some(key), &body).await;
        match answer {
            Some(answer) if answer.status == 200 => return answer.body,
            other => last = other,
        }
        sleep(ASK_EVERY).await;
    }
    panic!("{room} took no post: {last:?}");
}

/// The sum of a counter over its labels, at a node's operators' listener.
pub(crate) async fn counter(ops: SocketAddr, name: &str) -> f64 {
    let answer = ask(ops, "GET", "/metrics", &[], "").await;
    let text = answer.map(|answer| answer.text).unwrap_or_default();
    let mut found = Vec::new();
    for line in text.lines() {
        let rest = line
            .strip_prefix(name)
            .filter(|rest| rest.starts_with(['{', ' ']));
        let value = rest.and_then(|rest| rest.rsplit(' ').next());
        found.extend(value.and_then(|value| value.parse::<f64>().ok()));
    }
    assert!(!found.is_empty(), "no counter {name} in:\n{text}");
    found.iter().sum()
}

/// Reads a room's whole log from one of the nodes, page by page; `None` if nothing was ever said.
pub(crate) async fn log_of(nodes: &[SocketAddr], room: &RoomName) -> Option<Log> {
    let mut log: Option<Log> = None;
    for _ in 0..PAGES_MAX {
        let after = log.as_ref().and_then(|log| log.messages.last());
        let after = after.map_or(0, |heard| heard.at.seq);
        let page = page(nodes, room, after).await?;
        let head = Place {
            epoch: page["epoch"].as_str()?.parse().ok()?,
            seq: page["seq"].as_u64()?,
        };
        let messages = page["messages"].as_array()?.iter().map(heard);
        let messages: Vec<Heard> = messages.collect();
        let log = log.get_or_insert(Log {
            head,
            messages: Vec::new(),
        });
        log.head = head;
        log.messages.extend(messages);
        if page["more"] == Value::Bool(false) {
            return Some(log.clone());
        }
    }
    panic!("{room} has more than {PAGES_MAX} pages");
}

async fn page(nodes: &[SocketAddr], room: &RoomName, after: u64) -> Option<Value> {
    let path = format!("/v1/rooms/{room}/messages?after={after}&limit=100");
    let mut last = None;
    for ask in 0..ASKS_MAX {
        let node = nodes[ask as usize % nodes.len()];
        let answer = ask_with_key(node, "GET", &path, None, "").await;
        match answer {
            Some(answer) if answer.status == 200 => return Some(answer.body),
            Some(answer) if answer.status == 404 => return None,
            other => last = other,
        }
        // A dead node is no reason to wait: the next one may know.
        if (ask as usize + 1).is_multiple_of(nodes.len()) {
            sleep(ASK_EVERY).await;
        }
    }
    panic!("{room} can't be read: {last:?}");
}

fn heard(message: &Value) -> Heard {
    match decode_server(&message.to_string()) {
        Ok(ServerFrame::Chat(chat)) => Heard::of(&chat),
        other => panic!("a page holds {other:?}"),
    }
}
