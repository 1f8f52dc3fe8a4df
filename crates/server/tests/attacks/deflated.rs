//! A session that has agreed on permessage-deflate (RFC 7692), in its plainest form.

use std::io::Read as _;

use flate2::read::{DeflateDecoder, DeflateEncoder};
use serde_json::Value;

use crate::line::Line;
use crate::scene::Scene;
use crate::session::{CLOSE, CONTINUATION, FIN, TEXT, frame as plain_frame, upgrade};

/// The first of the reserved bits: the message is compressed.
const RSV1: u8 = 0x40;
/// What an empty block at the end of a message leaves, and is left out on the wire.
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];
const OFFER: &str = "Sec-WebSocket-Extensions: permessage-deflate; \
    client_no_context_takeover; server_no_context_takeover\r\n";

/// A session that compresses.
pub(crate) struct Deflated {
    line: Line,
}

/// The payload of a compressed message.
pub(crate) fn of(text: &[u8]) -> Vec<u8> {
    let mut payload = Vec::new();
    DeflateEncoder::new(text, flate2::Compression::best())
        .read_to_end(&mut payload)
        .expect("memory doesn't fail");
    // It ends with a last block; RFC 7692, 7.2.3.4 wants a byte of zeros behind such a one.
    payload.push(0);
    payload
}

/// The one frame of such a message.
pub(crate) fn frame(payload: &[u8]) -> Vec<u8> {
    plain_frame(FIN | RSV1 | TEXT, payload)
}

/// The same in two frames.
pub(crate) fn in_two(payload: &[u8]) -> Vec<u8> {
    let (first, second) = payload.split_at(payload.len() / 2);
    let first = plain_frame(RSV1 | TEXT, first);
    [first, plain_frame(FIN | CONTINUATION, second)].concat()
}

impl Deflated {
    /// Opens one; the node must agree.
    pub(crate) fn open(scene: &Scene, user: &str) -> Self {
        let mut line = scene.node.line();
        let answer = line.ask(upgrade(&format!("/v1/ws?user={user}"), OFFER));
        assert_eq!(answer.status, 101, "{answer:?}");
        let agreed = answer.header("sec-websocket-extensions");
        let agreed = agreed.is_some_and(|agreed| agreed.starts_with("permessage-deflate"));
        assert!(agreed, "{answer:?}");
        Self { line }
    }

    /// Sends a compressed payload as a message.
    pub(crate) fn send(&mut self, payload: &[u8]) {
        self.send_frames(&frame(payload));
    }

    pub(crate) fn send_frames(&mut self, frames: &[u8]) {
        self.line.send(frames);
    }

    /// The answer to the request `id`.
    pub(crate) fn until_answer(&mut self, id: u64) -> Value {
        loop {
            let (opcode, payload) = self.next().expect("an answer, not the end");
            assert_ne!(opcode, CLOSE, "{payload:?}");
            let said = serde_json::from_slice::<Value>(&payload).unwrap_or_default();
            if said["id"] == id {
                return said;
            }
        }
    }

    /// The code it is closed with, whatever is said before.
    pub(crate) fn close_code(&mut self) -> Option<u16> {
        loop {
            let (opcode, payload) = self.next()?;
            if opcode == CLOSE {
                return Some(u16::from_be_bytes([payload[0], payload[1]]));
            }
        }
    }

    /// The next frame's opcode and its payload, inflated.
    fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        let head = self.line.take(2)?;
        let len = match head[1] {
            126 => self.line.take(2)?,
            127 => self.line.take(8)?,
            len => vec![len],
        };
        let len = len
            .iter()
            .fold(0, |len, byte| len << 8 | usize::from(*byte));
        let mut payload = self.line.take(len)?;
        if head[0] & RSV1 != 0 {
            payload.extend(TAIL);
            let mut inflated = Vec::new();
            // It ends without a last block, which the reader takes for a cut.
            let _ = DeflateDecoder::new(&payload[..]).read_to_end(&mut inflated);
            payload = inflated;
        }
        Some((head[0] & 0x0f, payload))
    }
}
