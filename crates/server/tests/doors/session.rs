//! A WebSocket session that may send any bytes whatever as a frame.

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::line::Line;
use crate::node::{Node, PATIENCE};

/// The key of the example in RFC 6455, section 1.3, and what must be answered to it.
pub(crate) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
/// Opcodes of RFC 6455, section 5.2.
pub(crate) const CONTINUATION: u8 = 0x0;
pub(crate) const TEXT: u8 = 0x1;
pub(crate) const BINARY: u8 = 0x2;
pub(crate) const CLOSE: u8 = 0x8;
pub(crate) const PING: u8 = 0x9;
pub(crate) const PONG: u8 = 0xA;
/// The first bit of a frame: its message ends with it.
pub(crate) const FIN: u8 = 0x80;
const MASK: [u8; 4] = [0x12, 0x34, 0x56, 0x78];

/// A session.
pub(crate) struct Session {
    pub(crate) line: Line,
}

/// What the node does next.
#[derive(Debug, PartialEq)]
pub(crate) enum Next {
    /// It says a frame of JSON.
    Says(Value),
    /// It answers a ping.
    Pong(Vec<u8>),
    /// It closes with this code and this reason.
    Closes(u16, String),
    /// The connection is gone without a close frame.
    Ends,
}

/// The head of an upgrade request for this path, with these further lines.
pub(crate) fn upgrade(path: &str, more: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\n\
         Upgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{more}\r\n"
    )
}

/// A frame: `first` is FIN, RSV and opcode. Masked as a client must.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        len @ 0..=125 => bytes.push(0x80 | u8::try_from(len).unwrap()),
        len @ 126..=65_535 => {
            bytes.push(0x80 | 126);
            bytes.extend(u16::try_from(len).unwrap().to_be_bytes());
        }
        len => {
            bytes.push(0x80 | 127);
            bytes.extend((len as u64).to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes.extend(
        payload
            .iter()
            .zip(MASK.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    bytes
}

impl Session {
    /// Opens one for `user` in development mode.
    pub(crate) fn open(node: &Node, user: &str) -> Self {
        Self::open_with(node, &format!("/v1/ws?user={user}"), "")
    }

    /// Opens one with this path and these further header lines; the greeting is read.
    pub(crate) fn open_with(node: &Node, path: &str, more: &str) -> Self {
        Self::greeted(node, path, more).0
    }

    /// Opens one, with its greeting: `connected`, and the `joined` of its own inbox.
    pub(crate) fn greeted(node: &Node, path: &str, more: &str) -> (Self, [Value; 2]) {
        let mut session = Self::shake(node, path, more);
        let mut said = Vec::new();
        while said.len() < 2 {
            match session.next() {
                Next::Says(Value::Array(frames)) => said.extend(frames),
                Next::Says(frame) => said.push(frame),
                other => panic!("{other:?} after {said:?}"),
            }
        }
        let greeting: [Value; 2] = said.try_into().expect("nothing else is said yet");
        let [connected, joined] = &greeting;
        assert_eq!(connected["type"], "connected", "{connected}");
        let inbox = format!("@{}", connected["user"].as_str().unwrap());
        assert_eq!(joined["type"], "joined", "{joined}");
        assert_eq!(
            (&joined["room"], joined.get("id")),
            (&json!(inbox), None),
            "{joined}"
        );
        (session, greeting)
    }

    /// Upgrades, and reads nothing more.
    pub(crate) fn shake(node: &Node, path: &str, more: &str) -> Self {
        let mut line = node.line();
        let answer = line.ask(upgrade(path, more));
        assert_eq!(answer.status, 101, "{answer:?}");
        assert_eq!(answer.header("sec-websocket-accept"), Some(ACCEPT));
        Self { line }
    }

    pub(crate) fn send_text(&mut self, text: &str) {
        self.line.send(frame(FIN | TEXT, text.as_bytes()));
    }

    /// What comes next, the node's own pings aside.
    pub(crate) fn next(&mut self) -> Next {
        let since = Instant::now();
        loop {
            // The node's pings would hide for ever that nothing else comes.
            assert!(since.elapsed() < PATIENCE, "nothing but pings");
            let Some(head) = self.line.take(2) else {
                return Next::Ends;
            };
            assert_eq!(head[0] & 0x70, 0, "no reserved bit is negotiated");
            assert_eq!(head[1] & 0x80, 0, "a server masks nothing");
            let extended = match head[1] {
                126 => 2,
                127 => 8,
                _ => 0,
            };
            let Some(extended_len) = self.line.take(extended) else {
                return Next::Ends;
            };
            let len = match extended {
                0 => usize::from(head[1]),
                _ => extended_len
                    .iter()
                    .fold(0, |len, byte| len << 8 | usize::from(*byte)),
            };
            let Some(payload) = self.line.take(len) else {
                return Next::Ends;
            };
            match head[0] & 0x0f {
                TEXT => return Next::Says(serde_json::from_slice(&payload).expect("JSON")),
                PONG => return Next::Pong(payload),
                PING => self.line.send(frame(FIN | PONG, &payload)),
                CLOSE => {
                    let code = u16::from_be_bytes([payload[0], payload[1]]);
                    let reason = String::from_utf8(payload[2..].to_vec()).expect("UTF-8");
                    return Next::Closes(code, reason);
                }
                other => panic!("opcode {other}"),
            }
        }
    }

    /// Everything said until an answer to the request `id`, that one last.
    pub(crate) fn until_answer(&mut self, id: &Value) -> Vec<Value> {
        let mut said = Vec::new();
        loop {
            match self.next() {
                Next::Says(frame) => {
                    let is_it = frame["id"] == *id && frame["type"] != "chat";
                    said.push(frame);
                    if is_it {
                        return said;
                    }
                }
                other => panic!("{other:?} instead of an answer to {id}, after {said:?}"),
            }
        }
    }

    /// Sends a request and waits for its answer.
    pub(crate) fn ask(&mut self, request: &Value) -> Value {
        self.send_text(&request.to_string());
        self.until_answer(&request["id"]).pop().expect("the answer")
    }

    /// Whether it still works: asks for a pong. What was said before it.
    pub(crate) fn still_works(&mut self) -> Vec<Value> {
        let id = json!("still there?");
        self.send_text(&json!({"type": "ping", "id": id}).to_string());
        let mut said = self.until_answer(&id);
        let pong = said.pop().expect("the answer");
        assert_eq!(pong["type"], "pong");
        said
    }

    /// The code it is closed with, whatever is said before.
    pub(crate) fn close_code(&mut self) -> Option<u16> {
        self.close().map(|(code, _)| code)
    }

    /// The code and the reason it is closed with, whatever is said before.
    pub(crate) fn close(&mut self) -> Option<(u16, String)> {
        loop {
            match self.next() {
                Next::Closes(code, reason) => return Some((code, reason)),
                Next::Ends => return None,
                Next::Says(_) | Next::Pong(_) => {}
            }
        }
    }
}

/// A session that goes on talking while others misbehave.
pub(crate) struct Neighbour {
    session: Session,
    said: u64,
}

impl Neighbour {
    pub(crate) fn of(node: &Node) -> Self {
        let mut session = Session::open(node, "neighbour");
        let joined = session.ask(&json!({"type": "join", "id": "join", "room": "next-door"}));
        assert_eq!(joined["type"], "joined", "{joined}");
        Self { session, said: 0 }
    }

    /// Talks, and gets its answer.
    pub(crate) fn feels_nothing(&mut self) {
        self.said += 1;
        let chat = json!({"type": "chat", "id": self.said, "room": "next-door", "message": "Fine"});
        let ack = self.session.ask(&chat);
        assert_eq!(
            (&ack["type"], &ack["seq"]),
            (&json!("ack"), &json!(self.said)),
            "{ack}"
        );
    }
}
