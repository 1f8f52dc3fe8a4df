//! As much of WebSocket as a load needs: a handshake, a masked text frame, and where frames end.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

/// All zero: masked bytes are the bytes themselves.
const MASK: [u8; 4] = [0; 4];
/// How the answer to a join begins.
const JOINED: &[u8] = br#"{"type":"joined""#;

/// A socket, and where in a server's frame it stands.
pub(crate) struct Session {
    pub(crate) stream: TcpStream,
    pub(crate) counter: Counter,
}

impl Session {
    /// One of which nothing was read yet.
    pub(crate) fn of(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("a TCP socket");
        Self {
            stream,
            counter: Counter::default(),
        }
    }

    /// One that has joined `room`.
    pub(crate) fn join(address: SocketAddr, user: &str, room: &str) -> Self {
        let stream = TcpStream::connect(address).expect("the node takes connections");
        let mut session = Self::of(stream);
        let request = format!(
            "GET /v1/ws?user={user} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        let join = format!(r#"{{"type":"join","id":1,"room":"{room}"}}"#);
        // In one write: the node keeps what comes behind a handshake.
        let bytes = [request.as_bytes(), &text_frame(&join)].concat();
        session.stream.write_all(&bytes).expect("the node reads");
        let mut said = Vec::new();
        let mut bytes = [0; 16 * 1024];
        while find(&said, JOINED).is_none() {
            let count = session.stream.read(&mut bytes).expect("the node answers");
            assert!(count > 0, "refused: {}", String::from_utf8_lossy(&said));
            said.extend_from_slice(&bytes[..count]);
        }
        let frames = find(&said, b"\r\n\r\n").expect("an answer has a head") + 4;
        session.counter.take(&said[frames..], 0);
        session
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
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
pub(crate) fn server_frame(text: &str) -> Vec<u8> {
    let len = u16::try_from(text.len()).expect("frames of the load are short");
    [&[0x81, 126][..], &len.to_be_bytes(), text.as_bytes()].concat()
}

/// Finds where a server's frames end, without keeping or reading what they say.
#[derive(Default)]
pub(crate) struct Counter {
    head: Vec<u8>,
    to_skip: usize,
}

impl Counter {
    /// Takes bytes; how many frames of at least `len_min` bytes have begun in them.
    pub(crate) fn take(&mut self, mut bytes: &[u8], len_min: usize) -> u64 {
        let mut found = 0;
        while !bytes.is_empty() {
            let skipped = self.to_skip.min(bytes.len());
            self.to_skip -= skipped;
            bytes = &bytes[skipped..];
            let Some((byte, rest)) = bytes.split_first() else {
                break;
            };
            self.head.push(*byte);
            bytes = rest;
            let len = match self.head[..] {
                [_, len @ 0..=125] => usize::from(len),
                [_, 126, high, low] => usize::from(u16::from_be_bytes([high, low])),
                [_, 127, ..] => panic!("no frame of the load is as long"),
                _ => continue,
            };
            found += u64::from(len >= len_min);
            self.to_skip = len;
            self.head.clear();
        }
        found
    }
}
