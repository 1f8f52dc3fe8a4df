//! What back ends send and get: the JSON of the HTTP API.

use http::header::CONTENT_TYPE;
use http::{Response, StatusCode};
use roomcast_gateway::{Page, Saying};
use roomcast_protocol::{
    DisplayName, Epoch, ErrorCode, IdempotencyKey, JSON_DEPTH_MAX, Json, Message, MessageId,
    Refusal, RoomName, Seq, UserId, json_depth,
};
use serde::{Deserialize, Serialize};

/// A message to be said.
#[derive(Deserialize)]
pub(super) struct NewMessage {
    from: UserId,
    name: Option<DisplayName>,
    message: String,
    data: Option<Json>,
}

/// Where it was kept.
#[derive(Serialize)]
pub(super) struct Kept {
    pub(super) room: RoomName,
    pub(super) epoch: Epoch,
    pub(super) seq: Seq,
    pub(super) id: MessageId,
    pub(super) timestamp: u64,
    pub(super) duplicate: bool,
}

/// A page of a room.
#[derive(Serialize)]
pub(super) struct Messages {
    room: RoomName,
    epoch: Epoch,
    /// The last position given in the room.
    seq: Seq,
    messages: Vec<Json>,
    more: bool,
}

/// Which page.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Paging {
    pub(super) before: Option<Seq>,
    pub(super) after: Option<Seq>,
    pub(super) limit: Option<u32>,
}

impl NewMessage {
    /// Reads one from a request's body.
    pub(super) fn read(body: &[u8]) -> Result<Self, Refusal> {
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
        serde_json::from_str(text)
            .map_err(|error| Refusal::new(ErrorCode::BadFrame, error.to_string()))
    }

    pub(super) fn into_saying(self, to: Option<UserId>, key: Option<IdempotencyKey>) -> Saying {
        let Self {
            from,
            name,
            message,
            data,
        } = self;
        Saying {
            from,
            name,
            to,
            message,
            data,
            key,
        }
    }
}

impl Messages {
    pub(super) fn of(room: RoomName, page: &Page) -> Self {
        Self {
            room,
            epoch: page.head.epoch,
            seq: page.head.seq,
            messages: page.messages.iter().map(Message::to_json).collect(),
            more: page.more,
        }
    }
}

/// A good answer.
pub(super) fn answer(value: &impl Serialize) -> Response<String> {
    let text = serde_json::to_string(value).expect("answers have string keys only");
    Response::builder()
        .status(StatusCode::OK)
        .header(CONTENT_TYPE, "application/json")
        .body(text)
        .expect("a status and a plain header make a response")
}
