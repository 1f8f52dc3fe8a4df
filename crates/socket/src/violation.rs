//! What a peer may do wrong, and what it is told for it.
//!
//! Owns the list of violations, their close codes and their names in metrics. Keeps true: each
//! violation has one code and one name. Leaves to others: finding them, and sending the close.

use crate::close_code::CloseCode;

/// A rule of the protocol or a bound of ours that a peer broke.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
pub enum Violation {
    /// A reserved bit is set that nothing negotiated gives a meaning.
    #[error("a reserved bit is set")]
    ReservedBits,
    /// An opcode without a meaning.
    #[error("an unknown opcode")]
    UnknownOpcode,
    /// A length not written in its shortest form (RFC 6455, 5.2).
    #[error("a length is not in its shortest form")]
    LongLength,
    /// A client's frame without a mask, or a server's with one.
    #[error("a frame is masked where it must not be, or not where it must")]
    Masking,
    /// A close, ping or pong in more than one frame.
    #[error("a control frame is fragmented")]
    FragmentedControl,
    /// A close, ping or pong of more than 125 bytes.
    #[error("a control frame is longer than 125 bytes")]
    LongControl,
    /// A continuation of nothing.
    #[error("a continuation without a beginning")]
    UnexpectedContinuation,
    /// A message begins inside another.
    #[error("a message begins inside another")]
    UnfinishedMessage,
    /// A close frame with a code nobody may send, or with one byte.
    #[error("a close frame is malformed")]
    BadClose,
    /// Text, or the reason of a close, that is not UTF-8.
    #[error("text is not UTF-8")]
    InvalidUtf8,
    /// A compressed message that does not inflate.
    #[error("a compressed message does not inflate")]
    BadDeflate,
    /// Binary messages are not taken here.
    #[error("binary messages are not taken")]
    BinaryRefused,
    /// A frame longer than `frame_bytes_max`.
    #[error("a frame is too large")]
    FrameTooLarge,
    /// A message longer than `message_bytes_max`, before or after inflating.
    #[error("a message is too large")]
    MessageTooLarge,
    /// A message of more than `fragments_max` frames.
    #[error("a message has too many fragments")]
    TooManyFragments,
    /// A message not complete within `message_ms_max`.
    #[error("a message took too long to arrive")]
    TooSlow,
    /// More control frames than `controls` allows.
    #[error("too many control frames")]
    ControlFlood,
    /// Throttled for `flood_ms_max` without a break.
    #[error("too many frames or bytes for too long")]
    Flood,
}

impl Violation {
    /// All of them, in the order of the type: the label values a metric may have.
    pub const ALL: [Self; 18] = [
        Self::ReservedBits,
        Self::UnknownOpcode,
        Self::LongLength,
        Self::Masking,
        Self::FragmentedControl,
        Self::LongControl,
        Self::UnexpectedContinuation,
        Self::UnfinishedMessage,
        Self::BadClose,
        Self::InvalidUtf8,
        Self::BadDeflate,
        Self::BinaryRefused,
        Self::FrameTooLarge,
        Self::MessageTooLarge,
        Self::TooManyFragments,
        Self::TooSlow,
        Self::ControlFlood,
        Self::Flood,
    ];

    /// The code of the close that answers it.
    #[must_use]
    pub const fn close_code(self) -> CloseCode {
        match self {
            Self::ReservedBits
            | Self::UnknownOpcode
            | Self::LongLength
            | Self::Masking
            | Self::FragmentedControl
            | Self::LongControl
            | Self::UnexpectedContinuation
            | Self::UnfinishedMessage
            | Self::BadClose => CloseCode::PROTOCOL_ERROR,
            Self::InvalidUtf8 | Self::BadDeflate => CloseCode::INVALID_PAYLOAD,
            Self::BinaryRefused => CloseCode::UNSUPPORTED,
            Self::FrameTooLarge | Self::MessageTooLarge | Self::TooManyFragments => {
                CloseCode::TOO_LARGE
            }
            Self::TooSlow | Self::ControlFlood | Self::Flood => CloseCode::POLICY,
        }
    }

    /// Its name as a metric's label and as the reason of the close.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReservedBits => "reserved_bits",
            Self::UnknownOpcode => "unknown_opcode",
            Self::LongLength => "long_length",
            Self::Masking => "masking",
            Self::FragmentedControl => "fragmented_control",
            Self::LongControl => "long_control",
            Self::UnexpectedContinuation => "unexpected_continuation",
            Self::UnfinishedMessage => "unfinished_message",
            Self::BadClose => "bad_close",
            Self::InvalidUtf8 => "invalid_utf8",
            Self::BadDeflate => "bad_deflate",
            Self::BinaryRefused => "binary_refused",
            Self::FrameTooLarge => "frame_too_large",
            Self::MessageTooLarge => "message_too_large",
            Self::TooManyFragments => "too_many_fragments",
            Self::TooSlow => "too_slow",
            Self::ControlFlood => "control_flood",
            Self::Flood => "flood",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Violation;

    #[test]
    fn each_violation_has_a_name_of_its_own() {
        let names: HashSet<_> = Violation::ALL.iter().map(|each| each.name()).collect();
        assert_eq!(names.len(), Violation::ALL.len());
    }
}
