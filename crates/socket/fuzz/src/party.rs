//! A party that says back what it hears, and what it is made to say: the gateway's session stands
//! here in production.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use roomcast::socket::{Mail, Next, Party, Receiving, Said};
use roomcast_protocol::CloseCode;
use roomcast_socket::SharedFrame;

/// Frames above which nothing more is to be heard.
const FULL: usize = 8;

/// The party, and a handle to what it will say.
#[derive(Clone, Default)]
pub struct Echo(Arc<Mutex<Waiting>>);

#[derive(Default)]
struct Waiting {
    frames: VecDeque<SharedFrame>,
    close: Option<CloseCode>,
    waker: Option<Waker>,
}

impl Echo {
    /// Says something unasked.
    pub fn tell(&self, text: &str) {
        self.change(|waiting| waiting.frames.push_back(SharedFrame::text(text)));
    }

    /// Wants to close, once all has been said.
    pub fn end(&self, code: CloseCode) {
        self.change(|waiting| waiting.close = waiting.close.or(Some(code)));
    }

    fn change(&self, change: impl FnOnce(&mut Waiting)) {
        let mut waiting = self.waiting();
        change(&mut waiting);
        let waker = waiting.waker.take();
        drop(waiting);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Party for Echo {
    type Mail = Self;

    fn mail(&self) -> Self {
        self.clone()
    }

    fn receive(self: Box<Self>, said: Said) -> Receiving<Self> {
        Box::pin(async move {
            // A word of work, so that the conversation is seen while its party is busy.
            tokio::task::yield_now().await;
            match said {
                Said::Text(text) => self.tell(&text),
                Said::Binary(_) => {}
            }
            (self, None)
        })
    }

    fn time_left(&self) -> Option<Duration> {
        None
    }
}

impl Mail for Echo {
    type Frame = SharedFrame;

    fn poll_next(&mut self, context: &mut Context<'_>, _: usize) -> Poll<Next<SharedFrame>> {
        let mut waiting = self.waiting();
        if !waiting.frames.is_empty() {
            let frames = std::mem::take(&mut waiting.frames);
            return Poll::Ready(Next::Write(frames, Duration::ZERO));
        }
        if let Some(code) = waiting.close {
            return Poll::Ready(Next::Close(code));
        }
        waiting.waker = Some(context.waker().clone());
        Poll::Pending
    }

    fn is_full(&self) -> bool {
        self.waiting().frames.len() >= FULL
    }

    fn close(&self, code: CloseCode) {
        self.end(code);
    }
}
