//! permessage-deflate's payloads (RFC 7692, 7.2): each message compressed by itself.
//!
//! One compressor and one inflater a worker thread, made at first use and reset for each message,
//! so a connection holds none. That is what "no context takeover" both ways buys. A second
//! compressor is made where a peer asks for a smaller window, and kept for the last size asked
//! for. Keeps true: inflating stops at the bound given, whatever the ratio; what is compressed
//! needs no larger window than the peer agreed to. Leaves to others: what was agreed, the frames.

use std::cell::RefCell;
use std::num::NonZeroU8;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use crate::violation::Violation;

/// What a sync flush ends with, and a message leaves out.
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
/// Final blocks a message may hold: one, and the room a sloppy peer needs. Each one costs a reset.
const FINAL_BLOCKS_MAX: u32 = 4;

/// The window a compressor has unless less is asked for, and the least it can have.
const WINDOW_BITS: u8 = 15;
const WINDOW_BITS_MIN: u8 = 9;

/// What was agreed about compression on a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Deflate {
    /// Messages of fewer bytes are sent plain; 0 compresses even what grows by it.
    pub(crate) bytes_min: u32,
    /// 1, the fastest, to 9, the smallest.
    pub(crate) level: NonZeroU8,
    /// The peer's window is two to the power of this.
    pub(crate) send_window_bits: u8,
}

impl Deflate {
    /// Whether a message of so many bytes is sent compressed.
    pub(crate) fn compresses(&self, bytes: usize) -> bool {
        bytes >= self.bytes_min as usize
            && (self.fits(bytes) || self.send_window_bits >= WINDOW_BITS_MIN)
    }

    /// The same for a peer with the smallest window that can be compressed for: what is made for
    /// it can be read with any larger one.
    pub(crate) fn narrowest(&self) -> Self {
        Self {
            send_window_bits: WINDOW_BITS_MIN,
            ..*self
        }
    }

    /// Whether a message of so many bytes can be compressed with the largest window. One that fits
    /// in the peer's window reaches back no further than that, whatever ours is: so one compressed
    /// frame serves nearly all agreements.
    pub(crate) fn fits(&self, bytes: usize) -> bool {
        self.send_window_bits >= WINDOW_BITS || bytes <= 1 << self.send_window_bits
    }

    /// Compresses a message for this peer; `None` where it goes plain.
    pub(crate) fn compress(&self, payload: &[u8]) -> Option<Vec<u8>> {
        if payload.len() < self.bytes_min as usize {
            return None;
        }
        let window_bits = if self.fits(payload.len()) {
            WINDOW_BITS
        } else if self.send_window_bits >= WINDOW_BITS_MIN {
            self.send_window_bits
        } else {
            return None;
        };
        let small = ENGINES.with_borrow_mut(|engines| {
            let shape = Shape {
                window_bits,
                level: self.level,
            };
            deflate(engines.compressor(shape), payload)
        })?;
        (small.len() < payload.len() || self.bytes_min == 0).then_some(small)
    }
}

#[derive(Default)]
struct Engines {
    /// With the largest window, and with a smaller one.
    wide: Option<(Shape, Compress)>,
    narrow: Option<(Shape, Compress)>,
    inflate: Option<Decompress>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Shape {
    window_bits: u8,
    level: NonZeroU8,
}

thread_local! {
    static ENGINES: RefCell<Engines> = RefCell::default();
}

impl Engines {
    /// A compressor of that shape, ready for a message.
    fn compressor(&mut self, shape: Shape) -> &mut Compress {
        let place = if shape.window_bits == WINDOW_BITS {
            &mut self.wide
        } else {
            &mut self.narrow
        };
        place.take_if(|(made, _)| *made != shape);
        let (_, engine) = place.get_or_insert_with(|| {
            let level = Compression::new(shape.level.get().into());
            let engine = Compress::new_with_window_bits(level, false, shape.window_bits);
            (shape, engine)
        });
        engine.reset();
        engine
    }
}

fn deflate(engine: &mut Compress, payload: &[u8]) -> Option<Vec<u8>> {
    // More than deflate ever makes of it, so that one call is enough.
    let mut out = Vec::with_capacity(payload.len() + payload.len() / 8 + 64);
    let status = engine.compress_vec(payload, &mut out, FlushCompress::Sync);
    // A full buffer would have cut the flush.
    let done = status.is_ok_and(|status| status == Status::Ok) && out.len() < out.capacity();
    if !done || !out.ends_with(&TAIL) {
        return None;
    }
    out.truncate(out.len() - TAIL.len());
    Some(out)
}

/// Inflates a message of up to `bytes_max` bytes.
///
/// # Errors
///
/// `MessageTooLarge` beyond them, having made no more; `BadDeflate` for what does not inflate.
pub(crate) fn inflate(payload: &[u8], bytes_max: usize) -> Result<Vec<u8>, Violation> {
    ENGINES.with_borrow_mut(|engines| {
        let engine = engines
            .inflate
            .get_or_insert_with(|| Decompress::new(false));
        engine.reset(false);
        inflate_with(engine, payload, bytes_max)
    })
}

fn inflate_with(
    engine: &mut Decompress,
    payload: &[u8],
    bytes_max: usize,
) -> Result<Vec<u8>, Violation> {
    // One byte over the bound shows that it is passed.
    let room = bytes_max.saturating_add(1);
    let mut out = Vec::with_capacity(room.min(payload.len().saturating_mul(3) + 64));
    let mut finals = 0;
    for part in [payload, &TAIL] {
        let mut rest = part;
        loop {
            let (input, output) = (rest.len(), out.len());
            let before = engine.total_in();
            let status = engine
                .decompress_vec(rest, &mut out, FlushDecompress::Sync)
                .map_err(|_| Violation::BadDeflate)?;
            let taken = usize::try_from(engine.total_in() - before).expect("no more than given");
            rest = &rest[taken..];
            if out.len() > bytes_max {
                return Err(Violation::MessageTooLarge);
            }
            if status == Status::StreamEnd {
                finals += 1;
                if finals > FINAL_BLOCKS_MAX {
                    return Err(Violation::BadDeflate);
                }
                engine.reset(false);
            } else if out.len() == out.capacity() {
                out.reserve_exact(out.len().max(64).min(room - out.len()));
                continue;
            } else if rest.len() == input && out.len() == output && input > 0 {
                return Err(Violation::BadDeflate);
            }
            if rest.is_empty() {
                break;
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU8;

    use super::{Deflate, inflate};
    use crate::violation::Violation;

    const AGREED: Deflate = Deflate {
        bytes_min: 1,
        level: NonZeroU8::MIN.saturating_add(8),
        send_window_bits: 15,
    };

    /// Bytes nothing can be made of (xorshift).
    fn noise(bytes: usize) -> Vec<u8> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let byte = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_be_bytes()[0]
        };
        std::iter::repeat_with(byte).take(bytes).collect()
    }

    #[test]
    fn the_examples_of_the_rfc_inflate() {
        // RFC 7692, 7.2.3.1, 7.2.3.3 (no compression), 7.2.3.4 (a final block), 7.2.3.5 (two blocks).
        let examples: [&[u8]; 4] = [
            &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00],
            &[
                0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00,
            ],
            &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00],
            &[
                0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00,
            ],
        ];
        for example in examples {
            assert_eq!(inflate(example, 5).unwrap(), b"Hello");
        }
        // 7.2.3.6: an empty message.
        assert_eq!(inflate(&[0x00], 0).unwrap(), b"");
    }

    #[test]
    fn inflating_stops_at_the_bound_and_makes_no_more() {
        let zeros = vec![0; 1 << 20];
        let bomb = AGREED.compress(&zeros).unwrap();
        assert!(bomb.len() < 2_000);
        assert_eq!(inflate(&bomb, 1 << 20).unwrap(), zeros);
        assert_eq!(
            inflate(&bomb, (1 << 20) - 1),
            Err(Violation::MessageTooLarge)
        );
        assert_eq!(inflate(&bomb, 100), Err(Violation::MessageTooLarge));
        assert!(inflate(&bomb, 1 << 20).unwrap().capacity() <= (1 << 20) + 1);
    }

    #[test]
    fn what_is_not_deflate_is_refused() {
        for bad in [
            &b"\xff\xff\xff\xff"[..],
            &[0x07],
            &[0x00, 0x05, 0x00, 0x00, 0x00],
        ] {
            assert_eq!(inflate(bad, 1_000), Err(Violation::BadDeflate), "{bad:?}");
        }
        // Final blocks without end, each of which asks for a reset.
        let finals = [0x03, 0x00].repeat(1_000);
        assert_eq!(inflate(&finals, 1_000), Err(Violation::BadDeflate));
    }

    #[test]
    fn what_does_not_get_smaller_goes_plain_unless_all_is_to_be_compressed() {
        let always = Deflate {
            bytes_min: 0,
            ..AGREED
        };
        for payload in [&b""[..], b"abc", &noise(5_000), &noise(100_000)] {
            assert_eq!(AGREED.compress(payload), None);
            let grown = always.compress(payload).unwrap();
            assert!(grown.len() > payload.len());
            assert_eq!(inflate(&grown, payload.len()).unwrap(), payload);
        }
    }

    #[test]
    fn what_a_peer_with_a_small_window_gets_reaches_back_no_further() {
        // The second half is the first, out of reach of the smaller windows.
        let half = noise(2_000);
        let payload = [&half[..], &half].concat();
        for (send_window_bits, small) in [(9, false), (10, false), (12, true), (15, true)] {
            let agreed = Deflate {
                bytes_min: 0,
                send_window_bits,
                ..AGREED
            };
            let made = agreed.compress(&payload).unwrap();
            assert_eq!(made.len() < 3_000, small, "{send_window_bits}");
            assert_eq!(inflate(&made, payload.len()).unwrap(), payload);
            assert_eq!(agreed.fits(payload.len()), small);
        }
    }

    #[test]
    fn the_least_window_is_honoured_by_what_fits_in_it() {
        let agreed = Deflate {
            send_window_bits: 8,
            ..AGREED
        };
        assert!(agreed.compress(&[b'a'; 256]).is_some());
        assert_eq!(agreed.compress(&[b'a'; 257]), None);
        assert!(agreed.compresses(256) && !agreed.compresses(257));
    }
}
