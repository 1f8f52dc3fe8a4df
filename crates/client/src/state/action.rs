//! What the state wants done: frames to send, callers to answer, events to tell.

use roomcast_protocol::ClientFrame;

use crate::command::Answer;
use crate::error::Error;
use crate::event::Event;

/// Names one caller that waits for an answer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Ticket(pub(crate) u64);

/// One thing to do. Their order matters among those of a kind.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Action {
    Send(ClientFrame),
    Answer(Ticket, Result<Answer, Error>),
    Tell(Event),
    /// The server will close; come back after so many milliseconds.
    ComeBack {
        after_ms: u64,
    },
}
