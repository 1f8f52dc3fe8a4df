//! One WebSocket connection, over whatever stream: what comes in, what goes out.
//!
//! Keeps true: a connection that is given away has said `connected`, and what came in one with it is
//! given away too; nothing is judged here. Leaves making the stream to others, and when to read, to ping
//! and to give up.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use http::HeaderValue;
use http::header::{AUTHORIZATION, RETRY_AFTER};
use roomcast_protocol::{
    ClientFrame, CloseCode, Connected, ErrorCode, PROTOCOL_VERSION, Refusal, ServerFrame,
    decode_server, decode_server_batch, encode_client,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Error as SocketError, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::backoff::Ended;

/// Frames are written together up to this many bytes.
const WRITE_BUFFER_BYTES: usize = 2_048;
/// Of a reason, so much is shown.
const SHOWN_CHARS_MAX: usize = 200;
/// How long the peer's close is looked for after a write failed.
const LAST_WORDS_MS_MAX: u64 = 200;
/// How long a goodbye may take.
const FAREWELL_MS_MAX: u64 = 1_000;

/// What a connection may hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LinkLimits {
    /// The largest frame taken from the server, in bytes.
    pub frame_bytes_max: usize,
    /// The read buffer, held for as long as the connection lives, in bytes.
    pub read_buffer_bytes: usize,
}

/// A connection to a server of this wire.
#[derive(Debug)]
pub struct Link<S> {
    socket: WebSocketStream<S>,
}

/// A connection that has just been made.
#[derive(Debug)]
pub struct Opened<S> {
    /// The connection.
    pub link: Link<S>,
    /// What the server said first.
    pub connected: Connected,
    /// Frames that came in one array with it.
    pub more: Vec<ServerFrame>,
}

/// What one message brought.
#[derive(Clone, PartialEq, Debug)]
pub enum Came {
    /// Frames, in order.
    Frames(Vec<ServerFrame>),
    /// A sign of life.
    Nothing,
    /// A type of frame that this version doesn't know and may pass over.
    Unknown,
    /// What no server of this wire says; why it can't be read.
    Unreadable(Refusal),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Link<S> {
    /// Makes a connection over `stream`, and awaits its `connected`. `uri` is the whole URL to ask for.
    ///
    /// # Errors
    /// The server, or the line, ended it first; the token makes no header; another version is spoken.
    pub async fn open(
        uri: &str,
        token: Option<&str>,
        stream: S,
        limits: LinkLimits,
    ) -> Result<Opened<S>, Ended> {
        let mut request = uri.into_client_request()?;
        if let Some(token) = token {
            let no_header = |_| Ended::NoToken {
                why: "it holds characters that no header takes".into(),
            };
            let mut bearer = HeaderValue::try_from(format!("Bearer {token}")).map_err(no_header)?;
            bearer.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, bearer);
        }
        let config = WebSocketConfig::default()
            .read_buffer_size(limits.read_buffer_bytes)
            .write_buffer_size(WRITE_BUFFER_BYTES)
            // What is written is flushed at once, and frames are checked against the server's limits.
            .max_write_buffer_size(usize::MAX)
            .max_message_size(Some(limits.frame_bytes_max))
            .max_frame_size(Some(limits.frame_bytes_max));
        let (socket, _) = client_async_with_config(request, stream, Some(config)).await?;
        let mut link = Self { socket };
        let (connected, more) = link.connected().await?;
        if connected.protocol != PROTOCOL_VERSION {
            let version = connected.protocol;
            return Err(Ended::OtherProtocol { version });
        }
        Ok(Opened {
            link,
            connected,
            more,
        })
    }

    /// What arrives next. May be dropped while it waits.
    ///
    /// # Errors
    /// How the connection ended.
    pub async fn next(&mut self) -> Result<Came, Ended> {
        let Some(message) = self.socket.next().await else {
            return Err(Ended::lost("the connection was cut"));
        };
        match message? {
            Message::Text(text) => Ok(read(&text)),
            Message::Close(frame) => Err(match frame {
                Some(CloseFrame { code, reason }) => Ended::Closed {
                    code: code.into(),
                    reason: reason.chars().take(SHOWN_CHARS_MAX).collect(),
                },
                // 1005 stands for a close without a code (RFC 6455, 7.4.1).
                None => Ended::Closed {
                    code: 1005,
                    reason: String::new(),
                },
            }),
            Message::Ping(_) | Message::Pong(_) => Ok(Came::Nothing),
            Message::Binary(_) | Message::Frame(_) => Ok(Came::Unreadable(Refusal::new(
                ErrorCode::BadFrame,
                "it is no text",
            ))),
        }
    }

    /// Writes `frames` in order. After an error, or when dropped half way, only good for dropping.
    ///
    /// # Errors
    /// The line is gone, or took nothing for `within_ms`.
    pub async fn write(&mut self, frames: &[ClientFrame], within_ms: u64) -> Result<(), Ended> {
        let write = async {
            for frame in frames {
                let text = encode_client(frame);
                self.socket.feed(Message::Text(text.into())).await?;
            }
            self.socket.flush().await
        };
        in_time(write, within_ms).await
    }

    /// Asks for a sign of life.
    ///
    /// # Errors
    /// As [`Link::write`].
    pub async fn ping(&mut self, within_ms: u64) -> Result<(), Ended> {
        in_time(self.socket.send(Message::Ping(Bytes::new())), within_ms).await
    }

    /// After a write failed: the close frame that the peer may have sent before, looked for for 200 ms.
    pub async fn last_words(mut self) -> Option<Ended> {
        let close = async {
            loop {
                match self.next().await {
                    // Missed frames are asked for again, by position.
                    Ok(_) => {}
                    Err(ended @ Ended::Closed { .. }) => return Some(ended),
                    Err(_) => return None,
                }
            }
        };
        timeout(Duration::from_millis(LAST_WORDS_MS_MAX), close)
            .await
            .unwrap_or_default()
    }

    /// Says goodbye if the peer may still listen, for a second at most. `wait`: until it has said
    /// goodbye too.
    pub async fn farewell(mut self, wait: bool) {
        let normal = CloseFrame {
            code: CloseCode::Normal.number().into(),
            reason: "".into(),
        };
        let goodbye = async {
            // The peer may be gone; there is nothing to be done about it.
            if self.socket.close(Some(normal)).await.is_ok() && wait {
                self.read_out().await;
            }
        };
        let _late = timeout(Duration::from_millis(FAREWELL_MS_MAX), goodbye).await;
    }

    /// Whether the peer has ended it, by what comes within a second.
    pub async fn was_ended(mut self) -> bool {
        let end = self.read_out();
        timeout(Duration::from_millis(FAREWELL_MS_MAX), end)
            .await
            .is_ok()
    }

    /// Forgets what comes, until the end.
    async fn read_out(&mut self) {
        while let Some(Ok(_)) = self.socket.next().await {}
    }

    async fn connected(&mut self) -> Result<(Connected, Vec<ServerFrame>), Ended> {
        loop {
            let Came::Frames(frames) = self.next().await? else {
                continue;
            };
            let mut frames = frames.into_iter();
            match frames.next() {
                Some(ServerFrame::Connected(connected)) => {
                    return Ok((connected, frames.collect()));
                }
                // It says why the close comes that follows it.
                Some(ServerFrame::Error(error)) => {
                    let (code, message) = (error.code, error.message);
                    tracing::debug!(code, message, "refused before the session began");
                }
                None => {}
                Some(_) => return Err(Ended::lost("the first frame was not `connected`")),
            }
        }
    }
}

fn read(text: &str) -> Came {
    let read = if text.starts_with('[') {
        decode_server_batch(text)
    } else {
        // Mostly one frame comes alone; as a batch it would be looked through once more.
        decode_server(text).map(|frame| vec![frame])
    };
    match read {
        Ok(frames) => Came::Frames(frames),
        Err(refusal) if refusal.code == ErrorCode::UnknownType => Came::Unknown,
        Err(refusal) => Came::Unreadable(refusal),
    }
}

async fn in_time(
    write: impl Future<Output = Result<(), SocketError>>,
    within_ms: u64,
) -> Result<(), Ended> {
    match timeout(Duration::from_millis(within_ms), write).await {
        Ok(written) => Ok(written?),
        Err(_) => Err(Ended::lost(format!(
            "nothing could be written for {within_ms} ms"
        ))),
    }
}

impl From<SocketError> for Ended {
    fn from(error: SocketError) -> Self {
        if let SocketError::Http(response) = error {
            Self::Rejected {
                status: response.status().as_u16(),
                retry_after_ms: retry_after_ms(response.headers()),
            }
        } else {
            Self::lost(error)
        }
    }
}

fn retry_after_ms(headers: &http::HeaderMap) -> Option<u64> {
    let seconds: u64 = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    seconds.checked_mul(1_000)
}
