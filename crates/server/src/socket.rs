//! WebSocket conversations: from the bytes of a TCP stream to a party and back.
//!
//! Owns the one way a byte travels: a read buffer of the thread, the machine of `roomcast-socket`,
//! the party; and the party's mail, the writer, one vectored write. Keeps true: an idle
//! conversation holds no buffer and no timer; a slow party holds up no delivery, a slow reader no
//! other conversation; nothing waits without a deadline, and each deadline is on the node's one
//! wheel. Leaves the handshake to `http`, and what is said to the gateway.

mod batch;
mod clock;
mod conversation;
mod due;
mod listening;
mod metrics;
mod party;
mod session;
mod wheel;
mod writer;

pub use conversation::{Conversation, End, Ended, Options};
pub use metrics::SocketMetrics;
pub use party::{Carried, Frames, Mail, Next, Party, Receiving, Said};
pub use session::TurnedAway;
pub use wheel::Wheel;

use std::sync::Arc;

use roomcast_socket::Limits;
use roomcast_socket::negotiation::DeflateSettings;

/// What all conversations of a node share.
pub struct Sockets {
    /// What a client may send.
    pub limits: Arc<Limits>,
    /// How to compress, where a client wants it; `None`: not at all.
    pub deflate: Option<DeflateSettings>,
    /// How often a ping is sent, in milliseconds. A client silent for two of them has gone.
    pub heartbeat_ms: u64,
    /// How long a client may take nothing while something waits for it, in milliseconds.
    pub write_stall_ms: u64,
    /// How long events are gathered for a client that takes batches, in milliseconds.
    pub batch_ms: u64,
    /// Whoever made it keeps it turning.
    pub wheel: Arc<Wheel>,
    /// What is counted.
    pub metrics: SocketMetrics,
}
