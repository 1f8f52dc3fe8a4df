//! What waits to be written to one session: bounded in bytes, shared frames, a policy when full (P10).
//!
//! Signals are let in while it is less than half full, and dropped above. A message that finds no
//! space is not let in; the room notes that this member is behind and refills it from the log when
//! the writer has caught up. Answers always get in: a session with a full outbox is not read from,
//! so that at most one request's answers are on their way.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use roomcast_protocol::{CloseCode, RoomName};
use tokio::sync::Notify;
use tokio::time::Instant;

/// The outbox of a session, shared by the rooms that fill it and the writer that empties it.
#[derive(Clone)]
pub(crate) struct Outbox(Arc<Shared>);

struct Shared {
    bytes_max: usize,
    state: Mutex<State>,
    /// Something waits to be written.
    filled: Notify,
    /// Something was taken.
    emptied: Notify,
}

struct State {
    frames: VecDeque<Bytes>,
    bytes: usize,
    /// When the oldest waiting frame came in.
    waiting_since: Option<Instant>,
    /// Rooms that hold messages back until there is space.
    behind: Vec<RoomName>,
    closing: Option<CloseCode>,
    closed: bool,
}

/// What the writer is to do next.
#[derive(Debug)]
pub enum Outgoing {
    /// Write these, in this order.
    Frames {
        /// Each the text of one frame.
        frames: Vec<Bytes>,
        /// How long the oldest of them has waited.
        waited: Duration,
    },
    /// Everything is written; close with this code.
    Close(CloseCode),
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
            frames: VecDeque::new(),
            bytes: 0,
            waiting_since: None,
            behind: Vec::new(),
            closing: None,
            closed: false,
        };
        Self(Arc::new(Shared {
            bytes_max,
            state: Mutex::new(state),
            filled: Notify::new(),
            emptied: Notify::new(),
        }))
    }

    /// Offers a message of a room.
    pub(crate) fn offer_message(&self, frame: &Bytes) -> Offer {
        self.offer(frame, self.0.bytes_max, Source::Room)
    }

    /// Offers a signal; dropped if the outbox is half full.
    pub(crate) fn offer_signal(&self, frame: &Bytes) -> Offer {
        self.offer(frame, self.0.bytes_max / 2, Source::Room)
    }

    /// Puts in an answer to a request, or a gap: these always get in.
    pub(crate) fn answer(&self, frame: impl Into<Bytes>) {
        self.offer(&frame.into(), usize::MAX, Source::Answer);
    }

    /// Notes that a room holds messages back.
    pub(crate) fn note_behind(&self, room: &RoomName) {
        let mut state = self.0.state.lock();
        if !state.behind.contains(room) {
            state.behind.push(room.clone());
        }
        // The writer may have emptied it in between, and would not come by again.
        drop(state);
        self.0.filled.notify_one();
    }

    /// Asks the writer to close once everything before is written. Answers still get in, messages
    /// and signals don't.
    pub(crate) fn close(&self, code: CloseCode) {
        let mut state = self.0.state.lock();
        if state.closing.is_none() {
            state.closing = Some(code);
        }
        drop(state);
        self.0.filled.notify_one();
    }

    /// The session is gone: nothing gets in any more.
    pub(crate) fn shut(&self) {
        let mut state = self.0.state.lock();
        state.closed = true;
        state.frames = VecDeque::new();
        state.bytes = 0;
        state.waiting_since = None;
        drop(state);
        self.0.emptied.notify_one();
    }

    /// Whether the session is gone.
    pub(crate) fn is_shut(&self) -> bool {
        self.0.state.lock().closed
    }

    /// Waits until there is something to write or to close, and takes at most about `bytes_max` of
    /// it. May be dropped while waiting.
    pub(crate) async fn next(&self, bytes_max: usize) -> Outgoing {
        loop {
            if let Some(outgoing) = self.take(bytes_max) {
                self.0.emptied.notify_one();
                return outgoing;
            }
            self.0.filled.notified().await;
        }
    }

    /// Rooms that hold messages back, once there is space again; each is named once.
    pub(crate) fn take_behind(&self) -> Vec<RoomName> {
        let mut state = self.0.state.lock();
        if state.bytes <= self.0.bytes_max / 4 {
            std::mem::take(&mut state.behind)
        } else {
            Vec::new()
        }
    }

    /// Waits until requests may be read: while the outbox is full, they may not.
    pub(crate) async fn has_space(&self) {
        while self.is_full() {
            self.0.emptied.notified().await;
        }
    }

    /// Whether more than the bound waits.
    fn is_full(&self) -> bool {
        let state = self.0.state.lock();
        state.bytes >= self.0.bytes_max && !state.closed
    }

    /// Bytes that wait now.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.0.state.lock().bytes
    }

    fn offer(&self, frame: &Bytes, bytes_max: usize, source: Source) -> Offer {
        let mut state = self.0.state.lock();
        // Nothing of a room gets in behind a close, or a busy one would put it off for ever.
        if state.closed || (state.closing.is_some() && source == Source::Room) {
            return Offer::Closed;
        }
        // An empty outbox takes anything, or a frame larger than it would never get through.
        if state.bytes > 0 && state.bytes.saturating_add(frame.len()) > bytes_max {
            return Offer::Full;
        }
        state.bytes += frame.len();
        state.frames.push_back(frame.clone());
        let first = state.waiting_since.is_none();
        if first {
            state.waiting_since = Some(Instant::now());
        }
        drop(state);
        if first {
            self.0.filled.notify_one();
        }
        Offer::Taken
    }

    fn take(&self, bytes_max: usize) -> Option<Outgoing> {
        let mut state = self.0.state.lock();
        let Some(waiting_since) = state.waiting_since else {
            return match state.closing {
                Some(code) => Some(Outgoing::Close(code)),
                // Nothing to write, but rooms wait for a sign: let the writer come by.
                None if !state.behind.is_empty() => Some(Outgoing::Frames {
                    frames: Vec::new(),
                    waited: Duration::ZERO,
                }),
                None => None,
            };
        };
        let mut frames = Vec::new();
        let mut taken = 0;
        while let Some(frame) = state.frames.front() {
            if taken > 0 && taken + frame.len() > bytes_max {
                break;
            }
            taken += frame.len();
            frames.extend(state.frames.pop_front());
        }
        state.bytes -= taken;
        let now = Instant::now();
        if state.frames.is_empty() {
            state.frames = VecDeque::new();
            state.waiting_since = None;
        } else {
            state.waiting_since = Some(now);
        }
        Some(Outgoing::Frames {
            frames,
            waited: now.duration_since(waiting_since),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(bytes: usize) -> Bytes {
        Bytes::from(vec![b'x'; bytes])
    }

    async fn taken(outbox: &Outbox, bytes_max: usize) -> usize {
        match outbox.next(bytes_max).await {
            Outgoing::Frames { frames, .. } => frames.iter().map(Bytes::len).sum(),
            Outgoing::Close(code) => panic!("{code:?}"),
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
        assert!(outbox.take_behind().is_empty(), "no space yet");
        assert_eq!(taken(&outbox, 1_000).await, 100);
        assert_eq!(outbox.take_behind(), std::slice::from_ref(&room));
        outbox.note_behind(&room);
        assert_eq!(
            taken(&outbox, 1_000).await,
            0,
            "the writer comes by all the same"
        );
        assert_eq!(outbox.take_behind(), [room]);
    }

    #[tokio::test]
    async fn what_waited_is_written_before_the_close() {
        let outbox = Outbox::new(100);
        outbox.answer(frame(10));
        outbox.close(CloseCode::Draining);
        outbox.close(CloseCode::Stuck);
        assert_eq!(taken(&outbox, 1_000).await, 10);
        assert!(matches!(
            outbox.next(1).await,
            Outgoing::Close(CloseCode::Draining)
        ));
    }

    #[tokio::test]
    async fn requests_are_not_read_while_the_outbox_is_full() {
        let outbox = Outbox::new(100);
        outbox.answer(frame(100));
        assert!(
            tokio::time::timeout(Duration::from_millis(20), outbox.has_space())
                .await
                .is_err()
        );
        taken(&outbox, 1_000).await;
        outbox.has_space().await;
    }
}
