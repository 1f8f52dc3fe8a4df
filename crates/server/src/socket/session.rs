//! The gateway's session as a party to a conversation, and the party of who gets none.

use std::task::{Context, Poll};
use std::time::Duration;

use roomcast_gateway::{Flow, Frame, Mailbox, Outgoing, Session, now_ms};
use roomcast_protocol::CloseCode;
use roomcast_socket::SharedFrame;

use super::party::{Carried, Mail, Next, Party, Receiving, Said};

impl Party for Session {
    type Mail = Mailbox;

    fn mail(&self) -> Mailbox {
        self.mailbox()
    }

    fn receive(mut self: Box<Self>, said: Said) -> Receiving<Self> {
        Box::pin(async move {
            let close = match said {
                Said::Text(text) => match Session::receive(&mut self, &text).await {
                    Flow::Continue => None,
                    Flow::Close(code) => Some(code),
                },
                Said::Binary(_) => Some(CloseCode::Unsupported),
            };
            (self, close)
        })
    }

    fn time_left(&self) -> Option<Duration> {
        Session::time_left(self, now_ms())
    }
}

impl Mail for Mailbox {
    type Frame = Frame;

    fn poll_next(&mut self, context: &mut Context<'_>, bytes_max: usize) -> Poll<Next<Frame>> {
        Mailbox::poll_next(self, context, bytes_max).map(|outgoing| match outgoing {
            Outgoing::Frames { frames, waited } => Next::Write(frames, waited),
            Outgoing::Close(goodbye) => Next::Close(goodbye),
        })
    }

    fn is_full(&self) -> bool {
        Mailbox::is_full(self)
    }

    fn close(&self, code: CloseCode) {
        Mailbox::close(self, code);
    }
}

impl Carried for Frame {
    fn frame(&self) -> &SharedFrame {
        self.carried(SharedFrame::text)
    }

    fn written(&self) {
        Frame::written(self);
    }
}

/// A party that says goodbye: a browser can read a close code, but no HTTP status.
pub struct TurnedAway(pub CloseCode);

impl Party for TurnedAway {
    type Mail = Farewell;

    fn mail(&self) -> Farewell {
        Farewell(self.0)
    }

    fn receive(self: Box<Self>, _: Said) -> Receiving<Self> {
        Box::pin(std::future::ready((self, None)))
    }

    fn time_left(&self) -> Option<Duration> {
        None
    }
}

/// A close, and nothing before it.
pub struct Farewell(CloseCode);

impl Mail for Farewell {
    type Frame = SharedFrame;

    fn poll_next(&mut self, _: &mut Context<'_>, _: usize) -> Poll<Next<SharedFrame>> {
        Poll::Ready(Next::Close(self.0.into()))
    }

    fn is_full(&self) -> bool {
        false
    }

    fn close(&self, _: CloseCode) {}
}
