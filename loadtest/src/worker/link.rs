//! How a client's connection is made: from which address, with how small buffers, counted.
//!
//! Keeps true: buffers are small, since a process holds thousands of these. What goes over a connection
//! is the Rust client's own code.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use roomcast_client::{Ended, LinkLimits, Opened};
use tokio::net::TcpSocket;
use tokio::time::timeout;

use super::traffic::{Counted, Traffic};

const LIMITS: LinkLimits = LinkLimits {
    // A `joined` with a page of long messages.
    frame_bytes_max: 8 << 20,
    // Held by every connection for as long as it lives.
    read_buffer_bytes: 2_048,
};
/// Keeps the system from taking in megabytes ahead of us. Much less would make a snail of a client that
/// reads: a window below a segment opens by timers only.
const RECEIVE_BYTES_SMALL: u32 = 32_768;

/// A connection.
pub(crate) type Link = roomcast_client::Link<Counted>;

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

/// Makes a connection and awaits its `connected`.
///
/// # Errors
/// What kept it from being made.
pub(crate) async fn dial(dial: Dial, within: Duration) -> Result<Opened<Counted>, Ended> {
    match timeout(within, open(dial)).await {
        Ok(opened) => opened,
        Err(_) => Err(Ended::lost(format!(
            "no session within {} ms",
            within.as_millis()
        ))),
    }
}

async fn open(dial: Dial) -> Result<Opened<Counted>, Ended> {
    let socket = match dial.address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    };
    let socket = socket.map_err(Ended::lost)?;
    if let Some(source) = dial.source {
        let from = SocketAddr::new(source, 0);
        socket.bind(from).map_err(Ended::lost)?;
    }
    if dial.has_small_buffer {
        socket
            .set_recv_buffer_size(RECEIVE_BYTES_SMALL)
            .map_err(Ended::lost)?;
    }
    let stream = socket.connect(dial.address).await.map_err(Ended::lost)?;
    stream.set_nodelay(true).map_err(Ended::lost)?;
    let stream = Counted::new(stream, dial.traffic);
    Link::open(&dial.uri, dial.token.as_deref(), stream, LIMITS).await
}
