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

use bytes::{Buf as _, Bytes};
use roomcast_socket::Deflate;
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;

use super::party::{Carried, Frames};

/// Frames of one vectored write.
const SLICES_MAX: usize = 64;

/// The frames that a socket is to be given.
pub(super) struct Writer<F> {
    own: VecDeque<Bytes>,
    /// Whether the first of those is the rest of a frame that has been given in part.
    begun: Begun,
    shared: Frames<F>,
    /// How many of the shared ones have been given, the last of them perhaps in part.
    given: usize,
}

/// Of what a rest is on its way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Begun {
    Nothing,
    Own,
    /// The last of the shared ones given.
    Shared,
}

impl<F> Default for Writer<F> {
    fn default() -> Self {
        Self {
            own: VecDeque::new(),
            begun: Begun::Nothing,
            shared: Frames::new(),
            given: 0,
        }
    }
}

impl<F: Carried> Writer<F> {
    /// Puts in a frame of this connection alone, if the machine had one to give.
    pub(super) fn push_own(&mut self, frame: impl Into<Option<Bytes>>) {
        self.own.extend(frame.into());
    }

    /// Puts in frames that others get too, while none are there.
    pub(super) fn put_shared(&mut self, frames: Frames<F>) {
        debug_assert!(
            self.shared.is_empty(),
            "the last ones must be written first"
        );
        self.shared = frames;
    }

    /// Puts in frames that others get too, behind those that are there, and lets what is put in
    /// after them as the connection's own go behind them all.
    pub(super) fn put_before_own(&mut self, frames: Frames<F>, agreed: Option<&Deflate>) {
        let waiting = self.shared[self.given..].iter().chain(&frames);
        let waiting = waiting.map(|each| each.frame().for_peer(agreed).clone());
        self.own.extend(waiting);
        self.forget_shared();
    }

    /// Forgets the shared frames of which nothing has been given.
    pub(super) fn forget_shared(&mut self) {
        self.shared = Frames::new();
        self.given = 0;
        if self.begun == Begun::Shared {
            self.begun = Begun::Own;
        }
    }

    /// Whether a frame of this connection alone waits.
    pub(super) fn has_own(&self) -> bool {
        self.own.len() > usize::from(self.begun != Begun::Nothing)
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.shared.is_empty() && self.own.is_empty()
    }

    /// Gives the socket what it takes, many frames at once.
    pub(super) fn poll_write(
        &mut self,
        stream: &mut TcpStream,
        agreed: Option<&Deflate>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let written = match (&*self.shared, self.own.len()) {
            // The most common case, and it costs the kernel less.
            ([shared], 0) => Pin::new(stream).poll_write(context, shared.frame().for_peer(agreed)),
            _ => {
                let mut slices = [IoSlice::new(&[]); SLICES_MAX];
                let shared = self.shared[self.given..].iter();
                let shared = shared.map(|each| each.frame().for_peer(agreed));
                let mut count = 0;
                for (slice, frame) in slices.iter_mut().zip(self.own.iter().chain(shared)) {
                    *slice = IoSlice::new(frame);
                    count += 1;
                }
                Pin::new(stream).poll_write_vectored(context, &slices[..count])
            }
        };
        self.wrote(ready!(written)?, agreed);
        Poll::Ready(Ok(()))
    }

    fn wrote(&mut self, mut bytes: usize, agreed: Option<&Deflate>) {
        while let Some(frame) = self.own.front_mut() {
            if bytes < frame.len() {
                if bytes > 0 && self.begun == Begun::Nothing {
                    self.begun = Begun::Own;
                }
                frame.advance(bytes);
                return;
            }
            bytes -= frame.len();
            if self.begun == Begun::Shared {
                self.shared[self.given - 1].written();
            }
            self.begun = Begun::Nothing;
            self.own.pop_front();
        }
        self.own = VecDeque::new();
        for shared in &self.shared[self.given..] {
            let frame = shared.frame().for_peer(agreed);
            if bytes < frame.len() {
                if bytes > 0 {
                    self.own.push_front(frame.slice(bytes..));
                    self.begun = Begun::Shared;
                    self.given += 1;
                }
                break;
            }
            bytes -= frame.len();
            shared.written();
            self.given += 1;
        }
        if self.given == self.shared.len() && self.begun != Begun::Shared {
            self.forget_shared();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use roomcast_socket::SharedFrame;
    use tokio::io::AsyncReadExt as _;
    use tokio::net::TcpListener;

    use super::*;

    /// Both ends of a connection, ours with hardly any space to write into.
    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let theirs = TcpStream::connect(listener.local_addr().unwrap());
        let (theirs, accepted) = tokio::join!(theirs, listener.accept());
        let ours = accepted.unwrap().0;
        socket2::SockRef::from(&ours)
            .set_send_buffer_size(4_608)
            .unwrap();
        (ours, theirs.unwrap())
    }

    #[tokio::test]
    async fn frames_written_in_pieces_come_whole_and_own_ones_go_between() {
        let (mut ours, mut theirs) = pair().await;
        let mut writer = Writer::default();
        let text = |n: usize| char::from(b'a' + u8::try_from(n % 26).unwrap()).to_string();
        let frames: Vec<_> = (0..200)
            .map(|n| SharedFrame::text(&text(n).repeat(10_000)))
            .collect();
        writer.put_shared(frames.into());
        let (mut heard, mut pongs) = (Vec::new(), 0);
        while !writer.is_empty() {
            let write = std::future::poll_fn(|context| writer.poll_write(&mut ours, None, context));
            let mut bytes = [0; 3_000];
            tokio::select! {
                written = write => written.unwrap(),
                count = theirs.read(&mut bytes) => heard.extend(&bytes[..count.unwrap()]),
            }
            if !writer.has_own() && pongs < 50 {
                writer.push_own(Bytes::from_static(&[0x8a, 0x00]));
                pongs += 1;
            }
        }
        drop(ours);
        theirs.read_to_end(&mut heard).await.unwrap();
        let (mut rest, mut texts, mut own) = (&heard[..], 0, 0);
        while let Some(first) = rest.first() {
            if *first == 0x8a {
                own += 1;
                rest = &rest[2..];
                continue;
            }
            assert_eq!(rest[..4], [0x81, 126, 0x27, 0x10], "a frame begins here");
            assert_eq!(rest[4..10_004], *text(texts).repeat(10_000).as_bytes());
            texts += 1;
            rest = &rest[10_004..];
        }
        assert_eq!((texts, own), (200, pongs));
        assert!(pongs > 10, "some went between");
    }

    /// A frame that counts how often it was written whole.
    struct Counted(SharedFrame, Arc<AtomicUsize>);

    impl Carried for Counted {
        fn frame(&self) -> &SharedFrame {
            &self.0
        }

        fn written(&self) {
            self.1.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_shared_frame_is_written_once_the_last_of_it_is_given() {
        let written = Arc::<AtomicUsize>::default();
        let frame = || Counted(SharedFrame::text("12345678"), written.clone());
        let count = || written.load(Ordering::Relaxed);
        let mut writer = Writer::default();
        writer.put_shared([frame(), frame(), frame()].into_iter().collect());
        writer.push_own(Bytes::from_static(&[0x8a, 0x00]));
        // Each has ten bytes, and the pong goes first.
        for (bytes, whole) in [(1, 0), (1, 0), (4, 0), (5, 0), (1, 1), (13, 2), (6, 2)] {
            writer.wrote(bytes, None);
            assert_eq!(count(), whole, "after {bytes} more");
        }
        assert!(!writer.is_empty());
        writer.wrote(1, None);
        assert!(writer.is_empty() && count() == 3);

        writer.put_shared([frame(), frame()].into_iter().collect());
        writer.wrote(3, None);
        writer.forget_shared();
        writer.push_own(Bytes::from_static(&[0x88, 0x00]));
        writer.wrote(7, None);
        assert!(writer.has_own() && !writer.is_empty());
        writer.wrote(2, None);
        assert!(writer.is_empty());
        assert_eq!(count(), 3, "what was forgotten is not counted");
    }
}
