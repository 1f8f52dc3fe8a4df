//! One WebSocket connection: how it is made, what comes in, what goes out.
//!
//! Keeps true: buffers are small, since a process may hold thousands of these; a connection that
//! is given away has said `connected`. Leaves to the task when to read, to ping and to give up.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use http::HeaderValue;
use http::header::{AUTHORIZATION, RETRY_AFTER};
use roomcast_protocol::{
    ClientFrame, CloseCode, Connected, PROTOCOL_VERSION, ServerFrame, Since, decode_server_batch,
    encode_client,
};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Error as SocketError, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::backoff::Ended;
use crate::endpoint::Endpoint;
use crate::token::TokenSource;

/// Frames are written together up to this many bytes.
const WRITE_BUFFER_BYTES: usize = 2_048;
/// Of a frame that can't be read, and of a reason, so much is shown.
const SHOWN_CHARS_MAX: usize = 200;
/// How long the peer's close is looked for after a write failed.
const LAST_WORDS_MS_MAX: u64 = 200;
/// How long a goodbye may take.
const FAREWELL_MS_MAX: u64 = 1_000;

/// What is needed to make a connection.
#[derive(Clone, Debug)]
pub(crate) struct Dial {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) token: Option<TokenSource>,
    /// How far the user's inbox has come.
    pub(crate) inbox: Option<Since>,
    pub(crate) timeout_ms: u64,
    pub(crate) frame_bytes_max: usize,
    pub(crate) read_buffer_bytes: usize,
}

#[derive(Debug)]
pub(crate) struct Link {
    socket: WebSocketStream<TcpStream>,
}

/// Makes a connection and awaits its `connected`.
pub(crate) async fn dial(dial: Dial) -> Result<(Link, Connected), Ended> {
    let within = Duration::from_millis(dial.timeout_ms);
    match timeout(within, open(&dial)).await {
        Ok(opened) => opened,
        Err(_) => Err(Ended::Lost {
            why: format!("no session within {} ms", dial.timeout_ms),
        }),
    }
}

async fn open(dial: &Dial) -> Result<(Link, Connected), Ended> {
    let endpoint = &dial.endpoint;
    let uri = endpoint.uri(dial.inbox);
    let mut request = uri.as_str().into_client_request().map_err(lost)?;
    if let Some(source) = &dial.token {
        let no_token = |why: String| Ended::NoToken { why };
        let token = source.token().await.map_err(|e| no_token(e.to_string()))?;
        let mut bearer = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| no_token("it holds characters that no header takes".into()))?;
        bearer.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, bearer);
    }
    let stream = TcpStream::connect((endpoint.host.as_str(), endpoint.port))
        .await
        .map_err(lost)?;
    stream.set_nodelay(true).map_err(lost)?;
    let config = WebSocketConfig::default()
        .read_buffer_size(dial.read_buffer_bytes)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        // What is written is flushed at once, and frames are checked against the server's limits.
        .max_write_buffer_size(usize::MAX)
        .max_message_size(Some(dial.frame_bytes_max))
        .max_frame_size(Some(dial.frame_bytes_max));
    let (socket, _) = client_async_with_config(request, stream, Some(config))
        .await
        .map_err(ended)?;
    let mut link = Link { socket };
    let connected = link.connected().await?;
    if connected.protocol != PROTOCOL_VERSION {
        let version = connected.protocol;
        return Err(Ended::OtherProtocol { version });
    }
    Ok((link, connected))
}

impl Link {
    /// The frames that arrive next; none for a sign of life, or for what this version can't read.
    /// May be dropped while it waits.
    pub(crate) async fn next(&mut self) -> Result<Vec<ServerFrame>, Ended> {
        let message = match self.socket.next().await {
            Some(message) => message.map_err(ended)?,
            None => {
                return Err(Ended::Lost {
                    why: "the connection was cut".into(),
                });
            }
        };
        match message {
            Message::Text(text) => Ok(decode_server_batch(&text).unwrap_or_else(|refusal| {
                // What it might have told is noticed as a hole, or not missed.
                tracing::debug!(%refusal, "a frame of the server can't be read");
                Vec::new()
            })),
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
            Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {
                Ok(Vec::new())
            }
        }
    }

    /// Writes `frames` in order. After an error, or when dropped half way, only good for dropping.
    pub(crate) async fn write(
        &mut self,
        frames: Vec<ClientFrame>,
        within_ms: u64,
    ) -> Result<(), Ended> {
        let write = async {
            for frame in &frames {
                let text = encode_client(frame);
                self.socket.feed(Message::Text(text.into())).await?;
            }
            self.socket.flush().await
        };
        in_time(write, within_ms).await
    }

    /// Asks for a sign of life.
    pub(crate) async fn ping(&mut self, within_ms: u64) -> Result<(), Ended> {
        in_time(self.socket.send(Message::Ping(Bytes::new())), within_ms).await
    }

    /// After a write failed: the close frame that the peer may have sent before.
    pub(crate) async fn last_words(mut self) -> Option<Ended> {
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

    /// Says goodbye if the peer may still listen, for a bounded time. `wait`: until it has said
    /// goodbye too.
    pub(crate) async fn farewell(mut self, wait: bool) {
        let normal = CloseFrame {
            code: CloseCode::Normal.number().into(),
            reason: "".into(),
        };
        let goodbye = async {
            // The peer may be gone; there is nothing to be done about it.
            if self.socket.close(Some(normal)).await.is_ok() && wait {
                while let Some(Ok(_)) = self.socket.next().await {}
            }
        };
        let _late = timeout(Duration::from_millis(FAREWELL_MS_MAX), goodbye).await;
    }

    async fn connected(&mut self) -> Result<Connected, Ended> {
        loop {
            for frame in self.next().await? {
                if let ServerFrame::Connected(connected) = frame {
                    return Ok(connected);
                }
                // An error says why the close comes that follows it; another frame is no server
                // of this wire.
                if let ServerFrame::Error(error) = frame {
                    let (code, message) = (error.code, error.message);
                    tracing::debug!(code, message, "refused before the session began");
                } else {
                    let why = "the first frame was not `connected`".into();
                    return Err(Ended::Lost { why });
                }
            }
        }
    }
}

async fn in_time(
    write: impl Future<Output = Result<(), SocketError>>,
    within_ms: u64,
) -> Result<(), Ended> {
    match timeout(Duration::from_millis(within_ms), write).await {
        Ok(written) => written.map_err(ended),
        Err(_) => Err(Ended::Lost {
            why: format!("nothing could be written for {within_ms} ms"),
        }),
    }
}

fn ended(error: SocketError) -> Ended {
    if let SocketError::Http(response) = error {
        Ended::Rejected {
            status: response.status().as_u16(),
            retry_after_ms: retry_after_ms(response.headers()),
        }
    } else {
        lost(error)
    }
}

fn retry_after_ms(headers: &http::HeaderMap) -> Option<u64> {
    let seconds: u64 = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    seconds.checked_mul(1_000)
}

fn lost(error: impl std::fmt::Display) -> Ended {
    Ended::Lost {
        why: error.to_string(),
    }
}
