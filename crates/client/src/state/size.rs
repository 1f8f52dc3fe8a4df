//! Whether a message is larger than the server takes, before it is sent: a frame beyond the limit
//! would cost the connection, and every message behind it its place.

use roomcast_protocol::{ClientFrame, ErrorCode, Json, WireLimits, encode_client};

use crate::error::Error;

/// What a byte of text grows to at most, as `\u001f`.
const ESCAPED_BYTES_MAX: usize = 6;
/// More than everything in a message's frame beside the text and the data.
const ENVELOPE_BYTES_MAX: usize = 1_024;

/// The refusal that the server would give, if it would.
pub(crate) fn too_large(frame: &ClientFrame, limits: &WireLimits) -> Option<Error> {
    let (message, data) = match frame {
        ClientFrame::Chat(say) => (&say.message, &say.data),
        ClientFrame::Direct(direct) => (&direct.message, &direct.data),
        ClientFrame::Join(_)
        | ClientFrame::Leave(_)
        | ClientFrame::Typing(_)
        | ClientFrame::Read(_)
        | ClientFrame::Who(_)
        | ClientFrame::History(_)
        | ClientFrame::Auth(_)
        | ClientFrame::Ping(_) => return None,
    };
    let data_bytes = data.as_ref().map_or(0, |data: &Json| data.as_str().len());
    let at_most = message.len() * ESCAPED_BYTES_MAX + data_bytes + ENVELOPE_BYTES_MAX;
    let exceeds = |bytes: usize, max: u64| bytes as u64 > max;
    let (code, what, max) = if exceeds(message.len(), limits.message_bytes_max) {
        let max = limits.message_bytes_max;
        (ErrorCode::MessageTooLarge, "message", max)
    } else if exceeds(data_bytes, limits.data_bytes_max) {
        (ErrorCode::MessageTooLarge, "data", limits.data_bytes_max)
    } else if exceeds(at_most, limits.frame_bytes_max)
        && exceeds(encode_client(frame).len(), limits.frame_bytes_max)
    {
        (ErrorCode::FrameTooLarge, "frame", limits.frame_bytes_max)
    } else {
        return None;
    };
    Some(Error::Refused {
        code: code.number(),
        message: format!("the {what} has more than {max} bytes"),
        retry_after_ms: None,
    })
}
