//! What waits to be written to one session: bounded in bytes, shared frames, a policy when full (P10).
//!
//! Signals are let in while it is less than half full, and dropped above. A message that finds no
//! space is not let in; the room notes that this member is behind and refills it from the log when
//! the writer has caught up. Answers always get in: a session with a full outbox is not read from,
//! so that at most one request's answers are on their way.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use parking_lot::Mutex;
use roomcast_protocol::{CloseCode, RoomName};
use smallvec::SmallVec;
use tokio::time::Instant;

use crate::frame::Frame;

/// The outbox of a session, shared by the rooms that fill it and the writer that empties it.
#[derive(Clone)]
pub(crate) struct Outbox(Arc<Shared>);

struct Shared {
    bytes_max: usize,
    state: Mutex<State>,
}

struct State {
    frames: Frames,
    bytes: usize,
    /// The writer, while it waits.
    writer: Option<Waker>,
    /// When the oldest waiting frame came in.
    waiting_since: Option<Instant>,
    /// Rooms that hold messages back until there is space.
    behind: Vec<RoomName>,
    closing: Option<Goodbye>,
    closed: bool,
    /// Rooms that the session was taken out of and does not know yet.
    taken_out: Vec<RoomName>,
}

/// How a session is closed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Goodbye {
    /// The code it is counted as.
    pub code: CloseCode,
    /// The number and the reason that a back end wants to be told instead.
    pub told: Option<Box<(u16, String)>>,
}

impl Goodbye {
    /// A back end's.
    pub(crate) fn told(number: u16, reason: &str) -> Self {
        Self {
            code: CloseCode::Disconnected,
            told: Some(Box::new((number, reason.to_owned()))),
        }
    }

    /// The number of the close frame.
    pub fn number(&self) -> u16 {
        let told = self.told.as_ref().map(|told| told.0);
        told.unwrap_or(self.code.number())
    }

    /// The reason of the close frame, at most 123 bytes.
    pub fn reason(&self) -> &str {
        let told = self.told.as_ref().map(|told| told.1.as_str());
        told.unwrap_or(self.code.name())
    }
}

impl From<CloseCode> for Goodbye {
    fn from(code: CloseCode) -> Self {
        Self { code, told: None }
    }
}

/// Frames in their order: most often one, which then takes no memory of its own.
pub type Frames = SmallVec<[Frame; 2]>;

/// What the writer is to do next.
#[derive(Debug)]
pub enum Outgoing {
    /// Write these, in this order.
    Frames {
        /// One after the other.
        frames: Frames,
        /// How long the oldest of them has waited.
        waited: Duration,
    },
    /// Everything is written; close so.
    Close(Goodbye),
}

/// What an outbox has to be done for it.
#[derive(Debug)]
pub(crate) enum Next {
    Write(Outgoing),
    /// There is space again: these rooms hold messages back, each named once.
    Ask(Vec<RoomName>),
}

/// Where something offered comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    /// A room the session is in.
    Room,
    /// The session's own request, or the node.
    Answer,
}

/// What became of something offered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Offer {
    /// It will be written.
    Taken,
    /// There is no space.
    Full,
    /// The session is gone.
    Closed,
}

impl Outbox {
    pub(crate) fn new(bytes_max: usize) -> Self {
        let state = State {
            frames: Frames::new(),
            bytes: 0,
            writer: None,
            waiting_since: None,
            behind: Vec::new(),
            closing: None,
            closed: false,
            taken_out: Vec::new(),
        };
        Self(Arc::new(Shared {
            bytes_max,
            state: Mutex::new(state),
        }))
    }

    /// Offers a message of a room.
    pub(crate) fn offer_message(&self, frame: &Frame) -> Offer {
        self.offer(frame, self.0.bytes_max, Source::Room)
    }

    /// Offers what soon is no longer true; dropped if a quarter of the outbox is full.
    pub(crate) fn offer_passing(&self, frame: &Frame) -> Offer {
        self.offer(frame, self.0.bytes_max / 4, Source::Room)
    }

    /// Offers a signal; dropped if the outbox is half full.
    pub(crate) fn offer_signal(&self, frame: &Frame) -> Offer {
        self.offer(frame, self.0.bytes_max / 2, Source::Room)
    }

    /// Puts in an answer to a request, or a gap: these always get in.
    pub(crate) fn answer(&self, frame: impl Into<Frame>) {
        self.offer(&frame.into(), usize::MAX, Source::Answer);
    }

    /// Notes that a room holds messages back.
    pub(crate) fn note_behind(&self, room: &RoomName) {
        let mut state = self.0.state.lock();
        if !state.behind.contains(room) {
            state.behind.push(room.clone());
        }
        // The writer may have emptied it in between, and would not come by again.
        let writer = state.writer.take();
        drop(state);
        wake(writer);
    }

    /// Asks the writer to close once everything before is written. Answers still get in, messages
    /// and signals don't.
    pub(crate) fn close(&self, goodbye: impl Into<Goodbye>) {
        let mut state = self.0.state.lock();
        if state.closing.is_none() {
            state.closing = Some(goodbye.into());
        }
        let writer = state.writer.take();
        drop(state);
        wake(writer);
    }

    /// Notes that the session was taken out of a room that it is in.
    pub(crate) fn take_out(&self, room: &RoomName) {
        let mut state = self.0.state.lock();
        if !state.closed && !state.taken_out.contains(room) {
            state.taken_out.push(room.clone());
        }
    }

    /// The rooms that the session was taken out of since this was asked last.
    pub(crate) fn taken_out(&self) -> Vec<RoomName> {
        std::mem::take(&mut self.0.state.lock().taken_out)
    }

    /// Whether a back end has ended the session; the close may still be on its way.
    pub(crate) fn is_dismissed(&self) -> bool {
        let state = self.0.state.lock();
        let code = state.closing.as_ref().map(|goodbye| goodbye.code);
        code == Some(CloseCode::Disconnected)
    }

    /// The session is gone: nothing gets in any more.
    pub(crate) fn shut(&self) {
        let mut state = self.0.state.lock();
        state.closed = true;
        state.frames = Frames::new();
        state.bytes = 0;
        state.waiting_since = None;
        state.writer = None;
    }

    /// Whether the session is gone.
    pub(crate) fn is_shut(&self) -> bool {
        self.0.state.lock().closed
    }

    /// What is to be done next, with at most about `bytes_max` to write; else the caller is woken
    /// when there is something. Rooms that are behind are told of only if `may_ask`.
    pub(crate) fn poll_next(
        &self,
        context: &mut Context<'_>,
        bytes_max: usize,
        may_ask: bool,
    ) -> Poll<Next> {
        let mut state = self.0.state.lock();
        if may_ask && state.bytes <= self.0.bytes_max / 4 && !state.behind.is_empty() {
            return Poll::Ready(Next::Ask(std::mem::take(&mut state.behind)));
        }
        let Some(outgoing) = state.take(bytes_max) else {
            state.writer = Some(context.waker().clone());
            return Poll::Pending;
        };
        Poll::Ready(Next::Write(outgoing))
    }

    /// Whether the bound is reached: then requests may not be read.
    pub(crate) fn is_full(&self) -> bool {
        let state = self.0.state.lock();
        state.bytes >= self.0.bytes_max && !state.closed
    }

    /// Bytes that wait now.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.0.state.lock().bytes
    }

    fn offer(&self, frame: &Frame, bytes_max: usize, source: Source) -> Offer {
        let mut state = self.0.state.lock();
        // Nothing of a room gets in behind a close, or a busy one would put it off for ever.
        if state.closed || (state.closing.is_some() && source == Source::Room) {
            return Offer::Closed;
        }
        // An empty outbox takes anything, or a frame larger than it would never get through.
        if state.bytes > 0 && state.bytes.saturating_add(frame.text().len()) > bytes_max {
            return Offer::Full;
        }
        state.bytes += frame.text().len();
        state.frames.push(frame.clone());
        if state.waiting_since.is_none() {
            state.waiting_since = Some(Instant::now());
        }
        let writer = state.writer.take();
        drop(state);
        wake(writer);
        Offer::Taken
    }
}

fn wake(writer: Option<Waker>) {
    if let Some(writer) = writer {
        writer.wake();
    }
}

impl State {
    fn take(&mut self, bytes_max: usize) -> Option<Outgoing> {
        let Some(waiting_since) = self.waiting_since else {
            return self.closing.clone().map(Outgoing::Close);
        };
        let now = Instant::now();
        let waited = now.duration_since(waiting_since);
        if self.bytes <= bytes_max {
            self.bytes = 0;
            self.waiting_since = None;
            let frames = std::mem::take(&mut self.frames);
            return Some(Outgoing::Frames { frames, waited });
        }
        let (mut count, mut taken) = (0, 0);
        for frame in &self.frames {
            let bytes = frame.text().len();
            if taken > 0 && taken + bytes > bytes_max {
                break;
            }
            taken += bytes;
            count += 1;
        }
        let frames = self.frames.drain(..count).collect();
        self.bytes -= taken;
        self.waiting_since = (!self.frames.is_empty()).then_some(now);
        Some(Outgoing::Frames { frames, waited })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(bytes: usize) -> Frame {
        "x".repeat(bytes).into()
    }

    async fn next(outbox: &Outbox, bytes_max: usize) -> Next {
        std::future::poll_fn(|context| outbox.poll_next(context, bytes_max, true)).await
    }

    async fn taken(outbox: &Outbox, bytes_max: usize) -> usize {
        match next(outbox, bytes_max).await {
            Next::Write(Outgoing::Frames { frames, .. }) => {
                frames.iter().map(|frame| frame.text().len()).sum()
            }
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn signals_go_first_then_messages_and_answers_always_get_in() {
        let outbox = Outbox::new(100);
        assert_eq!(outbox.offer_message(&frame(40)), Offer::Taken);
        assert_eq!(outbox.offer_signal(&frame(20)), Offer::Full);
        assert_eq!(outbox.offer_message(&frame(60)), Offer::Taken);
        assert_eq!(outbox.offer_message(&frame(1)), Offer::Full);
        outbox.answer(frame(500));
        assert_eq!(outbox.waiting_bytes(), 600);
    }

    #[tokio::test]
    async fn a_frame_larger_than_the_outbox_gets_through_an_empty_one() {
        let outbox = Outbox::new(100);
        assert_eq!(outbox.offer_message(&frame(500)), Offer::Taken);
        assert_eq!(taken(&outbox, 50).await, 500);
    }

    #[tokio::test]
    async fn rooms_behind_are_named_when_there_is_space_even_if_nothing_is_written() {
        let outbox = Outbox::new(100);
        let room: RoomName = "r".parse().unwrap();
        outbox.offer_message(&frame(100));
        outbox.note_behind(&room);
        outbox.note_behind(&room);
        assert_eq!(taken(&outbox, 1_000).await, 100, "no space before");
        for _ in 0..2 {
            let Next::Ask(behind) = next(&outbox, 1_000).await else {
                panic!("there is space");
            };
            assert_eq!(behind, std::slice::from_ref(&room));
            outbox.note_behind(&room);
        }
    }

    #[tokio::test]
    async fn what_waited_is_written_before_the_close() {
        let outbox = Outbox::new(100);
        outbox.answer(frame(10));
        outbox.close(CloseCode::Draining);
        outbox.close(CloseCode::Stuck);
        assert_eq!(taken(&outbox, 1_000).await, 10);
        assert!(matches!(
            next(&outbox, 1).await,
            Next::Write(Outgoing::Close(goodbye)) if goodbye.code == CloseCode::Draining
        ));
    }

    #[tokio::test]
    async fn requests_are_not_read_while_the_outbox_is_full() {
        let outbox = Outbox::new(100);
        outbox.answer(frame(100));
        assert!(outbox.is_full());
        taken(&outbox, 1_000).await;
        assert!(!outbox.is_full());
    }
}
