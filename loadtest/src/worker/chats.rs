//! Messages as they stand in frames: what they carry, and how they are read where they stand inside others.

use roomcast_protocol::{Chat, Json, RoomName, ServerFrame, decode_server};

use crate::payload;

/// What a message carries. One that is direct was said to the inbox of whom it is for, whosever copy
/// this is.
pub(super) fn carried(chat: &Chat) -> payload::Carried {
    match &chat.to {
        Some(to) => payload::check(RoomName::inbox(to).as_str(), &chat.message),
        None => payload::check(chat.room.as_str(), &chat.message),
    }
}

/// A message that stands inside another frame.
pub(super) fn chat_of(json: &Json) -> Option<Box<Chat>> {
    match decode_server(json.as_str()) {
        Ok(ServerFrame::Chat(chat)) => Some(chat),
        Ok(_) | Err(_) => None,
    }
}
