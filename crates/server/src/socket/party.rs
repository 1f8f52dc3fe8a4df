//! Who a conversation is held with: a session of the gateway; in the conformance run, an echo.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use roomcast_gateway::Goodbye;
use roomcast_protocol::CloseCode;
use roomcast_socket::SharedFrame;
use smallvec::SmallVec;

/// One side of a conversation, which takes what the client says.
pub trait Party: Send + 'static {
    /// What waits to be told to the client.
    type Mail: Mail;

    /// That, for the one who writes.
    fn mail(&self) -> Self::Mail;

    /// Takes a message. The next one is given when this is done.
    fn receive(self: Box<Self>, said: Said) -> Receiving<Self>;

    /// How long the conversation may still last, by what the client came with.
    fn time_left(&self) -> Option<Duration>;
}

/// What a client says.
pub enum Said {
    /// A text message.
    Text(String),
    /// A binary message, where those are taken.
    Binary(Vec<u8>),
}

/// A message being taken: in the end the party is given back, and perhaps wants to close.
pub type Receiving<P> = Pin<Box<dyn Future<Output = (Box<P>, Option<CloseCode>)> + Send>>;

/// What waits to be told to a client.
pub trait Mail: Send + Unpin + 'static {
    /// What it is kept as.
    type Frame: Carried;

    /// What is to be written next, at most about `bytes_max` of it; else the task is woken when
    /// there is something.
    fn poll_next(&mut self, context: &mut Context<'_>, bytes_max: usize)
    -> Poll<Next<Self::Frame>>;

    /// Whether so much waits that nothing more may be taken from the client.
    fn is_full(&self) -> bool;

    /// Asks for a close once everything that waits is written.
    fn close(&self, code: CloseCode);
}

/// What is to be done next.
pub enum Next<F> {
    /// Write these, in their order; the oldest of them has waited so long.
    Write(Frames<F>, Duration),
    /// Everything is written; close so.
    Close(Goodbye),
}

/// Frames that go out together: most often one, which then takes no memory of its own.
pub type Frames<F> = SmallVec<[F; 2]>;

/// Something with a shared frame in it.
pub trait Carried: Send + Unpin + 'static {
    /// The frame.
    fn frame(&self) -> &SharedFrame;

    /// The whole of it was given to the socket.
    fn written(&self) {}
}

impl Carried for SharedFrame {
    fn frame(&self) -> &SharedFrame {
        self
    }
}
