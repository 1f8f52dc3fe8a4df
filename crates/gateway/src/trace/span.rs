//! What is recorded of a traced message, and the port by which it leaves the gateway.

use roomcast_protocol::{ErrorCode, MessageId, SpanId, TraceId};

/// Where finished spans go.
pub trait SpanSink: Send + Sync {
    /// Takes a span, or drops it; never waits, since chat would wait with it.
    fn record(&self, span: Span);
}

/// A part of a message's way, once it is over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Span {
    /// The trace it is of.
    pub trace_id: TraceId,
    /// Its own id.
    pub span_id: SpanId,
    /// The span it is a part of; `None` for the root of a trace.
    pub parent: Option<SpanId>,
    /// When it began, in nanoseconds since the Unix epoch, by this node's clock.
    pub began_ns: u64,
    /// When it ended, likewise.
    pub ended_ns: u64,
    /// What was done.
    pub deed: Deed,
}

/// What was done in a span. No name of a room or a user is in it: those may be personal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Deed {
    /// A message came in, up to its ack.
    Publish {
        /// By which door.
        entrance: Entrance,
        /// `None`: whoever said it went away before it was known.
        outcome: Option<Result<(), ErrorCode>>,
    },
    /// It was stamped, kept and told: a call to the store.
    Store {
        /// Its id there and, if it had been kept before, the first one's.
        outcome: Result<Stored, ErrorCode>,
    },
    /// A node gave it to the members it has.
    Relay {
        /// From where the node had it.
        source: Source,
        /// Outboxes that took it.
        members: u64,
    },
    /// It waited in an outbox until it was written to the socket.
    Deliver {
        /// The how manieth of the members to have it, from 1.
        rank: u32,
    },
}

/// What became of a message in the store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stored {
    /// Its id.
    pub id: MessageId,
    /// Whether it had been kept before.
    pub duplicate: bool,
}

/// The doors by which messages come in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Entrance {
    /// A session's `chat`.
    Chat,
    /// A session's `direct`.
    Direct,
    /// A back end's request.
    BackEnd,
}

/// From where a node has a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// Told as it was kept.
    Feed,
    /// Read from the log: the feed had missed it.
    Log,
}
