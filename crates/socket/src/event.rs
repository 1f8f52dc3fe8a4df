//! What a machine tells its caller.
//!
//! Owns the shapes only. Each answer is a frame's bytes, ready to be written.

use std::borrow::Cow;

use bytes::Bytes;

use crate::close_code::CloseCode;
use crate::violation::Violation;

/// Something that came from the peer. It borrows from the caller's buffer where a message came in
/// one piece, so it is to be used, or copied, before the next read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event<'b> {
    /// A whole text message.
    Text(Cow<'b, str>),
    /// A whole binary message.
    Binary(Cow<'b, [u8]>),
    /// The peer asks for a sign of life.
    Ping {
        /// The pong to write.
        answer: Bytes,
    },
    /// The peer gave one; up to 125 bytes.
    Pong(Cow<'b, [u8]>),
    /// The peer closes, or answers our close. No event follows.
    Close {
        /// Its code, if it gave one.
        code: Option<CloseCode>,
        /// Its reason, up to 123 bytes.
        reason: Cow<'b, str>,
        /// The close to write, unless ours has gone out. After it a server ends the connection.
        answer: Option<Bytes>,
    },
    /// The peer has sent too much. What is left of the input is to be kept, and nothing more read,
    /// until then, on the clock of `now_ms`.
    Throttle {
        /// When to go on.
        until_ms: u64,
    },
}

impl Event<'_> {
    /// The same, free of the buffer: what was borrowed is copied.
    #[must_use]
    pub fn into_owned(self) -> Event<'static> {
        match self {
            Self::Text(text) => Event::Text(text.into_owned().into()),
            Self::Binary(bytes) => Event::Binary(bytes.into_owned().into()),
            Self::Ping { answer } => Event::Ping { answer },
            Self::Pong(bytes) => Event::Pong(bytes.into_owned().into()),
            Self::Close {
                code,
                reason,
                answer,
            } => Event::Close {
                code,
                reason: reason.into_owned().into(),
                answer,
            },
            Self::Throttle { until_ms } => Event::Throttle { until_ms },
        }
    }
}

/// The end of a conversation whose peer broke a rule. The machine takes nothing more: write the
/// answer, then read and throw away until the peer ends or the machine's deadline has come, so
/// that the answer is not lost to a reset.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{violation}")]
pub struct Broken {
    /// The rule.
    #[source]
    pub violation: Violation,
    /// The close to write, unless ours has gone out before.
    pub answer: Option<Bytes>,
}

/// What has not come in time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Overdue {
    /// The rest of a message.
    Message(Broken),
    /// The peer's side of the close: drop the connection.
    Close,
}
