//! One WebSocket connection of a client: how it is made, what comes in, what goes out.
//!
//! Keeps true: buffers are small, since a process holds thousands of these; a connection that is given
//! away has said `connected`. Hands over every frame as it came, and judges none.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use http::HeaderValue;
use http::header::{AUTHORIZATION, RETRY_AFTER};
use roomcast_client::Ended;
use roomcast_protocol::{
    ClientFrame, CloseCode, Connected, ServerFrame, decode_server, decode_server_batch,
    encode_client,
};
use tokio::net::TcpSocket;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Error as SocketError, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::traffic::{Counted, Traffic};

/// Held by every connection for as long as it lives.
const READ_BUFFER_BYTES: usize = 2_048;
/// Frames are written together up to this many bytes.
const WRITE_BUFFER_BYTES: usize = 1_024;
/// The largest frame taken: a `joined` with a page of long messages.
const FRAME_BYTES_MAX: usize = 8 << 20;
/// Keeps the system from taking in megabytes ahead of us. Much less would make a snail of a client that
/// reads: a window below a segment opens by timers only.
const RECEIVE_BYTES_SMALL: u32 = 32_768;
/// How long a goodbye may take.
const FAREWELL: Duration = Duration::from_millis(500);

/// What is needed to make a connection.
pub(crate) struct Dial {
    pub(crate) address: SocketAddr,
    /// The address to connect from, where it isn't left to the system.
    pub(crate) source: Option<IpAddr>,
    /// Whether the system is to take in as little as it can ahead of us.
    pub(crate) has_small_buffer: bool,
    pub(crate) uri: String,
    pub(crate) token: Option<String>,
    pub(crate) traffic: Arc<Traffic>,
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Link {
    socket: WebSocketStream<Counted>,
}

/// What one read brought.
pub(crate) enum Came {
    Frame(ServerFrame),
    Frames(Vec<ServerFrame>),
    /// A sign of life.
    Nothing,
    /// What no server of this wire says.
    Unreadable,
}

/// A connection, what was said first, and frames that came in one with it.
pub(crate) type Dialled = (Link, Connected, Vec<ServerFrame>);

/// Makes a connection and awaits its `connected`.
///
/// # Errors
/// What kept it from being made.
pub(crate) async fn dial(dial: Dial, within: Duration) -> Result<Dialled, Ended> {
    match timeout(within, open(dial)).await {
        Ok(opened) => opened,
        Err(_) => Err(lost(format!("no session within {} ms", within.as_millis()))),
    }
}

async fn open(dial: Dial) -> Result<Dialled, Ended> {
    let mut request = dial.uri.as_str().into_client_request().map_err(lost)?;
    if let Some(token) = dial.token {
        let mut bearer = HeaderValue::try_from(format!("Bearer {token}")).map_err(lost)?;
        bearer.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, bearer);
    }
    let socket = match dial.address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    };
    let socket = socket.map_err(lost)?;
    if let Some(source) = dial.source {
        socket.bind(SocketAddr::new(source, 0)).map_err(lost)?;
    }
    if dial.has_small_buffer {
        socket
            .set_recv_buffer_size(RECEIVE_BYTES_SMALL)
            .map_err(lost)?;
    }
    let stream = socket.connect(dial.address).await.map_err(lost)?;
    stream.set_nodelay(true).map_err(lost)?;
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_write_buffer_size(usize::MAX)
        .max_message_size(Some(FRAME_BYTES_MAX))
        .max_frame_size(Some(FRAME_BYTES_MAX));
    let stream = Counted::new(stream, dial.traffic);
    let (socket, _) = client_async_with_config(request, stream, Some(config))
        .await
        .map_err(ended)?;
    let mut link = Link { socket };
    loop {
        let mut frames = match link.next().await? {
            Came::Frame(frame) => vec![frame].into_iter(),
            Came::Frames(frames) => frames.into_iter(),
            Came::Nothing | Came::Unreadable => continue,
        };
        match frames.next() {
            Some(ServerFrame::Connected(connected)) => {
                return Ok((link, connected, frames.collect()));
            }
            // The close that follows says what to do.
            Some(ServerFrame::Error(_)) | None => {}
            Some(_) => return Err(lost("the first frame is not `connected`")),
        }
    }
}

impl Link {
    /// What arrives next. May be dropped while it waits.
    pub(crate) async fn next(&mut self) -> Result<Came, Ended> {
        match self.socket.next().await {
            None => Err(lost("the connection was cut")),
            Some(Err(error)) => Err(ended(error)),
            Some(Ok(Message::Text(text))) => Ok(read(&text)),
            Some(Ok(Message::Close(frame))) => Err(Ended::Closed {
                // 1005 stands for a close without a code (RFC 6455, 7.4.1).
                code: frame.as_ref().map_or(1005, |frame| frame.code.into()),
                reason: frame.map_or_else(String::new, |frame| frame.reason.to_string()),
            }),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(Came::Nothing),
            Some(Ok(Message::Binary(_) | Message::Frame(_))) => Ok(Came::Unreadable),
        }
    }

    /// Writes frames in order.
    pub(crate) async fn write(
        &mut self,
        frames: &[ClientFrame],
        within: Duration,
    ) -> Result<(), Ended> {
        let write = async {
            for frame in frames {
                let text = encode_client(frame);
                self.socket.feed(Message::Text(text.into())).await?;
            }
            self.socket.flush().await
        };
        in_time(write, within).await
    }

    /// Asks for a sign of life.
    pub(crate) async fn ping(&mut self, within: Duration) -> Result<(), Ended> {
        in_time(self.socket.send(Message::Ping(Bytes::new())), within).await
    }

    /// After a write failed: the close frame that may have come before.
    pub(crate) async fn last_words(mut self) -> Option<Ended> {
        let close = async {
            loop {
                match self.next().await {
                    Ok(_) => {}
                    Err(ended @ Ended::Closed { .. }) => return Some(ended),
                    Err(_) => return None,
                }
            }
        };
        timeout(FAREWELL, close).await.unwrap_or_default()
    }

    /// Whether the server has ended it: read to its end, which is looked for for a bounded time.
    pub(crate) async fn was_ended(mut self) -> bool {
        let end = async { while let Some(Ok(_)) = self.socket.next().await {} };
        timeout(FAREWELL, end).await.is_ok()
    }

    /// Says goodbye, for a bounded time.
    pub(crate) async fn farewell(mut self) {
        let normal = CloseFrame {
            code: CloseCode::Normal.number().into(),
            reason: "".into(),
        };
        let goodbye = async {
            if self.socket.close(Some(normal)).await.is_ok() {
                while let Some(Ok(_)) = self.socket.next().await {}
            }
        };
        // The peer may be gone; there is nothing to be done about it.
        let _late = timeout(FAREWELL, goodbye).await;
    }
}

fn read(text: &str) -> Came {
    if text.starts_with('[') {
        decode_server_batch(text).map_or(Came::Unreadable, Came::Frames)
    } else {
        decode_server(text).map_or(Came::Unreadable, Came::Frame)
    }
}

async fn in_time(
    write: impl Future<Output = Result<(), SocketError>>,
    within: Duration,
) -> Result<(), Ended> {
    match timeout(within, write).await {
        Ok(written) => written.map_err(ended),
        Err(_) => Err(lost("nothing could be written")),
    }
}

fn ended(error: SocketError) -> Ended {
    let SocketError::Http(response) = error else {
        return lost(error);
    };
    let told = response.headers().get(RETRY_AFTER);
    let seconds = told.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    Ended::Rejected {
        status: response.status().as_u16(),
        retry_after_ms: seconds.and_then(|seconds| seconds.checked_mul(1_000)),
    }
}

fn lost(error: impl std::fmt::Display) -> Ended {
    Ended::Lost {
        why: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use futures_util::SinkExt as _;
    use roomcast_protocol::ServerFrame;
    use tokio::net::TcpListener;
    use tokio_tungstenite::accept_async;
    use tokio_tungstenite::tungstenite::Message;

    use super::{Dial, dial};

    const CONNECTED: &str = r#"{"type":"connected","session":"6513270e-269e-4d37-b2a7-4de452e6b438","user":"u",
        "node":"n","protocol":1,"heartbeat_ms":25000,"server_time":1,"limits":{"frame_bytes_max":1,
        "message_bytes_max":1,"data_bytes_max":1,"rooms_max":1,"page_messages_max":1}}"#;
    const PONG: &str = r#"{"type":"pong","id":7,"server_time":1}"#;

    #[tokio::test]
    async fn what_comes_in_one_array_with_connected_is_not_lost() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut socket = accept_async(stream).await.unwrap();
            let array = format!("[{CONNECTED},{PONG}]");
            socket.send(Message::Text(array.into())).await.unwrap();
            std::future::pending::<()>().await;
        });
        let asked = Dial {
            address,
            source: None,
            has_small_buffer: false,
            uri: format!("ws://{address}/v1/ws?batch=1"),
            token: None,
            traffic: Arc::default(),
        };
        let dialled = dial(asked, Duration::from_secs(30)).await;
        let (_, connected, more) = dialled.unwrap();
        assert_eq!(connected.user.as_str(), "u");
        assert!(matches!(more[..], [ServerFrame::Pong(_)]), "{more:?}");
    }
}
