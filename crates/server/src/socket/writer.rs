//! What is on its way to one socket: shared frames, and frames of this connection alone.
//!
//! Keeps true: a frame that has begun is ended before another one begins; what is the connection's
//! own goes before what is shared, so that a pong does not wait behind a long queue; an idle
//! writer holds no memory. Bounded by who fills it: nothing is taken from a mailbox or read from
//! the peer before everything here is written.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use roomcast_socket::Deflate;
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;

use super::party::Carried;

/// Frames of one vectored write.
const SLICES_MAX: usize = 64;

/// The frames that a socket is to be given.
pub(super) struct Writer<F> {
    /// The rest of a frame that has been given in part.
    begun: Bytes,
    own: VecDeque<Bytes>,
    shared: VecDeque<F>,
}

impl<F> Default for Writer<F> {
    fn default() -> Self {
        Self {
            begun: Bytes::new(),
            own: VecDeque::new(),
            shared: VecDeque::new(),
        }
    }
}

impl<F: Carried> Writer<F> {
    /// Puts in a frame of this connection alone.
    pub(super) fn push_own(&mut self, frame: Bytes) {
        self.own.push_back(frame);
    }

    /// Puts in frames that others get too, while none are there.
    pub(super) fn put_shared(&mut self, frames: VecDeque<F>) {
        debug_assert!(
            self.shared.is_empty(),
            "the last ones must be written first"
        );
        self.shared = frames;
    }

    /// Forgets the shared frames of which nothing has been given.
    pub(super) fn forget_shared(&mut self) {
        self.shared = VecDeque::new();
    }

    /// Whether a frame of this connection alone waits.
    pub(super) fn has_own(&self) -> bool {
        !self.own.is_empty()
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.begun.is_empty() && self.own.is_empty() && self.shared.is_empty()
    }

    /// Gives the socket what it takes, many frames at once; how many bytes that were.
    pub(super) fn poll_write(
        &mut self,
        stream: &mut TcpStream,
        agreed: Option<&Deflate>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let mut slices = [IoSlice::new(&[]); SLICES_MAX];
        let begun = (!self.begun.is_empty()).then_some(&self.begun);
        let shared = self.shared.iter().map(|each| each.frame().for_peer(agreed));
        let waiting = begun.into_iter().chain(&self.own).chain(shared);
        let mut count = 0;
        for (slice, frame) in slices.iter_mut().zip(waiting) {
            *slice = IoSlice::new(frame);
            count += 1;
        }
        let written = match &slices[..count] {
            // One frame is the most common case, and costs the kernel less by itself.
            [frame] => Pin::new(stream).poll_write(context, frame),
            frames => Pin::new(stream).poll_write_vectored(context, frames),
        };
        let written = ready!(written)?;
        self.wrote(written, agreed);
        Poll::Ready(Ok(written))
    }

    fn wrote(&mut self, mut bytes: usize, agreed: Option<&Deflate>) {
        let of_begun = bytes.min(self.begun.len());
        self.begun = self.begun.slice(of_begun..);
        bytes -= of_begun;
        while bytes > 0 {
            let frame = match self.own.pop_front() {
                Some(frame) => frame,
                None => match self.shared.pop_front() {
                    Some(shared) => {
                        let frame = shared.frame().for_peer(agreed);
                        if frame.len() <= bytes {
                            bytes -= frame.len();
                            continue;
                        }
                        frame.clone()
                    }
                    None => return,
                },
            };
            let given = bytes.min(frame.len());
            self.begun = frame.slice(given..);
            bytes -= given;
        }
        if self.shared.is_empty() {
            self.shared = VecDeque::new();
        }
        if self.own.is_empty() {
            self.own = VecDeque::new();
        }
    }
}
