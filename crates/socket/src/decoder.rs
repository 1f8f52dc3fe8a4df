//! From bytes to frames: headers as they are whole, payloads as they come.
//!
//! Keeps true: it holds at most one header's worth of bytes, whatever a header claims; payload is
//! unmasked in place in the caller's buffer, never held. Leaves to others: what is allowed.

use crate::frame::{HEADER_BYTES_MAX, Header, apply_mask};
use crate::violation::Violation;

/// Where in a frame the bytes are.
#[derive(Debug)]
pub(crate) enum Decoder {
    /// In a header, of which so many bytes have come.
    Header {
        held: [u8; HEADER_BYTES_MAX],
        length: u8,
    },
    /// In the payload, of which so many bytes are still to come.
    Payload { header: Header, missing: u64 },
}

/// A piece of a frame's payload, unmasked.
pub(crate) struct Piece<'b> {
    pub(crate) header: Header,
    pub(crate) bytes: &'b [u8],
    /// Whether it begins the payload, and whether it ends it.
    pub(crate) first: bool,
    pub(crate) last: bool,
}

impl Decoder {
    /// Before the first byte of a frame.
    pub(crate) const fn new() -> Self {
        Self::Header {
            held: [0; HEADER_BYTES_MAX],
            length: 0,
        }
    }

    /// Whether the next byte begins a frame.
    pub(crate) const fn is_between_frames(&self) -> bool {
        matches!(self, Self::Header { length: 0, .. })
    }

    /// Whether a header has been read and its payload has not.
    pub(crate) const fn is_in_payload(&self) -> bool {
        matches!(self, Self::Payload { .. })
    }

    /// Takes a header's bytes from the input; the header, once it is whole.
    pub(crate) fn header(&mut self, input: &mut &mut [u8]) -> Result<Option<Header>, Violation> {
        let Self::Header { held, length } = self else {
            return Ok(None);
        };
        let before = usize::from(*length);
        let decoded = if before == 0 {
            Header::decode(input)?
        } else {
            let taken = input.len().min(HEADER_BYTES_MAX - before);
            held[before..before + taken].copy_from_slice(&input[..taken]);
            Header::decode(&held[..before + taken])?
        };
        let Some((header, bytes)) = decoded else {
            // All of the input belongs to the header, which is longer.
            held[before..before + input.len()].copy_from_slice(input);
            *length = u8::try_from(before + input.len()).expect("a header has 14 bytes at most");
            *input = &mut [];
            return Ok(None);
        };
        advance(input, bytes - before);
        *self = Self::Payload {
            header,
            missing: header.payload_bytes,
        };
        Ok(Some(header))
    }

    /// Takes what the input has of the payload; `None` outside of one.
    pub(crate) fn payload<'b>(&mut self, input: &mut &'b mut [u8]) -> Option<Piece<'b>> {
        let Self::Payload { header, missing } = self else {
            return None;
        };
        let header = *header;
        let here =
            usize::try_from(*missing).map_or(input.len(), |missing| missing.min(input.len()));
        let at = header.payload_bytes - *missing;
        *missing -= here as u64;
        let last = *missing == 0;
        if last {
            *self = Self::new();
        }
        let bytes = advance(input, here);
        if let Some(key) = header.mask {
            apply_mask(bytes, key, at);
        }
        Some(Piece {
            header,
            bytes,
            first: at == 0,
            last,
        })
    }
}

/// Splits the first bytes off the input.
fn advance<'b>(input: &mut &'b mut [u8], count: usize) -> &'b mut [u8] {
    let (taken, rest) = std::mem::take(input).split_at_mut(count);
    *input = rest;
    taken
}

#[cfg(test)]
mod tests {
    use super::Decoder;
    use crate::frame::{OpCode, encode};

    #[test]
    fn frames_cut_at_every_byte_come_out_whole() {
        let mut wire = encode(OpCode::Text, false, b"hello", Some([9, 8, 7, 6])).to_vec();
        wire.extend(encode(OpCode::Binary, false, &[7; 300], None));
        wire.extend(encode(OpCode::Ping, false, b"", Some([1, 1, 1, 1])));
        let mut decoder = Decoder::new();
        let mut frames: Vec<(OpCode, Vec<u8>)> = Vec::new();
        for byte in &mut wire {
            let mut input = std::slice::from_mut(byte);
            if let Some(header) = decoder.header(&mut input).unwrap() {
                frames.push((header.opcode, Vec::new()));
            }
            if let Some(piece) = decoder.payload(&mut input) {
                frames.last_mut().unwrap().1.extend_from_slice(piece.bytes);
            }
            assert!(input.is_empty());
        }
        assert!(decoder.is_between_frames());
        assert_eq!(frames.len(), 3);
        assert_eq!(frames[0], (OpCode::Text, b"hello".to_vec()));
        assert_eq!(frames[1], (OpCode::Binary, vec![7; 300]));
        assert_eq!(frames[2], (OpCode::Ping, Vec::new()));
    }
}
