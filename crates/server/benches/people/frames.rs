//! As much of WebSocket as people need: a masked frame, and what a server's frames begin with. Pure.

/// What is kept of a frame: enough to see what it is and where it stands.
const HEAD_BYTES: usize = 256;
/// First bytes of frames that come whole.
pub(crate) const TEXT: u8 = 0x81;
pub(crate) const PING: u8 = 0x89;
pub(crate) const PONG: u8 = 0x8a;
pub(crate) const CLOSE: u8 = 0x88;

/// A client's frame, masked with zeros; at most 65,535 bytes.
pub(crate) fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match u8::try_from(payload.len()) {
        Ok(len @ 0..=125) => bytes.push(0x80 | len),
        _ => {
            let len = u16::try_from(payload.len()).expect("what people say here is short");
            bytes.push(0x80 | 126);
            bytes.extend(len.to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes
}

/// Takes a server's bytes apart, wherever they were cut.
#[derive(Default)]
pub(crate) struct Frames {
    /// Of the frame that has begun: its first bytes up to its length.
    start: Vec<u8>,
    /// Of its payload: the first bytes, how many are to come, and how many there are.
    head: Vec<u8>,
    to_come: usize,
    len: usize,
}

/// A frame that has come whole.
pub(crate) struct Frame<'a> {
    pub(crate) first: u8,
    /// The first bytes of what it says.
    pub(crate) head: &'a [u8],
    /// All bytes of it on the wire.
    pub(crate) bytes: usize,
}

impl Frames {
    /// Takes bytes; `each` gets the frames that end in them.
    pub(crate) fn take(&mut self, mut bytes: &[u8], mut each: impl FnMut(Frame<'_>)) {
        while !bytes.is_empty() {
            if self.to_come == 0 {
                self.start.push(bytes[0]);
                bytes = &bytes[1..];
                let Some(len) = length(&self.start) else {
                    continue;
                };
                (self.len, self.to_come) = (len, len);
            }
            let some = self.to_come.min(bytes.len());
            let kept = some.min(HEAD_BYTES.saturating_sub(self.head.len()));
            self.head.extend_from_slice(&bytes[..kept]);
            self.to_come -= some;
            bytes = &bytes[some..];
            if self.to_come == 0 {
                each(Frame {
                    first: self.start[0],
                    head: &self.head,
                    bytes: self.start.len() + self.len,
                });
                self.start.clear();
                self.head.clear();
            }
        }
    }
}

/// How long a frame is that starts like this, once that is known.
fn length(start: &[u8]) -> Option<usize> {
    match *start {
        [_, len @ 0..=125] => Some(len.into()),
        [_, 126, high, low] => Some(u16::from_be_bytes([high, low]).into()),
        [_, 127, a, b, c, d, e, f, g, h] => {
            usize::try_from(u64::from_be_bytes([a, b, c, d, e, f, g, h])).ok()
        }
        _ => None,
    }
}
