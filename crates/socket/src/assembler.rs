//! From frames to messages: fragments put together, text checked, deflate undone.
//!
//! Keeps true: fragments are in order; a message never holds more than its bounds allow, and that
//! is known from the headers, before the bytes come; text is refused at its first bad byte. An
//! assembler between messages holds nothing. Leaves to others: control frames, time, rates.

use std::borrow::Cow;

use crate::deflate::inflate;
use crate::frame::{Header, OpCode};
use crate::limits::Limits;
use crate::utf8::Utf8;
use crate::violation::Violation;

/// A whole message; borrowed from the caller's buffer where it came in one piece.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Message<'b> {
    Text(Cow<'b, str>),
    Binary(Cow<'b, [u8]>),
}

/// The message being put together, if one is. Most come in one frame and one piece, and idle
/// connections are many: what the others need is on the heap, for as long as they need it.
#[derive(Default, Debug)]
pub(crate) struct Assembler {
    open: Option<Box<Open>>,
}

#[derive(Debug)]
struct Open {
    content: Content,
    /// Payload bytes announced by the headers so far.
    announced: u64,
    fragments: u32,
}

#[derive(Debug)]
enum Content {
    Text { text: String, utf8: Utf8 },
    Binary(Vec<u8>),
    Deflated { bytes: Vec<u8>, text: bool },
}

impl Assembler {
    /// Whether a message has begun and not ended.
    pub(crate) const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Takes note of a data frame's header, or refuses it.
    pub(crate) fn admit(
        &mut self,
        header: &Header,
        limits: &Limits,
        may_deflate: bool,
    ) -> Result<(), Violation> {
        let begins = header.opcode != OpCode::Continuation;
        if header.compressed && !(begins && may_deflate) {
            return Err(Violation::ReservedBits);
        }
        let deflated = match (begins, &self.open) {
            (true, Some(_)) => return Err(Violation::UnfinishedMessage),
            (false, None) => return Err(Violation::UnexpectedContinuation),
            (true, None) => header.compressed,
            (false, Some(open)) => matches!(open.content, Content::Deflated { .. }),
        };
        if header.opcode == OpCode::Binary && !limits.binary {
            return Err(Violation::BinaryRefused);
        }
        let bound = |bytes_max| match deflated {
            true => Limits::deflated_bytes_max(bytes_max),
            false => bytes_max as u64,
        };
        if header.payload_bytes > bound(limits.frame_bytes_max) {
            return Err(Violation::FrameTooLarge);
        }
        let open = self.open.as_deref_mut();
        let (before, fragments) = open.as_ref().map_or((0, 0), |o| (o.announced, o.fragments));
        // Both are bounded: no sum of them overflows.
        let (announced, fragments) = (before + header.payload_bytes, fragments + 1);
        if announced > bound(limits.message_bytes_max) {
            return Err(Violation::MessageTooLarge);
        }
        if fragments > limits.fragments_max {
            return Err(Violation::TooManyFragments);
        }
        if let Some(open) = open {
            (open.announced, open.fragments) = (announced, fragments);
        }
        Ok(())
    }

    /// Takes a message that came in one frame and one piece.
    pub(crate) fn whole<'b>(
        &mut self,
        header: &Header,
        bytes: &'b [u8],
        limits: &Limits,
    ) -> Result<Message<'b>, Violation> {
        self.clear();
        let text = header.opcode == OpCode::Text;
        if header.compressed {
            return inflated(bytes, text, limits);
        }
        if text {
            let text = std::str::from_utf8(bytes).map_err(|_| Violation::InvalidUtf8)?;
            return Ok(Message::Text(text.into()));
        }
        Ok(Message::Binary(bytes.into()))
    }

    /// Takes a piece of a fragment whose header was admitted.
    pub(crate) fn push(&mut self, header: &Header, bytes: &[u8]) -> Result<(), Violation> {
        let open = self.open.get_or_insert_with(|| Box::new(Open::by(header)));
        match &mut open.content {
            Content::Text { text, utf8 } => utf8.push(bytes, text)?,
            Content::Binary(held) | Content::Deflated { bytes: held, .. } => {
                held.extend_from_slice(bytes);
            }
        }
        Ok(())
    }

    /// Ends the message with what has come.
    pub(crate) fn finish(&mut self, limits: &Limits) -> Result<Message<'static>, Violation> {
        match self.open.take().map(|open| open.content) {
            Some(Content::Text { text, utf8 }) => {
                utf8.finish()?;
                Ok(Message::Text(text.into()))
            }
            Some(Content::Deflated { bytes, text }) => inflated(&bytes, text, limits),
            Some(Content::Binary(bytes)) => Ok(Message::Binary(bytes.into())),
            None => Ok(Message::Binary(Cow::default())),
        }
    }

    /// Lets go of what is held.
    pub(crate) fn clear(&mut self) {
        self.open = None;
    }
}

impl Open {
    /// A message that this header begins.
    fn by(header: &Header) -> Self {
        let text = header.opcode == OpCode::Text;
        let content = if header.compressed {
            let bytes = Vec::new();
            Content::Deflated { bytes, text }
        } else if text {
            Content::Text {
                text: String::new(),
                utf8: Utf8::default(),
            }
        } else {
            Content::Binary(Vec::new())
        };
        Self {
            content,
            announced: header.payload_bytes,
            fragments: 1,
        }
    }
}

fn inflated(bytes: &[u8], text: bool, limits: &Limits) -> Result<Message<'static>, Violation> {
    let payload = inflate(bytes, limits.message_bytes_max)?;
    if text {
        let text = String::from_utf8(payload).map_err(|_| Violation::InvalidUtf8)?;
        Ok(Message::Text(text.into()))
    } else {
        Ok(Message::Binary(payload.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Assembler, Message};
    use crate::frame::{Header, OpCode};
    use crate::limits::Limits;
    use crate::violation::Violation;

    fn header(opcode: OpCode, payload_bytes: u64) -> Header {
        Header {
            payload_bytes,
            mask: None,
            opcode,
            fin: false,
            compressed: false,
        }
    }

    fn limits() -> Limits {
        Limits {
            frame_bytes_max: 100,
            message_bytes_max: 150,
            fragments_max: 3,
            ..Limits::default()
        }
    }

    /// One that has been given a frame, and nothing of its payload.
    fn begun(header: Header) -> Assembler {
        let mut assembler = Assembler::default();
        assembler.admit(&header, &limits(), true).unwrap();
        assembler.push(&header, &[]).unwrap();
        assembler
    }

    #[test]
    fn fragments_are_put_together_and_nothing_is_left() {
        let (mut assembler, limits) = (Assembler::default(), limits());
        for (opcode, piece) in [(OpCode::Text, "grü"), (OpCode::Continuation, "n")] {
            let header = header(opcode, piece.len() as u64);
            assembler.admit(&header, &limits, false).unwrap();
            for byte in piece.as_bytes() {
                assembler.push(&header, &[*byte]).unwrap();
            }
        }
        assert_eq!(assembler.finish(&limits), Ok(Message::Text("grün".into())));
        assert!(!assembler.is_open());
    }

    #[test]
    fn what_headers_announce_is_bounded_before_a_byte_comes() {
        let limits = limits();
        let text = |bytes| Assembler::default().admit(&header(OpCode::Text, bytes), &limits, false);
        assert_eq!(text(100), Ok(()));
        assert_eq!(text(101), Err(Violation::FrameTooLarge));
        assert_eq!(text(u64::MAX), Err(Violation::FrameTooLarge));
        for (second, verdict) in [(50, Ok(())), (51, Err(Violation::MessageTooLarge))] {
            let mut assembler = begun(header(OpCode::Text, 100));
            let more = header(OpCode::Continuation, second);
            assert_eq!(assembler.admit(&more, &limits, false), verdict);
        }
    }

    #[test]
    fn a_message_of_one_fragment_too_many_is_refused() {
        let (mut assembler, limits) = (begun(header(OpCode::Text, 0)), limits());
        for verdict in [Ok(()), Ok(()), Err(Violation::TooManyFragments)] {
            let more = header(OpCode::Continuation, 0);
            assert_eq!(assembler.admit(&more, &limits, false), verdict);
        }
    }

    #[test]
    fn fragments_out_of_place_and_bits_out_of_place_are_refused() {
        let limits = limits();
        let mut assembler = Assembler::default();
        assert_eq!(
            assembler.admit(&header(OpCode::Continuation, 0), &limits, true),
            Err(Violation::UnexpectedContinuation)
        );
        assert_eq!(
            assembler.admit(&header(OpCode::Binary, 0), &limits, true),
            Err(Violation::BinaryRefused)
        );
        let compressed = |opcode| Header {
            compressed: true,
            ..header(opcode, 0)
        };
        assert_eq!(
            assembler.admit(&compressed(OpCode::Text), &limits, false),
            Err(Violation::ReservedBits)
        );
        let mut assembler = begun(compressed(OpCode::Text));
        assert_eq!(
            assembler.admit(&compressed(OpCode::Continuation), &limits, true),
            Err(Violation::ReservedBits)
        );
        assert_eq!(
            assembler.admit(&header(OpCode::Text, 0), &limits, true),
            Err(Violation::UnfinishedMessage)
        );
    }
}
