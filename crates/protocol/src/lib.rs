//! What may be said in Roomcast, and nothing about how it travels.
//!
//! Owns the words of wire version 1: names and ids that parse or refuse, positions and the cursor
//! that compares them, every frame as a type, one codec, and the numbered tables of errors and
//! close codes. Pure: no tokio, no clock, no IO. Leaves rights, rates and stored state to the
//! gateway and the broker.

mod chat;
mod client_frame;
mod close;
mod codec;
mod cursor;
mod ids;
mod json;
mod message;
mod names;
mod object;
mod people;
mod position;
mod refusal;
mod request;
mod server_frame;
mod signal;
mod trace;

pub use chat::Chat;
pub use client_frame::{
    Auth, ClientFrame, Direct, History, Join, JoinRoom, Leave, Ping, Read, Say, TypingNow, Who,
};
pub use close::{CLOSE_CODES, CloseCode, ComeBack};
pub use codec::{
    DecodeError, JSON_DEPTH_MAX, decode_client, decode_server, decode_server_batch, encode_client,
    encode_server, request_id,
};
pub use cursor::{Cursor, Step};
pub use ids::{Epoch, MessageId, NodeId, SessionId};
pub use json::{Json, json_depth};
pub use message::{Body, Draft, Message, Said};
pub use names::{DisplayName, IdempotencyKey, InvalidName, RoomName, UserId};
pub use people::{
    Member, Members, PresenceNews, ReadMark, Reads, TypingNews, TypingSeen, Typists, UserJoined,
    UserLeft, UserMark,
};
pub use position::{InvalidSeq, InvalidSince, Position, SEQ_MAX, Seq, Since};
pub use refusal::{ERROR_CODES, ErrorCode, Refusal};
pub use request::RequestId;
pub use server_frame::{
    Ack, Connected, ErrorFrame, Gap, GapRange, HistoryPage, Joined, Ok, Pong, Reconnect,
    ServerFrame, WireLimits,
};
pub use signal::{Control, Order, Signal};
pub use trace::{InvalidTraceContext, SpanId, TraceContext, TraceId};

/// The version of the wire this crate speaks; `connected` tells it.
pub const PROTOCOL_VERSION: u32 = 1;

/// The WebSocket subprotocol that names this wire.
pub const SUBPROTOCOL: &str = "roomcast.v1";
