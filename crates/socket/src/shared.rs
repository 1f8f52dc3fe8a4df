//! A message for many: encoded once, compressed at most twice, shared by all who get it.
//!
//! Keeps true: the payload lives once in memory, inside the plain frame; compression happens on
//! first need, and never below the threshold. Only for servers: a client masks each frame anew.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use crate::deflate::Deflate;
use crate::frame::{OpCode, encode};

/// A message as frames, ready for any member. Cloning shares it.
#[derive(Clone, Debug)]
pub struct SharedFrame(Arc<Frames>);

#[derive(Debug)]
struct Frames {
    opcode: OpCode,
    plain: Bytes,
    payload_at: usize,
    /// Compressed with the largest window; `None` inside where that does not help.
    wide: OnceLock<Option<Bytes>>,
    /// The same with the smallest, for all peers with any smaller one.
    narrow: OnceLock<Option<Bytes>>,
}

impl SharedFrame {
    /// Encodes the plain frame.
    #[must_use]
    pub fn text(payload: &str) -> Self {
        Self::new(OpCode::Text, payload.as_bytes())
    }

    /// The same of a binary message.
    #[must_use]
    pub fn binary(payload: &[u8]) -> Self {
        Self::new(OpCode::Binary, payload)
    }

    fn new(opcode: OpCode, payload: &[u8]) -> Self {
        let plain = encode(opcode, false, payload, None);
        Self(Arc::new(Frames {
            opcode,
            payload_at: plain.len() - payload.len(),
            plain,
            wide: OnceLock::new(),
            narrow: OnceLock::new(),
        }))
    }

    /// The payload, without its header; shares the frame's memory.
    #[must_use]
    pub fn payload(&self) -> Bytes {
        self.0.plain.slice(self.0.payload_at..)
    }

    pub(crate) fn opcode(&self) -> OpCode {
        self.0.opcode
    }

    /// Bytes of the plain frame: what a queue counts.
    #[must_use]
    pub fn plain_bytes(&self) -> usize {
        self.0.plain.len()
    }

    /// The frame for a peer, by what was agreed with it. The first one to need a compressed frame
    /// makes it, with its level; a node has one. Two such frames serve every window there is.
    #[must_use]
    pub fn for_peer(&self, agreed: Option<&Deflate>) -> &Bytes {
        let payload = &self.0.plain[self.0.payload_at..];
        let Some(agreed) = agreed.filter(|agreed| agreed.compresses(payload.len())) else {
            return &self.0.plain;
        };
        let (made, agreed) = if agreed.fits(payload.len()) {
            (&self.0.wide, *agreed)
        } else {
            (&self.0.narrow, agreed.narrowest())
        };
        let made = made.get_or_init(|| {
            let small = agreed.compress(payload)?;
            Some(encode(self.0.opcode, true, &small, None))
        });
        made.as_ref().unwrap_or(&self.0.plain)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU8;

    use super::SharedFrame;
    use crate::deflate::{Deflate, inflate};

    const AGREED: Deflate = Deflate {
        bytes_min: 100,
        level: NonZeroU8::MIN,
        send_window_bits: 15,
    };

    #[test]
    fn all_peers_of_a_kind_share_the_same_bytes() {
        let text = "over and over ".repeat(20);
        let frame = SharedFrame::text(&text);
        let plain = frame.for_peer(None);
        assert_eq!(plain.as_ptr(), frame.clone().for_peer(None).as_ptr());
        assert_eq!(&plain[..2], &[0x81, 126]);
        assert_eq!(frame.payload(), text.as_bytes());
        let small = frame.for_peer(Some(&AGREED));
        assert_eq!(small.as_ptr(), frame.for_peer(Some(&AGREED)).as_ptr());
        assert_eq!(small[0], 0xc1);
        assert!(small.len() < plain.len());
        assert_eq!(inflate(&small[2..], text.len()).unwrap(), text.as_bytes());
    }

    #[test]
    fn below_the_threshold_and_without_gain_and_for_no_window_at_all_the_plain_frame_goes_out() {
        let short = SharedFrame::text(&"a".repeat(99));
        let long = SharedFrame::text(&"a".repeat(513));
        let hardly_any = Deflate {
            send_window_bits: 8,
            ..AGREED
        };
        assert_eq!(short.for_peer(Some(&AGREED)), short.for_peer(None));
        assert_eq!(long.for_peer(Some(&hardly_any)), long.for_peer(None));
        assert_ne!(long.for_peer(Some(&AGREED)), long.for_peer(None));
        let eager = Deflate {
            bytes_min: 1,
            ..AGREED
        };
        let tiny = SharedFrame::text("ab");
        assert_eq!(tiny.for_peer(Some(&eager)), tiny.for_peer(None));
    }

    #[test]
    fn all_peers_with_a_window_too_small_share_one_frame_that_the_smallest_can_read() {
        // The second half is the first, out of reach of a window of 512 bytes.
        let half: String = (0..300).map(|n| format!("{n:04}")).collect();
        let text = half.repeat(2);
        let frame = SharedFrame::text(&text);
        let with = |send_window_bits| Deflate {
            send_window_bits,
            ..AGREED
        };
        let wide = frame.for_peer(Some(&with(15)));
        let narrow = frame.for_peer(Some(&with(9)));
        assert!(narrow.len() > wide.len(), "it reaches back less far");
        assert_eq!(narrow.as_ptr(), frame.for_peer(Some(&with(10))).as_ptr());
        assert_eq!(wide.as_ptr(), frame.for_peer(Some(&with(12))).as_ptr());
        assert_eq!(inflate(&narrow[4..], text.len()).unwrap(), text.as_bytes());
    }
}
