//! The one codec of the wire: a frame's text to its type and back.
//!
//! Size and depth are checked before anything is parsed. A frame is read twice: once for its `type`
//! and `id`, once as the type it is; serde's tagged enums would take arrays and lose raw JSON.
//! Unknown fields are ignored; unknown types, arrays, doubled fields and trailing data are refused.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::client_frame::{ClientFrame, Join, JoinOnTheWire};
use crate::json::json_depth;
use crate::object::Object;
use crate::refusal::{ErrorCode, Refusal};
use crate::request::RequestId;
use crate::server_frame::ServerFrame;

/// How deeply arrays and objects may be nested in a frame, application data included: within what
/// every client's JSON reader takes.
pub const JSON_DEPTH_MAX: usize = 32;

/// The longest part of a parser's complaint that is told, in characters.
const COMPLAINT_CHARS_MAX: usize = 200;

/// A client's frame that could not be read.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[error("{refusal}")]
pub struct DecodeError {
    /// The request's id, where that much could be read.
    pub id: Option<RequestId>,
    /// What to answer.
    pub refusal: Refusal,
}

/// Reads a client's frame of at most `frame_bytes_max` bytes.
pub fn decode_client(text: &str, frame_bytes_max: usize) -> Result<ClientFrame, DecodeError> {
    check_size_and_depth(text, frame_bytes_max)
        .map_err(|refusal| DecodeError { id: None, refusal })?;
    let head = read::<Head>(text).map_err(|refusal| DecodeError { id: None, refusal })?;
    let id = head.id.and_then(|raw| serde_json::from_str(raw.get()).ok());
    decode_client_as(&head.kind, text).map_err(|refusal| DecodeError { id, refusal })
}

/// The id of a client's request and nothing else of it, in one pass: for frames that are refused
/// unread. `None` if it has none, or can't be read.
pub fn request_id(text: &str) -> Option<RequestId> {
    let raw = read::<Head>(text).ok()?.id?;
    serde_json::from_str(raw.get()).ok()
}

/// Reads a server's frame.
///
/// # Errors
/// Says what is wrong with it; an unknown type is an error that a client may ignore.
pub fn decode_server(text: &str) -> Result<ServerFrame, Refusal> {
    // What clients mostly hear, as nodes write it: its type needs no reading of its own.
    if text.starts_with(r#"{"type":"chat","#) {
        return read(text).map(ServerFrame::Chat);
    }
    let kind = read::<Head>(text)?.kind;
    Ok(match &*kind {
        "connected" => ServerFrame::Connected(read(text)?),
        "joined" => ServerFrame::Joined(read(text)?),
        "ack" => ServerFrame::Ack(read(text)?),
        "chat" => ServerFrame::Chat(read(text)?),
        "user_joined" => ServerFrame::UserJoined(read(text)?),
        "user_left" => ServerFrame::UserLeft(read(text)?),
        "presence" => ServerFrame::Presence(read(text)?),
        "typing" => ServerFrame::Typing(read(text)?),
        "typists" => ServerFrame::Typists(read(text)?),
        "read" => ServerFrame::Read(read(text)?),
        "reads" => ServerFrame::Reads(read(text)?),
        "gap" => ServerFrame::Gap(read(text)?),
        "members" => ServerFrame::Members(read(text)?),
        "history" => ServerFrame::History(read(text)?),
        "ok" => ServerFrame::Ok(read(text)?),
        "pong" => ServerFrame::Pong(read(text)?),
        "reconnect" => ServerFrame::Reconnect(read(text)?),
        "error" => ServerFrame::Error(read(text)?),
        other => return Err(unknown_type(other)),
    })
}

/// Reads what a server sent to a client that asked for batches: one frame, or an array of them.
/// Frames of an unknown type are left out: a later version's news must not cost the rest.
///
/// # Errors
/// Says what is wrong with the first frame of a known type that can't be read.
pub fn decode_server_batch(text: &str) -> Result<Vec<ServerFrame>, Refusal> {
    let frames: Vec<&RawValue> = if text.trim_start().starts_with('[') {
        serde_json::from_str(text).map_err(bad_frame)?
    } else {
        vec![serde_json::from_str(text).map_err(bad_frame)?]
    };
    frames
        .into_iter()
        .map(|raw| decode_server(raw.get()))
        .filter(|read| !matches!(read, Err(refusal) if refusal.code == ErrorCode::UnknownType))
        .collect()
}

/// Writes a client's frame.
pub fn encode_client(frame: &ClientFrame) -> String {
    serde_json::to_string(frame).expect("frames have string keys only")
}

/// Writes a server's frame.
pub fn encode_server(frame: &ServerFrame) -> String {
    serde_json::to_string(frame).expect("frames have string keys only")
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
}

fn decode_client_as(kind: &str, text: &str) -> Result<ClientFrame, Refusal> {
    Ok(match kind {
        "join" => ClientFrame::Join(
            Join::try_from(read::<JoinOnTheWire>(text)?)
                .map_err(|complaint| Refusal::new(ErrorCode::BadFrame, complaint))?,
        ),
        "leave" => ClientFrame::Leave(read(text)?),
        "chat" => ClientFrame::Chat(read(text)?),
        "direct" => ClientFrame::Direct(read(text)?),
        "typing" => ClientFrame::Typing(read(text)?),
        "read" => ClientFrame::Read(read(text)?),
        "who" => ClientFrame::Who(read(text)?),
        "history" => ClientFrame::History(read(text)?),
        "auth" => ClientFrame::Auth(read(text)?),
        "ping" => ClientFrame::Ping(read(text)?),
        other => return Err(unknown_type(other)),
    })
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Refusal> {
    let Object(value) = serde_json::from_str(text).map_err(bad_frame)?;
    Ok(value)
}

fn check_size_and_depth(text: &str, frame_bytes_max: usize) -> Result<(), Refusal> {
    if text.len() > frame_bytes_max {
        return Err(Refusal::new(
            ErrorCode::FrameTooLarge,
            format!(
                "the frame has {} bytes, at most {frame_bytes_max} are taken",
                text.len()
            ),
        ));
    }
    if json_depth(text) > JSON_DEPTH_MAX {
        return Err(Refusal::new(
            ErrorCode::TooDeep,
            format!("arrays and objects may be nested {JSON_DEPTH_MAX} deep"),
        ));
    }
    Ok(())
}

fn bad_frame(error: serde_json::Error) -> Refusal {
    let complaint: String = error
        .to_string()
        .chars()
        .take(COMPLAINT_CHARS_MAX)
        .collect();
    Refusal::new(ErrorCode::BadFrame, complaint)
}

fn unknown_type(kind: &str) -> Refusal {
    let kind: String = kind.chars().take(32).collect();
    Refusal::new(
        ErrorCode::UnknownType,
        format!("no frame has the type {kind:?}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME_BYTES_MAX: usize = 65_536;

    fn code(text: &str) -> ErrorCode {
        decode_client(text, FRAME_BYTES_MAX)
            .unwrap_err()
            .refusal
            .code
    }

    #[test]
    fn an_array_is_no_frame_not_even_inside_one() {
        assert_eq!(code(r#"["ping",1]"#), ErrorCode::BadFrame);
        assert_eq!(
            code(r#"{"type":"join","id":1,"rooms":[["lobby",null,5]]}"#),
            ErrorCode::BadFrame
        );
        let since = r#"{"type":"join","id":1,"room":"a","since":["00000000000000aa",1]}"#;
        assert_eq!(code(since), ErrorCode::BadFrame);
    }

    #[test]
    fn doubled_fields_and_trailing_data_are_refused() {
        assert_eq!(
            code(r#"{"type":"ping","type":"leave","id":1}"#),
            ErrorCode::BadFrame
        );
        assert_eq!(
            code(r#"{"type":"ping","id":1,"id":2}"#),
            ErrorCode::BadFrame
        );
        assert_eq!(code(r#"{"type":"ping","id":1}{}"#), ErrorCode::BadFrame);
        assert_eq!(code(r#"{"type":"ping","id":1} x"#), ErrorCode::BadFrame);
    }

    #[test]
    fn unknown_fields_are_ignored_and_unknown_types_refused() {
        assert!(decode_client(r#"{"type":"ping","id":1,"new":[{}]}"#, FRAME_BYTES_MAX).is_ok());
        let error = decode_client(r#"{"type":"dance","id":7}"#, FRAME_BYTES_MAX).unwrap_err();
        assert_eq!(error.refusal.code, ErrorCode::UnknownType);
        assert_eq!(error.id, Some(RequestId::Number(7)), "the asker is told");
    }

    #[test]
    fn size_and_depth_are_looked_at_before_anything_is_parsed() {
        let long = format!(r#"{{"type":"ping","id":"{}"#, "x".repeat(FRAME_BYTES_MAX));
        assert_eq!(code(&long), ErrorCode::FrameTooLarge);
        assert_eq!(code(&"[".repeat(30_000)), ErrorCode::TooDeep);
        let deep = |levels: usize| {
            let data = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
            format!(r#"{{"type":"chat","id":1,"room":"a","message":"[[\"","data":{data}}}"#)
        };
        assert!(decode_client(&deep(JSON_DEPTH_MAX - 1), FRAME_BYTES_MAX).is_ok());
        assert_eq!(code(&deep(JSON_DEPTH_MAX)), ErrorCode::TooDeep);
    }

    #[test]
    fn a_join_is_written_in_one_of_two_forms() {
        let both = r#"{"type":"join","id":1,"room":"a","rooms":[{"room":"b"}]}"#;
        assert_eq!(code(both), ErrorCode::BadFrame);
        assert_eq!(code(r#"{"type":"join","id":1}"#), ErrorCode::BadFrame);
        assert_eq!(
            code(r#"{"type":"join","id":1,"rooms":[]}"#),
            ErrorCode::BadFrame
        );
        let short = decode_client(r#"{"type":"join","id":1,"room":"a","history":5}"#, 100);
        let long = decode_client(
            r#"{"type":"join","id":1,"rooms":[{"room":"a","history":5}]}"#,
            100,
        );
        assert_eq!(short.unwrap(), long.unwrap());
    }

    #[test]
    fn data_passes_byte_for_byte() {
        let text =
            r#"{"type":"chat","id":"q","room":"a","message":"m","data":{"n":1.50, "a":[ ]}}"#;
        let ClientFrame::Chat(say) = decode_client(text, 200).unwrap() else {
            panic!("no chat")
        };
        assert_eq!(say.data.unwrap().as_str(), r#"{"n":1.50, "a":[ ]}"#);
    }
}
