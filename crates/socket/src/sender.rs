//! What one end sends, as frames: masked by a client, compressed where that was agreed.
//!
//! Keeps true: each frame of a client has a mask of its own, none of a server has one; control
//! frames are never compressed. Leaves to others: whether anything may be sent still.

use bytes::Bytes;

use crate::deflate::Deflate;
use crate::frame::{OpCode, encode};
use crate::shared::SharedFrame;

/// Where a client's masks come from: strong and new for each frame (RFC 6455, 5.3).
pub type Masks = fn() -> [u8; 4];

/// How one end of a connection sends.
#[derive(Debug)]
pub(crate) struct Sender {
    /// Of a client; a server has none.
    masks: Option<Masks>,
    deflate: Option<Deflate>,
}

impl Sender {
    pub(crate) const fn new(masks: Option<Masks>, deflate: Option<Deflate>) -> Self {
        Self { masks, deflate }
    }

    /// Whether this end masks, so that the other does not.
    pub(crate) const fn masks(&self) -> bool {
        self.masks.is_some()
    }

    /// Whether compression was agreed.
    pub(crate) const fn deflates(&self) -> bool {
        self.deflate.is_some()
    }

    /// A message, compressed if that pays.
    pub(crate) fn message(&self, opcode: OpCode, payload: &[u8]) -> Bytes {
        let small = self.deflate.and_then(|agreed| agreed.compress(payload));
        match small {
            Some(small) => encode(opcode, true, &small, self.mask()),
            None => encode(opcode, false, payload, self.mask()),
        }
    }

    /// A close, ping or pong.
    pub(crate) fn control(&self, opcode: OpCode, payload: &[u8]) -> Bytes {
        encode(opcode, false, payload, self.mask())
    }

    /// What was agreed about compression.
    pub(crate) const fn deflate(&self) -> Option<&Deflate> {
        self.deflate.as_ref()
    }

    /// A shared frame's bytes; a client masks a copy of its own.
    pub(crate) fn shared(&self, frame: &SharedFrame) -> Bytes {
        match self.masks {
            None => frame.for_peer(self.deflate.as_ref()).clone(),
            Some(_) => self.message(frame.opcode(), &frame.payload()),
        }
    }

    fn mask(&self) -> Option<[u8; 4]> {
        self.masks.map(|masks| masks())
    }
}
