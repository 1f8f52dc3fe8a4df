//! A party that says what it hears.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use parking_lot::Mutex;
use roomcast::socket::{Frames, Mail, Next, Party, Receiving, Said};
use roomcast_protocol::CloseCode;
use roomcast_socket::SharedFrame;

/// Messages that may wait before no more are taken.
const WAITING_MAX: usize = 64;

/// The echo of one conversation.
pub(crate) struct Echo {
    waiting: Waiting,
    wrong: bool,
}

/// What it has to say.
#[derive(Clone, Default)]
pub(crate) struct Waiting(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    frames: Frames<SharedFrame>,
    close: Option<CloseCode>,
    writer: Option<Waker>,
}

impl Echo {
    pub(crate) fn new(wrong: bool) -> Self {
        Self {
            waiting: Waiting::default(),
            wrong,
        }
    }
}

impl Party for Echo {
    type Mail = Waiting;

    fn mail(&self) -> Waiting {
        self.waiting.clone()
    }

    fn receive(self: Box<Self>, said: Said) -> Receiving<Self> {
        let frame = match said {
            Said::Text(text) if self.wrong => SharedFrame::text(&text.to_ascii_uppercase()),
            Said::Text(text) => SharedFrame::text(&text),
            Said::Binary(bytes) => SharedFrame::binary(&bytes),
        };
        let mut inner = self.waiting.0.lock();
        inner.frames.push(frame);
        let writer = inner.writer.take();
        drop(inner);
        if let Some(writer) = writer {
            writer.wake();
        }
        Box::pin(std::future::ready((self, None)))
    }

    fn time_left(&self) -> Option<Duration> {
        None
    }
}

impl Mail for Waiting {
    type Frame = SharedFrame;

    fn poll_next(&mut self, context: &mut Context<'_>, _: usize) -> Poll<Next<SharedFrame>> {
        let mut inner = self.0.lock();
        if !inner.frames.is_empty() {
            let frames = std::mem::take(&mut inner.frames);
            return Poll::Ready(Next::Write(frames, Duration::ZERO));
        }
        match inner.close {
            Some(code) => Poll::Ready(Next::Close(code.into())),
            None => {
                inner.writer = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }

    fn is_full(&self) -> bool {
        self.0.lock().frames.len() >= WAITING_MAX
    }

    fn close(&self, code: CloseCode) {
        self.0.lock().close = Some(code);
    }
}
