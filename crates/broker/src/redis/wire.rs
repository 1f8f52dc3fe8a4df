//! A plain connection to Redis for subscribing: RESP3 over TCP, nothing hidden.
//!
//! The client library's own subscriber keeps an unbounded queue and its reconnection was seen to
//! stay silent for good, so the bytes are read here, only as fast as they are taken. Its codec does
//! the parsing; it is public but undocumented there, hence this one door.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use redis::{Cmd, ConnectionAddr, ConnectionInfo, PushKind, RedisError, Value, ValueCodec};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::codec::Framed;

/// How long connecting, or writing to a peer that doesn't read, may take.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) struct Wire {
    framed: Framed<TcpStream, ValueCodec>,
}

/// What came in.
pub(super) enum Incoming {
    /// Something told on a sharded channel.
    Told { channel: String, payload: String },
    /// A subscribe or unsubscribe was answered.
    Answered { channel: String },
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
    #[error("only plain TCP addresses can be subscribed to")]
    Address,
}

impl Wire {
    /// Connects and logs in.
    pub(super) async fn connect(info: &ConnectionInfo) -> Result<Self, WireError> {
        let ConnectionAddr::Tcp(host, port) = info.addr() else {
            return Err(WireError::Address);
        };
        let stream = timeout(PATIENCE, TcpStream::connect((host.as_str(), *port)))
            .await
            .map_err(|_| WireError::Timeout)??;
        stream.set_nodelay(true)?;
        let mut wire = Self {
            framed: Framed::new(stream, ValueCodec::default()),
        };
        let mut hello = redis::cmd("HELLO");
        hello.arg(3);
        if let Some(password) = info.redis_settings().password() {
            let user = info.redis_settings().username().unwrap_or("default");
            hello.arg("AUTH").arg(user).arg(password);
        }
        hello.arg("SETNAME").arg("roomcast-feed");
        wire.send(&hello).await?;
        match timeout(PATIENCE, wire.framed.next())
            .await
            .map_err(|_| WireError::Timeout)?
        {
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
            Some(Ok(Value::ServerError(error))) => Err(WireError::Redis(error.into())),
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
        PushKind::SSubscribe | PushKind::SUnsubscribe => {
            let channel = text().ok_or(WireError::Strange)?;
            Ok(Incoming::Answered { channel })
        }
        _ => Ok(Incoming::Other),
    }
}
