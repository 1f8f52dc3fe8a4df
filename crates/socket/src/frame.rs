//! One frame on the wire (RFC 6455, 5.2): its header, and the mask over its payload.
//!
//! Keeps true: what `encode` writes, `decode` reads; a header is refused as soon as the bytes held
//! can't become a good one. Leaves to others: whether a header fits its place, its length the
//! bounds, and its reserved bit what was negotiated.

use bytes::{BufMut, Bytes, BytesMut};

use crate::violation::Violation;

/// Payload bytes of a control frame (RFC 6455, 5.5).
pub(crate) const CONTROL_BYTES_MAX: usize = 125;
/// Bytes of the longest header.
pub(crate) const HEADER_BYTES_MAX: usize = 14;

const FIN: u8 = 0x80;
const COMPRESSED: u8 = 0x40;
const RESERVED: u8 = 0x30;
const MASKED: u8 = 0x80;
/// In the second byte: the length follows in two bytes, or in eight.
const IN_TWO: u8 = 126;
const IN_EIGHT: u8 = 127;

/// What a frame carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OpCode {
    /// More of the message begun.
    Continuation,
    /// A text message, or its beginning.
    Text,
    /// A binary message, or its beginning.
    Binary,
    /// The end, with a code and a reason.
    Close,
    /// To be answered with a pong.
    Ping,
    /// The answer to a ping, or a sign of life.
    Pong,
}

impl OpCode {
    /// Whether it is a close, ping or pong: short, whole, and allowed between fragments.
    #[must_use]
    pub const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }

    const fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0,
            Self::Text => 1,
            Self::Binary => 2,
            Self::Close => 8,
            Self::Ping => 9,
            Self::Pong => 10,
        }
    }

    const fn from_bits(bits: u8) -> Result<Self, Violation> {
        Ok(match bits {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => return Err(Violation::UnknownOpcode),
        })
    }
}

/// The header of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// Bytes of payload behind it.
    pub payload_bytes: u64,
    /// The key over the payload: in each frame of a client, in none of a server.
    pub mask: Option<[u8; 4]>,
    /// What it carries.
    pub opcode: OpCode,
    /// Whether it ends its message.
    pub fin: bool,
    /// The first reserved bit: begins a compressed message (RFC 7692, 6).
    pub compressed: bool,
}

impl Header {
    /// Reads a header and how many bytes it has; `None` while more are needed.
    ///
    /// # Errors
    ///
    /// An unknown opcode, a second or third reserved bit, a fragmented or long control frame, a
    /// length not in its shortest form.
    pub fn decode(bytes: &[u8]) -> Result<Option<(Self, usize)>, Violation> {
        let [first, second, rest @ ..] = bytes else {
            return Ok(None);
        };
        if first & RESERVED != 0 {
            return Err(Violation::ReservedBits);
        }
        let opcode = OpCode::from_bits(first & 0x0f)?;
        let fin = first & FIN != 0;
        let short = second & !MASKED;
        if opcode.is_control() {
            if !fin {
                return Err(Violation::FragmentedControl);
            }
            if usize::from(short) > CONTROL_BYTES_MAX {
                return Err(Violation::LongControl);
            }
        }
        let Some((payload_bytes, rest)) = length(short, rest)? else {
            return Ok(None);
        };
        let (mask, rest) = if second & MASKED == 0 {
            (None, rest)
        } else {
            match rest.split_first_chunk() {
                Some((key, rest)) => (Some(*key), rest),
                None => return Ok(None),
            }
        };
        let header = Self {
            payload_bytes,
            mask,
            opcode,
            fin,
            compressed: first & COMPRESSED != 0,
        };
        Ok(Some((header, bytes.len() - rest.len())))
    }

    /// Writes it; at most 14 bytes.
    pub fn encode(&self, out: &mut impl BufMut) {
        let fin = if self.fin { FIN } else { 0 };
        let compressed = if self.compressed { COMPRESSED } else { 0 };
        out.put_u8(fin | compressed | self.opcode.bits());
        let masked = if self.mask.is_some() { MASKED } else { 0 };
        match (
            u8::try_from(self.payload_bytes),
            u16::try_from(self.payload_bytes),
        ) {
            (Ok(short), _) if short < IN_TWO => out.put_u8(masked | short),
            (_, Ok(medium)) => {
                out.put_u8(masked | IN_TWO);
                out.put_u16(medium);
            }
            _ => {
                out.put_u8(masked | IN_EIGHT);
                out.put_u64(self.payload_bytes);
            }
        }
        if let Some(key) = self.mask {
            out.put_slice(&key);
        }
    }
}

/// The length a second byte announces, and what is left behind it; `None` while bytes are missing.
fn length(short: u8, rest: &[u8]) -> Result<Option<(u64, &[u8])>, Violation> {
    let (length, rest, least) = match short {
        IN_TWO => match rest.split_first_chunk() {
            Some((two, rest)) => (u64::from(u16::from_be_bytes(*two)), rest, u64::from(IN_TWO)),
            None => return Ok(None),
        },
        IN_EIGHT => match rest.split_first_chunk() {
            Some((eight, rest)) => (u64::from_be_bytes(*eight), rest, 1 << 16),
            None => return Ok(None),
        },
        short => (u64::from(short), rest, 0),
    };
    if length < least {
        return Err(Violation::LongLength);
    }
    Ok(Some((length, rest)))
}

/// Lays the mask over `bytes`, or takes it off; `at` is where in the payload they begin.
pub fn apply_mask(bytes: &mut [u8], key: [u8; 4], at: u64) {
    let mut turned = key;
    turned.rotate_left(usize::try_from(at % 4).expect("less than four"));
    let [a, b, c, d] = turned;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let mut chunks = bytes.chunks_exact_mut(8);
    for chunk in &mut chunks {
        let word: &mut [u8; 8] = chunk.try_into().expect("chunks of eight");
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, key) in chunks
        .into_remainder()
        .iter_mut()
        .zip(turned.iter().cycle())
    {
        *byte ^= key;
    }
}

/// A whole frame: header and payload in bytes of their own.
pub(crate) fn encode(
    opcode: OpCode,
    compressed: bool,
    payload: &[u8],
    mask: Option<[u8; 4]>,
) -> Bytes {
    let header = Header {
        payload_bytes: payload.len() as u64,
        mask,
        opcode,
        fin: true,
        compressed,
    };
    let mut out = BytesMut::with_capacity(HEADER_BYTES_MAX + payload.len());
    header.encode(&mut out);
    let begin = out.len();
    out.extend_from_slice(payload);
    if let Some(key) = mask {
        apply_mask(&mut out[begin..], key, 0);
    }
    out.freeze()
}

#[cfg(test)]
mod tests {
    use super::{Header, OpCode, apply_mask};
    use crate::violation::Violation;

    fn header(payload_bytes: u64, mask: Option<[u8; 4]>) -> Header {
        Header {
            payload_bytes,
            mask,
            opcode: OpCode::Text,
            fin: true,
            compressed: false,
        }
    }

    #[test]
    fn each_length_is_read_as_it_was_written_and_never_before_it_is_whole() {
        for bytes in [0, 1, 125, 126, 65_535, 65_536, 1 << 62] {
            for mask in [None, Some([1, 2, 3, 4])] {
                let header = header(bytes, mask);
                let mut out = Vec::new();
                header.encode(&mut out);
                for cut in 0..out.len() {
                    assert_eq!(Header::decode(&out[..cut]), Ok(None));
                }
                assert_eq!(Header::decode(&out), Ok(Some((header, out.len()))));
            }
        }
    }

    #[test]
    fn a_length_must_be_in_its_shortest_form() {
        let long: [&[u8]; 2] = [
            &[0x81, 126, 0, 125],
            &[0x81, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff],
        ];
        for bytes in long {
            assert_eq!(Header::decode(bytes), Err(Violation::LongLength));
        }
        assert!(Header::decode(&[0x81, 126, 0, 126]).is_ok());
    }

    #[test]
    fn two_bytes_are_enough_to_refuse_a_bad_header() {
        let bad: [([u8; 2], Violation); 6] = [
            ([0xa1, 0], Violation::ReservedBits),
            ([0x91, 0], Violation::ReservedBits),
            ([0x83, 0], Violation::UnknownOpcode),
            ([0x8b, 0], Violation::UnknownOpcode),
            ([0x09, 0], Violation::FragmentedControl),
            ([0x89, 126], Violation::LongControl),
        ];
        for (bytes, violation) in bad {
            assert_eq!(Header::decode(&bytes), Err(violation));
        }
        assert!(Header::decode(&[0x89, 125]).is_ok_and(|header| header.is_some()));
    }

    #[test]
    fn a_mask_laid_in_pieces_is_the_mask_laid_at_once() {
        let key = [0x11, 0x22, 0x33, 0x44];
        let plain: Vec<u8> = (0..100).collect();
        let expected: Vec<u8> = plain
            .iter()
            .zip(key.iter().cycle())
            .map(|(a, b)| a ^ b)
            .collect();
        for cut in 0..plain.len() {
            let mut bytes = plain.clone();
            let (left, right) = bytes.split_at_mut(cut);
            apply_mask(left, key, 0);
            apply_mask(right, key, cut as u64);
            assert_eq!(bytes, expected);
        }
    }
}
