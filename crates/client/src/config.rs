//! What a caller sets: where to connect, with what token, how long to wait, how much to hold.
//!
//! Every bound of this crate is here, with its default. Checked once, before anything runs.

use roomcast_protocol::Since;

use crate::error::ConfigError;
use crate::token::TokenSource;

/// How to connect and how much to hold. Start from [`Config::new`].
#[derive(Clone, Debug)]
pub struct Config {
    /// `ws://host[:port]/path`, at least one. The first is chosen at random, the others are tried
    /// in turn when one fails or sends the client away. Everyone's default path is `/v1/ws`.
    pub urls: Vec<String>,
    /// The token, sent as `Authorization: Bearer`.
    pub token: Option<TokenSource>,
    /// Whom to be on a server in development mode, which believes it. Goes into the query.
    pub user: Option<String>,
    /// Continue the user's own inbox from here: an earlier [`crate::Client::position`] of it. Goes
    /// into the query, as does the client's own place there from then on. Default: its present end.
    pub inbox: Option<Since>,
    /// Whether the server may pack frames into arrays. Default: no.
    pub batch: bool,
    /// The first back-off: the delay is drawn from zero to this, doubled each time. Default: 250.
    pub backoff_base_ms: u64,
    /// The longest back-off. Default: 10,000.
    pub backoff_cap_ms: u64,
    /// Attempts in a row that may fail before the client stops for good. Default: no end.
    pub attempts_max: Option<u32>,
    /// For the token, TCP, the upgrade and `connected` together. Default: 10,000.
    pub connect_timeout_ms: u64,
    /// How long an answer may take; an unanswered message is then sent again with its key, any
    /// other request fails. Default: 10,000.
    pub response_timeout_ms: u64,
    /// How long after a message was first sent its key still makes a retry safe. The server
    /// promises five minutes; a client that waits longer could say it twice, so it gives up
    /// with [`crate::Error::OutcomeUnknown`]. Default: 270,000.
    pub key_window_ms: u64,
    /// How often to ping. Default: what the server's `connected` says.
    pub heartbeat_ms: Option<u64>,
    /// Messages that may wait for their ack. More are refused with `OutboxFull`. Default: 256.
    pub outbox_max: usize,
    /// Messages to one room that may be on their way at the same time. With 1, messages of a room
    /// keep their order even when one is refused for a while; with more, throughput is higher and
    /// a message refused for a while may be overtaken. Default: 1.
    pub in_flight_room_max: usize,
    /// Requests other than messages that may wait for their answer. Default: 256.
    pub requests_max: usize,
    /// Users that [`crate::Client::who`] gathers. Default: 10,000.
    pub members_max: usize,
    /// Rooms being joined at the same time on one connection. Default: 64.
    pub joins_in_flight_max: usize,
    /// Events that may wait for a slow caller; then the socket is not read. Default: 256.
    pub events_max: usize,
    /// Message ids remembered in each room, to know repeats after a change of epoch; 16 bytes
    /// each. Default: 1,024.
    pub seen_ids_max: usize,
    /// The largest frame taken from the server. Default: 8 MiB.
    pub frame_bytes_max: usize,
    /// The socket's read buffer, held by every connection. Default: 2,048.
    pub read_buffer_bytes: usize,
}

impl Config {
    /// Connect to `url`, everything else as by default.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            urls: vec![url.into()],
            token: None,
            user: None,
            inbox: None,
            batch: false,
            backoff_base_ms: 250,
            backoff_cap_ms: 10_000,
            attempts_max: None,
            connect_timeout_ms: 10_000,
            response_timeout_ms: 10_000,
            key_window_ms: 270_000,
            heartbeat_ms: None,
            outbox_max: 256,
            in_flight_room_max: 1,
            requests_max: 256,
            members_max: 10_000,
            joins_in_flight_max: 64,
            events_max: 256,
            seen_ids_max: 1_024,
            frame_bytes_max: 8 << 20,
            read_buffer_bytes: 2_048,
        }
    }

    /// The numbers that would make the client stand still or spin.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let at_least_one = [
            ("backoff_base_ms", self.backoff_base_ms),
            ("backoff_cap_ms", self.backoff_cap_ms),
            ("attempts_max", u64::from(self.attempts_max.unwrap_or(1))),
            ("connect_timeout_ms", self.connect_timeout_ms),
            ("response_timeout_ms", self.response_timeout_ms),
            ("key_window_ms", self.key_window_ms),
            ("heartbeat_ms", self.heartbeat_ms.unwrap_or(1)),
            ("outbox_max", self.outbox_max as u64),
            ("in_flight_room_max", self.in_flight_room_max as u64),
            ("requests_max", self.requests_max as u64),
            ("members_max", self.members_max as u64),
            ("joins_in_flight_max", self.joins_in_flight_max as u64),
            ("events_max", self.events_max as u64),
            ("frame_bytes_max", self.frame_bytes_max as u64),
            ("read_buffer_bytes", self.read_buffer_bytes as u64),
        ];
        match at_least_one.into_iter().find(|(_, value)| *value == 0) {
            Some((key, value)) => Err(ConfigError::BadNumber {
                key,
                value,
                expected: "at least 1",
            }),
            None => Ok(()),
        }
    }
}
