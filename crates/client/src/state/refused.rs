//! Reads a server's `error`: does it pass, and did the thing happen?

use roomcast_protocol::{ErrorCode, ErrorFrame};

use crate::error::Error;

/// How long to wait where the server didn't say.
const RETRY_MS: u64 = 500;
/// A server that says "at once" again and again would be asked in a circle.
const RETRY_MS_MIN: u64 = 50;

/// What a refusal means for what was asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// Ask again after so many milliseconds. `not_done`: it is certain that nothing happened.
    Later { in_ms: u64, not_done: bool },
    /// The session is not in the room.
    NotJoined,
    /// The session is in the room already.
    AlreadyJoined,
    /// It stays refused.
    Final,
}

pub(crate) fn verdict(error: &ErrorFrame) -> Verdict {
    let in_ms = error.retry_after_ms.unwrap_or(RETRY_MS).max(RETRY_MS_MIN);
    let later = |not_done| Verdict::Later { in_ms, not_done };
    match ErrorCode::from_number(error.code) {
        Some(ErrorCode::TooFast | ErrorCode::Draining) => later(true),
        Some(ErrorCode::TryAgain) => later(false),
        Some(ErrorCode::NotJoined) => Verdict::NotJoined,
        Some(ErrorCode::AlreadyJoined) => Verdict::AlreadyJoined,
        // A ban passes too, but whether to come back then is for people to decide.
        Some(ErrorCode::Banned | ErrorCode::Removed) => Verdict::Final,
        // The others stay, unless the server says that they pass.
        Some(
            ErrorCode::BadFrame
            | ErrorCode::UnknownType
            | ErrorCode::FrameTooLarge
            | ErrorCode::TooDeep
            | ErrorCode::BadValue
            | ErrorCode::NotAllowed
            | ErrorCode::BadToken
            | ErrorCode::MessageTooLarge
            | ErrorCode::TooManyRooms
            | ErrorCode::StoreRefused
            | ErrorCode::Internal,
        )
        | None => {
            if error.retry_after_ms.is_some() {
                later(false)
            } else {
                Verdict::Final
            }
        }
    }
}

/// The error that a caller gets.
pub(crate) fn refused(error: ErrorFrame) -> Error {
    Error::Refused {
        code: error.code,
        message: error.message,
        retry_after_ms: error.retry_after_ms,
    }
}
