//! What can go wrong, sorted by who can act on it.
//!
//! A bad [`crate::Config`] is the one who wrote it's to mend. An [`Error`] answers one request and
//! says whether the caller must change it, slow down, or can't know what became of it. An [`End`]
//! says why the client stopped for good. Trouble that passes is nobody's to act on: it is an event.

/// A configuration that can't work.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ConfigError {
    /// No URL was given.
    #[error("at least one url is needed, such as ws://127.0.0.1:8080/v1/ws")]
    NoUrl,
    /// A URL that can't be connected to.
    #[error("{url:?} can't be connected to: {expected}")]
    BadUrl {
        /// The URL, without its query: that may hold a token.
        url: String,
        /// What was expected.
        expected: &'static str,
    },
    /// A number outside what makes sense.
    #[error("{key} is {value}, expected {expected}")]
    BadNumber {
        /// The field.
        key: &'static str,
        /// Its value.
        value: u64,
        /// What was expected.
        expected: &'static str,
    },
    /// Called outside a tokio runtime.
    #[error("a tokio runtime must be running")]
    NoRuntime,
}

/// Why a request was not done.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// The server refused it for good: it takes another request, or another token.
    #[error("refused: {code} {message}")]
    Refused {
        /// The number, one of [`roomcast_protocol::ERROR_CODES`] or newer.
        code: u16,
        /// The server's sentence.
        message: String,
        /// When the same request may succeed, in milliseconds, if the server said: until then the
        /// user is banned from the room, say.
        retry_after_ms: Option<u64>,
    },
    /// The room was joined before and not left.
    #[error("the room is joined already")]
    AlreadyJoined,
    /// The room was left, or the client was told to leave it, before the answer came.
    #[error("the room was left meanwhile")]
    Left,
    /// As many messages wait for their ack as may. The caller slows down.
    #[error("{max} messages wait for their ack already")]
    OutboxFull {
        /// [`crate::Config::outbox_max`].
        max: usize,
    },
    /// As many requests wait for their answer as may. The caller slows down.
    #[error("{max} requests wait for their answer already")]
    TooManyRequests {
        /// [`crate::Config::requests_max`].
        max: usize,
    },
    /// The message's deadline passed, and it was never said.
    #[error("the deadline passed before the message could be sent")]
    NotSent,
    /// The message was sent, and neither an ack nor a refusal came in time: it may have been said.
    #[error("no ack came in time; the message may have been said")]
    OutcomeUnknown,
    /// The request was not answered within [`crate::Config::response_timeout_ms`].
    #[error("no answer came in time")]
    NoAnswer,
    /// The client has stopped. What was not acked may or may not have been said.
    #[error("the client has stopped: {0}")]
    Closed(End),
}

/// Why the client stopped for good.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum End {
    /// The caller closed it, or dropped it.
    #[error("it was told to")]
    Told,
    /// The server closed with a code that says not to come back without a change.
    #[error("closed by the server with {code} {reason}")]
    Closed {
        /// The WebSocket close code.
        code: u16,
        /// The reason beside it.
        reason: String,
    },
    /// The server refused the upgrade; 401 and 403 are about the token.
    #[error("the server answered HTTP {status}")]
    Rejected {
        /// The HTTP status.
        status: u16,
    },
    /// The token source failed again and again.
    #[error("no token: {0}")]
    NoToken(String),
    /// The server speaks another version of the wire.
    #[error("the server speaks version {version} of the wire")]
    OtherProtocol {
        /// Its version.
        version: u32,
    },
    /// [`crate::Config::attempts_max`] attempts in a row failed.
    #[error("{attempts} attempts in a row failed, the last one: {last}")]
    GaveUp {
        /// How many.
        attempts: u32,
        /// What the last one died of.
        last: String,
    },
}
