//! As much of WebSocket as a load needs: a handshake, a masked text frame, and where frames end.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

/// All zero: masked bytes are the bytes themselves.
const MASK: [u8; 4] = [0; 4];
/// Plain frames at least as long are messages: acks and signals are shorter.
const MESSAGE_BYTES_MIN: usize = 256;
/// The bit of a frame's first byte that says that it is compressed: only messages are as long.
const COMPRESSED: u8 = 0x40;
/// How a session begins: `connected`, then `joined` of its room and of its inbox.
const GREETING_FRAMES: u64 = 3;
/// What a message says: about as compressible as people are.
const TEXT: &str = "Could somebody look at the staging cluster before lunch? Since 09:42 two of five pods \
    restart, p99 went from 38 to 410 ms, and my dashboards only show \"unknown (code 17)\". Thanks, Zoe";

/// What a client offers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extension {
    None,
    Deflate,
}

/// A socket, and where in a server's frame it stands.
pub(crate) struct Session {
    pub(crate) stream: TcpStream,
    pub(crate) counter: Counter,
    /// What it says each time it has been answered.
    pub(crate) says: Vec<u8>,
}

impl Session {
    /// One of which nothing was read yet.
    pub(crate) fn of(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("a TCP socket");
        Self {
            stream,
            counter: Counter::default(),
            says: Vec::new(),
        }
    }

    /// One that has joined `room`.
    pub(crate) fn join(address: SocketAddr, user: &str, room: &str, extension: Extension) -> Self {
        let stream = TcpStream::connect(address).expect("the node takes connections");
        let mut session = Self::of(stream);
        let offer = match extension {
            Extension::None => "",
            Extension::Deflate => "Sec-WebSocket-Extensions: permessage-deflate\r\n",
        };
        let request = format!(
            "GET /v1/ws?user={user} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n{offer}\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        let join = format!(r#"{{"type":"join","id":1,"room":"{room}"}}"#);
        // In one write: the node keeps what comes behind a handshake.
        let bytes = [request.as_bytes(), &text_frame(&join)].concat();
        session.stream.write_all(&bytes).expect("the node reads");
        let (mut head, mut frames) = (Vec::new(), 0);
        let mut bytes = [0; 16 * 1024];
        while frames < GREETING_FRAMES || session.counter.is_inside() {
            let count = session.stream.read(&mut bytes).expect("the node answers");
            let mut rest = &bytes[..count];
            assert!(count > 0, "refused: {}", String::from_utf8_lossy(&head));
            if frames == 0 {
                head.extend_from_slice(rest);
                let Some(end) = find(&head, b"\r\n\r\n") else {
                    continue;
                };
                rest = &rest[count - (head.len() - end - 4)..];
            }
            let Found { messages, others } = session.counter.take(rest);
            frames += messages + others;
        }
        session
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

/// What the one who says something in `room` writes.
pub(crate) fn said(room: &str) -> Vec<u8> {
    let text = TEXT.replace('"', "\\\"");
    text_frame(&format!(
        r#"{{"type":"chat","id":1,"room":"{room}","message":"{text}"}}"#
    ))
}

/// What a member is told of it.
pub(crate) fn told() -> Vec<u8> {
    let text = TEXT.replace('"', "\\\"");
    server_frame(&format!(
        r#"{{"type":"chat","room":"room","epoch":"6f1c2a9be4d07735","seq":100,"timestamp":1767225607000,"id":"d23f0824-128b-4f33-8c5c-7fd0a6a3a450","from":"user-0","message":"{text}"}}"#
    ))
}

/// A client's text frame.
pub(crate) fn text_frame(text: &str) -> Vec<u8> {
    let len = text.len();
    let head = match u8::try_from(len) {
        Ok(len @ 0..=125) => vec![0x81, 0x80 | len],
        _ => {
            let len = u16::try_from(len).expect("frames of the load are short");
            [&[0x81, 0x80 | 126][..], &len.to_be_bytes()].concat()
        }
    };
    [&head[..], &MASK, text.as_bytes()].concat()
}

/// A server's text frame.
fn server_frame(text: &str) -> Vec<u8> {
    let len = u16::try_from(text.len()).expect("frames of the load are short");
    [&[0x81, 126][..], &len.to_be_bytes(), text.as_bytes()].concat()
}

/// Finds where a server's frames end, without keeping or reading what they say.
#[derive(Default)]
pub(crate) struct Counter {
    head: Vec<u8>,
    to_skip: usize,
}

/// Frames that have begun.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) messages: u64,
    /// Acks, in the midst of a load.
    pub(crate) others: u64,
}

impl Counter {
    /// Whether a frame has begun and not ended.
    pub(crate) fn is_inside(&self) -> bool {
        self.to_skip > 0 || !self.head.is_empty()
    }

    /// Takes bytes; which frames have begun in them.
    pub(crate) fn take(&mut self, mut bytes: &[u8]) -> Found {
        let mut found = Found::default();
        while !bytes.is_empty() {
            let skipped = self.to_skip.min(bytes.len());
            self.to_skip -= skipped;
            bytes = &bytes[skipped..];
            let Some((byte, rest)) = bytes.split_first() else {
                break;
            };
            self.head.push(*byte);
            bytes = rest;
            let (first, len) = match self.head[..] {
                [first, len @ 0..=125] => (first, usize::from(len)),
                [first, 126, high, low] => (first, u16::from_be_bytes([high, low]).into()),
                [_, 127, ..] => panic!("no frame of the load is as long"),
                _ => continue,
            };
            let is_message = len >= MESSAGE_BYTES_MIN || first & COMPRESSED != 0;
            found.messages += u64::from(is_message);
            found.others += u64::from(!is_message);
            self.to_skip = len;
            self.head.clear();
        }
        found
    }
}
