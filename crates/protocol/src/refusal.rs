//! What a client is told when something can't be done: numbered, and with what to do next (P12).

use std::borrow::Cow;
use std::fmt;

/// A refusal: a stable code, a sentence for people, and when to try again where that helps.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Refusal {
    /// The stable code.
    pub code: ErrorCode,
    /// A sentence for the developer who reads it.
    pub message: Cow<'static, str>,
    /// In how many milliseconds the same request may succeed, for those that are temporary.
    pub retry_after_ms: Option<u64>,
}

impl Refusal {
    /// A refusal that stays one until the request is changed.
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
            retry_after_ms: None,
        }
    }

    /// A refusal that may pass when the same request comes again after `retry_after_ms`.
    pub fn retry(
        code: ErrorCode,
        message: impl Into<Cow<'static, str>>,
        retry_after_ms: u64,
    ) -> Self {
        Self {
            code,
            message: message.into(),
            retry_after_ms: Some(retry_after_ms),
        }
    }
}

macro_rules! error_codes {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal, $next:literal;)*) => {
        /// Why something was refused. The numbers are part of the wire and never change meaning:
        /// 1xx the frame, 2xx rights, 3xx limits, 5xx the cluster.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u16)]
        pub enum ErrorCode {
            $($(#[$doc])* $variant = $number,)*
        }

        /// Every error code with its name and what to do next, in order.
        pub const ERROR_CODES: &[(ErrorCode, &str, &str)] = &[
            $((ErrorCode::$variant, $name, $next),)*
        ];

        impl ErrorCode {
            /// The code's name, as metrics and problem documents carry it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

error_codes! {
    /// The frame is no JSON object of the documented shape.
    BadFrame = 100, "bad_frame", "Correct the frame; the message says what is wrong with it.";
    /// The frame's `type` is none that this version knows.
    UnknownType = 101, "unknown_type", "Use a documented type, or a server that knows this one.";
    /// The frame has more bytes than `limits.frame_bytes_max`.
    FrameTooLarge = 102, "frame_too_large", "Send less in one frame.";
    /// Arrays and objects are nested too deeply.
    TooDeep = 103, "too_deep", "Flatten the data.";
    /// A value inside the frame can't be used.
    BadValue = 104, "bad_value", "Correct the value; the message names it.";
    /// The token doesn't give this right.
    NotAllowed = 200, "not_allowed", "Ask your back end for a token with this right.";
    /// The session is not in that room.
    NotJoined = 201, "not_joined", "Join the room first.";
    /// The session is in that room already.
    AlreadyJoined = 202, "already_joined", "Nothing: messages of the room are coming.";
    /// The token is invalid, has expired, or is another user's.
    BadToken = 203, "bad_token", "Fetch a fresh token for the same user.";
    /// The user is banned from that room for a time.
    Banned = 204, "banned", "Wait for retry_after_ms, or until your back end ends the ban.";
    /// The back end has taken the session out of that room.
    Removed = 205, "removed", "Nothing: a join may be tried again.";
    /// More haste than the limits allow.
    TooFast = 300, "too_fast", "Wait for retry_after_ms, then send the same frame again.";
    /// The message, or its data, has more bytes than allowed.
    MessageTooLarge = 301, "message_too_large", "Shorten the message.";
    /// The session is in as many rooms as it may be.
    TooManyRooms = 302, "too_many_rooms", "Leave a room first.";
    /// The back end can't be reached or didn't answer; it is not known whether it happened.
    TryAgain = 500, "try_again", "Send it again after retry_after_ms, with the same key.";
    /// The back end answers but refuses to store.
    StoreRefused = 501, "store_refused", "Try later; operators find the reason in the node's log.";
    /// The node is about to stop.
    Draining = 502, "draining", "Reconnect when `reconnect` says so, then send it again.";
    /// A fault of ours.
    Internal = 503, "internal", "Try again; report it if it stays.";
}

impl ErrorCode {
    /// The number on the wire.
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// The code with this number, if there is one.
    pub fn from_number(number: u16) -> Option<Self> {
        ERROR_CODES
            .iter()
            .map(|row| row.0)
            .find(|code| code.number() == number)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number(), self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_rise_so_that_none_means_two_things() {
        assert!(
            ERROR_CODES
                .windows(2)
                .all(|pair| pair[0].0.number() < pair[1].0.number())
        );
        assert_eq!(ErrorCode::from_number(300), Some(ErrorCode::TooFast));
        assert_eq!(ErrorCode::from_number(299), None);
    }
}
