//! One WebSocket conversation: frames from the wire to a session, and from its mailbox to the wire.
//!
//! Reading and writing run side by side in one task: a slow publish holds up no delivery, a slow
//! reader holds up no other session. What carries the frames is known here and nowhere above.

use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::body::Bytes;
use parking_lot::Mutex;
use roomcast_gateway::{Flow, Limits, Mailbox, Metrics, Outgoing, Session, now_ms};
use roomcast_protocol::CloseCode;
use tokio::net::TcpStream;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode as WireCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

/// Read and write buffers of a connection. Larger ones cost memory and, since the library zeroes
/// what it reads into, CPU on every wake-up.
const READ_BUFFER_BYTES: usize = 1_024;
const WRITE_BUFFER_BYTES: usize = 4_096;
/// Bytes taken from the mailbox for one flush.
const FLUSH_BYTES: usize = 65_536;
/// How long a close may take.
const CLOSE_PATIENCE: Duration = Duration::from_secs(2);

type Sink = SplitSink<WebSocketStream<TcpStream>, Message>;
type Stream = SplitStream<WebSocketStream<TcpStream>>;

/// How a conversation ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum End {
    /// We closed it.
    Closed(CloseCode),
    /// The client closed it.
    Peer,
    /// The connection broke.
    Lost,
}

/// Takes over a stream whose upgrade has been answered; `early` came behind the request.
pub(crate) async fn upgrade(
    stream: TcpStream,
    early: Bytes,
    limits: &Limits,
) -> WebSocketStream<TcpStream> {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_write_buffer_size(WRITE_BUFFER_BYTES + 2 * limits.outbox_bytes_max)
        .max_message_size(Some(limits.frame_bytes_max))
        .max_frame_size(Some(limits.frame_bytes_max));
    WebSocketStream::from_partially_read(stream, early.to_vec(), Role::Server, Some(config)).await
}

/// Holds a conversation to its end.
pub(crate) async fn converse(
    socket: WebSocketStream<TcpStream>,
    session: &mut Session,
    limits: &Limits,
    metrics: &Metrics,
) -> End {
    let (mut sink, mut stream) = socket.split();
    let heard_at = Mutex::new(Instant::now());
    let ending = session.mailbox();
    let end = {
        let writer = write(&mut sink, session.mailbox(), limits, metrics, &heard_at);
        let reader = read(&mut stream, session, &heard_at);
        tokio::pin!(writer, reader);
        tokio::select! {
            end = &mut writer => end,
            end = &mut reader => match end {
                End::Closed(code) => {
                    // What the session was owed goes out first.
                    ending.close(code);
                    timeout(CLOSE_PATIENCE, writer).await.unwrap_or(end)
                }
                End::Peer | End::Lost => end,
            },
        }
    };
    // Whether the peer still hears it is its own affair.
    let _ = timeout(CLOSE_PATIENCE, async {
        match end {
            End::Closed(code) => close(&mut sink, &mut stream, code).await,
            // The library has an answer to the peer's close ready, and writes it when read from.
            End::Peer => read_out(&mut stream).await,
            End::Lost => {}
        }
    })
    .await;
    end
}

/// Closes a conversation that never began.
pub(crate) async fn turn_away(socket: WebSocketStream<TcpStream>, code: CloseCode) {
    let (mut sink, mut stream) = socket.split();
    let _ = timeout(CLOSE_PATIENCE, close(&mut sink, &mut stream, code)).await;
}

async fn read(stream: &mut Stream, session: &mut Session, heard_at: &Mutex<Instant>) -> End {
    let mailbox = session.mailbox();
    loop {
        mailbox.has_space().await;
        let expiry = session.time_left(now_ms());
        let message = tokio::select! {
            message = stream.next() => message,
            () = sleep(expiry.unwrap_or_default()), if expiry.is_some() => {
                return End::Closed(CloseCode::TokenExpired);
            }
        };
        *heard_at.lock() = Instant::now();
        match message {
            Some(Ok(Message::Text(text))) => {
                if let Flow::Close(code) = session.receive(&text).await {
                    return End::Closed(code);
                }
            }
            Some(Ok(Message::Binary(_))) => return End::Closed(CloseCode::Unsupported),
            // The library answers pings; any frame is a sign of life.
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
            Some(Ok(Message::Close(_))) | None => return End::Peer,
            Some(Err(error)) => return end_of(&error),
        }
    }
}

async fn write(
    sink: &mut Sink,
    mut mailbox: Mailbox,
    limits: &Limits,
    metrics: &Metrics,
    heard_at: &Mutex<Instant>,
) -> End {
    let heartbeat = Duration::from_millis(limits.heartbeat_ms);
    let stall = Duration::from_millis(limits.write_stall_ms);
    // The first one at random, so that sessions that came together don't beat together.
    let first = Instant::now() + heartbeat.mul_f64(rand::random_range(0.0..1.0));
    let mut beat = interval_at(first, heartbeat);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let written = tokio::select! {
            outgoing = mailbox.next(FLUSH_BYTES) => match outgoing {
                Outgoing::Frames { frames, waited } => {
                    if !frames.is_empty() {
                        metrics.written(waited);
                    }
                    timeout(stall, write_all(sink, frames)).await
                }
                Outgoing::Close(code) => return End::Closed(code),
            },
            _ = beat.tick() => {
                if heard_at.lock().elapsed() > heartbeat * 2 {
                    return End::Closed(CloseCode::NoPong);
                }
                timeout(stall, sink.send(Message::Ping(Bytes::new()))).await
            }
        };
        match written {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return end_of(&error),
            Err(_) => return End::Closed(CloseCode::Stuck),
        }
    }
}

async fn write_all(sink: &mut Sink, frames: Vec<Bytes>) -> Result<(), Error> {
    for frame in frames {
        let text = Utf8Bytes::try_from(frame).expect("frames are encoded as text");
        sink.feed(Message::Text(text)).await?;
    }
    sink.flush().await
}

async fn close(sink: &mut Sink, stream: &mut Stream, code: CloseCode) {
    let frame = CloseFrame {
        code: WireCode::from(code.number()),
        reason: Utf8Bytes::from_static(code.name()),
    };
    if sink.send(Message::Close(Some(frame))).await.is_ok() {
        read_out(stream).await;
    }
}

/// Reads until the peer's own close or the end of the stream, whichever it has.
async fn read_out(stream: &mut Stream) {
    while let Some(Ok(_)) = stream.next().await {}
}

/// What a failed read or write means for the conversation.
fn end_of(error: &Error) -> End {
    match error {
        Error::Capacity(_) => End::Closed(CloseCode::TooLarge),
        Error::Utf8(_) => End::Closed(CloseCode::InvalidUtf8),
        Error::Protocol(violation) => {
            tracing::debug!(%violation, "a client broke the WebSocket protocol");
            match violation {
                tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake => {
                    End::Lost
                }
                _ => End::Closed(CloseCode::ProtocolError),
            }
        }
        Error::ConnectionClosed | Error::AlreadyClosed => End::Peer,
        _ => End::Lost,
    }
}
