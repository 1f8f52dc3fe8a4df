//! Reads the JSON object that a back end sends.

use roomcast_protocol::{ErrorCode, JSON_DEPTH_MAX, Refusal, json_depth};
use serde::de::DeserializeOwned;

/// Reads a request's body: an object of at most the depth of a frame. Fields that `T` doesn't know
/// are passed over; one it knows may not come twice.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    // Of an array, serde would make an object too.
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    if first != Some(&b'{') {
        return Err(Refusal::new(
            ErrorCode::BadFrame,
            "the body must be a JSON object",
        ));
    }
    let text = std::str::from_utf8(body)
        .map_err(|_| Refusal::new(ErrorCode::BadFrame, "the body must be UTF-8"))?;
    // As deep as in a frame: clients need not read more.
    if json_depth(text) > JSON_DEPTH_MAX {
        return Err(Refusal::new(
            ErrorCode::TooDeep,
            format!("arrays and objects may be nested {JSON_DEPTH_MAX} deep"),
        ));
    }
    serde_json::from_str(text).map_err(|error| Refusal::new(ErrorCode::BadFrame, error.to_string()))
}
