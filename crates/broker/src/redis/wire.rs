//! A plain connection to Redis for subscribing: RESP3, nothing hidden.
//!
//! The client library's own subscriber keeps an unbounded queue and its reconnection was seen to
//! stay silent for good, so the bytes are read here, only as fast as they are taken. Its codec does
//! the parsing; it is public but undocumented there, hence this one door.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use redis::{Cmd, PushKind, RedisError, Value, ValueCodec};
use roomcast_redis::{DialError, Spot, Stream, Target};
use tokio::time::timeout;
use tokio_util::codec::Framed;

/// How long connecting, or writing to a peer that doesn't read, may take.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) struct Wire {
    framed: Framed<Stream, ValueCodec>,
    /// Where it leads.
    pub(super) spot: Spot,
}

/// What came in.
pub(super) enum Incoming {
    /// Something told on a sharded channel.
    Told { channel: String, payload: String },
    /// A channel is subscribed to.
    Subscribed { channel: String },
    /// A channel is subscribed to no more, whether that was asked for or not.
    Unsubscribed { channel: String },
    /// A command was refused.
    Refused(RedisError),
    /// Any other answer: a sign of life.
    Other,
}

/// Why a wire is of no use any more.
#[derive(Debug, thiserror::Error)]
pub(super) enum WireError {
    #[error("{0}")]
    Redis(#[from] RedisError),
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("it did not answer in time")]
    Timeout,
    #[error("it closed the connection")]
    Closed,
    #[error("it answered what was not understood")]
    Strange,
    #[error("it is not the master (yet)")]
    Replica,
    #[error("the master is elsewhere now")]
    Elsewhere,
    #[error("it does not tell what this node publishes")]
    Deaf,
}

impl Wire {
    /// Connects and logs in.
    pub(super) async fn connect(target: &Target) -> Result<Self, WireError> {
        let (stream, spot) = target.dial(PATIENCE).await?;
        let mut wire = Self {
            framed: Framed::new(stream, ValueCodec::default()),
            spot,
        };
        let mut hello = redis::cmd("HELLO");
        hello.arg(3);
        if let Some((user, password)) = target.login() {
            hello.arg("AUTH").arg(user).arg(password);
        }
        hello.arg("SETNAME").arg("roomcast-feed");
        wire.send(&hello).await?;
        match timeout(PATIENCE, wire.framed.next())
            .await
            .map_err(|_| WireError::Timeout)?
        {
            Some(Ok(Value::Map(about))) if target.moves() && !is_master(&about) => {
                Err(WireError::Replica)
            }
            Some(Ok(Value::Map(_))) => Ok(wire),
            Some(Ok(Value::ServerError(error))) => Err(WireError::Redis(error.into())),
            Some(Ok(_)) => Err(WireError::Strange),
            Some(Err(error)) => Err(error.into()),
            None => Err(WireError::Closed),
        }
    }

    /// Sends a command without waiting for the answer.
    pub(super) async fn send(&mut self, command: &Cmd) -> Result<(), WireError> {
        let sending = self.framed.send(command.get_packed_command());
        timeout(PATIENCE, sending)
            .await
            .map_err(|_| WireError::Timeout)??;
        Ok(())
    }

    /// The next thing that comes in. May be dropped while waiting; nothing is lost then.
    pub(super) async fn next(&mut self) -> Result<Incoming, WireError> {
        match self.framed.next().await {
            Some(Ok(Value::Push { kind, data })) => incoming(&kind, data),
            Some(Ok(Value::ServerError(error))) => Ok(Incoming::Refused(error.into())),
            Some(Ok(_)) => Ok(Incoming::Other),
            Some(Err(error)) => Err(error.into()),
            None => Err(WireError::Closed),
        }
    }
}

fn incoming(kind: &PushKind, data: Vec<Value>) -> Result<Incoming, WireError> {
    let mut texts = data.into_iter().map(|value| match value {
        Value::BulkString(bytes) => String::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    });
    let mut text = || texts.next().flatten();
    match kind {
        PushKind::SMessage => {
            let (Some(channel), Some(payload)) = (text(), text()) else {
                return Err(WireError::Strange);
            };
            Ok(Incoming::Told { channel, payload })
        }
        PushKind::SSubscribe => {
            let channel = text().ok_or(WireError::Strange)?;
            Ok(Incoming::Subscribed { channel })
        }
        PushKind::SUnsubscribe => {
            let channel = text().ok_or(WireError::Strange)?;
            Ok(Incoming::Unsubscribed { channel })
        }
        _ => Ok(Incoming::Other),
    }
}

/// What HELLO tells about the server.
fn is_master(about: &[(Value, Value)]) -> bool {
    let text = |value: &Value, wanted: &str| match value {
        Value::BulkString(bytes) => bytes == wanted.as_bytes(),
        Value::SimpleString(text) => text == wanted,
        _ => false,
    };
    let mut roles = about.iter().filter(|(key, _)| text(key, "role"));
    roles.any(|(_, role)| text(role, "master"))
}

impl From<DialError> for WireError {
    fn from(error: DialError) -> Self {
        match error {
            DialError::Io(error) => Self::Io(error),
            DialError::Redis(error) => Self::Redis(error),
            DialError::Timeout => Self::Timeout,
        }
    }
}
