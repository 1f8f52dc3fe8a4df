//! The payload of a close frame (RFC 6455, 5.5.1): a code and a reason, or nothing.
//!
//! Leaves to others: when to close, and what is answered.

use crate::close_code::CloseCode;
use crate::frame::CONTROL_BYTES_MAX;
use crate::violation::Violation;

/// A reason is cut to what fits behind the code.
const REASON_BYTES_MAX: usize = CONTROL_BYTES_MAX - 2;

/// Writes a close frame's payload; a reason is cut at a character to fit.
pub(crate) fn write(code: CloseCode, reason: &str) -> Vec<u8> {
    let mut end = reason.len().min(REASON_BYTES_MAX);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    let mut payload = Vec::with_capacity(2 + end);
    payload.extend_from_slice(&code.number().to_be_bytes());
    payload.extend_from_slice(&reason.as_bytes()[..end]);
    payload
}

/// Reads a close frame's payload: the code, unless it is empty, and the reason.
pub(crate) fn read(payload: &[u8]) -> Result<(Option<CloseCode>, &str), Violation> {
    match payload {
        [] => Ok((None, "")),
        [_] => Err(Violation::BadClose),
        [high, low, reason @ ..] => {
            let code = CloseCode::new(u16::from_be_bytes([*high, *low]));
            let code = code.ok_or(Violation::BadClose)?;
            let reason = std::str::from_utf8(reason).map_err(|_| Violation::InvalidUtf8)?;
            Ok((Some(code), reason))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{read, write};
    use crate::close_code::CloseCode;
    use crate::violation::Violation;

    #[test]
    fn a_payload_is_read_as_it_was_written() {
        let payload = write(CloseCode::GOING_AWAY, "bis später");
        assert_eq!(
            read(&payload),
            Ok((Some(CloseCode::GOING_AWAY), "bis später"))
        );
        assert_eq!(read(&[]), Ok((None, "")));
        assert_eq!(read(&[3]), Err(Violation::BadClose));
        assert_eq!(read(&1005u16.to_be_bytes()), Err(Violation::BadClose));
        assert_eq!(read(&[3, 232, 0xff]), Err(Violation::InvalidUtf8));
    }

    #[test]
    fn a_long_reason_is_cut_at_a_character() {
        let payload = write(CloseCode::NORMAL, &"ä".repeat(100));
        assert_eq!(payload.len(), 2 + 122);
        assert!(read(&payload).is_ok());
    }
}
