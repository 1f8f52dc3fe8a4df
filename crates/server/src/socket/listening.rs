//! The half of a conversation that comes from the client.
//!
//! Keeps true: the party gets one message at a time, in order; nothing is read that could not be
//! kept; no client has the thread for longer than a few reads. Leaves what a message means to the
//! party, and what bytes are a message to the machine.

use std::cell::RefCell;
use std::pin::Pin;
use std::task::{Context, Poll};

use roomcast_protocol::CloseCode;
use roomcast_socket::Event;
use tokio::io::{AsyncRead as _, ReadBuf};

use super::conversation::{Conversation, End, Phase, Seated};
use super::party::{Mail as _, Party, Said};

/// Bytes of one read; one buffer a thread. Also the most that a conversation keeps.
const READ_BYTES: usize = 16 << 10;

thread_local! {
    static READ: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BYTES].into());
}

impl<P: Party> Conversation<P> {
    /// Takes what the client says; whether there may be more to do.
    pub(super) fn listen(
        &mut self,
        context: &mut Context<'_>,
        reads_left: &mut u32,
    ) -> Result<bool, End> {
        if let Seated::Busy(receiving) = &mut self.seated {
            let Poll::Ready((party, close)) = receiving.as_mut().poll(context) else {
                self.clock.hears(&self.sockets);
                return Ok(false);
            };
            self.heeds(party, close);
            return Ok(true);
        }
        if self.mail.is_full() || self.writer.has_own() || self.clock.is_throttled(&self.sockets) {
            // We don't read, so silence is no sign of death.
            self.clock.hears(&self.sockets);
            return Ok(false);
        }
        if !self.kept.is_empty() {
            let mut kept = std::mem::take(&mut self.kept);
            let unused = self.feed(&mut kept, context);
            self.kept = kept[kept.len() - unused..].into();
            return Ok(true);
        }
        if *reads_left == 0 {
            context.waker().wake_by_ref();
            return Ok(false);
        }
        *reads_left -= 1;
        self.read(context)
    }

    fn read(&mut self, context: &mut Context<'_>) -> Result<bool, End> {
        READ.with_borrow_mut(|buffer| {
            let mut into = ReadBuf::new(buffer);
            match Pin::new(&mut self.stream).poll_read(context, &mut into) {
                Poll::Pending => Ok(false),
                Poll::Ready(Err(_)) => Err(End::Lost),
                Poll::Ready(Ok(())) => {
                    let input = into.filled_mut();
                    if input.is_empty() {
                        return Err(End::Lost);
                    }
                    self.clock.hears(&self.sockets);
                    let unused = self.feed(input, context);
                    self.kept = input[input.len() - unused..].into();
                    Ok(true)
                }
            }
        })
    }

    /// Decodes and hands over, until the input is used up or the party is at work; how many bytes
    /// at the end are unused.
    fn feed(&mut self, input: &mut [u8], context: &mut Context<'_>) -> usize {
        let now_ms = self.sockets.wheel.now_ms();
        let mut rest = input;
        while self.takes_more() {
            match self.machine.receive(&mut rest, now_ms) {
                Ok(None) => break,
                Ok(Some(Event::Text(text))) => {
                    self.hand_over(Said::Text(text.into_owned()), context);
                }
                Ok(Some(Event::Binary(bytes))) => {
                    self.hand_over(Said::Binary(bytes.into_owned()), context);
                }
                Ok(Some(Event::Ping { answer })) => self.writer.push_own(answer),
                Ok(Some(Event::Pong(_))) => {}
                Ok(Some(Event::Close { answer, .. })) => {
                    self.answer_and_leave(context, End::Peer, answer);
                }
                Ok(Some(Event::Throttle { until_ms })) => {
                    self.clock.throttle(until_ms);
                    break;
                }
                Err(broken) => {
                    let end = End::Broken(broken.violation);
                    self.answer_and_leave(context, end, broken.answer);
                }
            }
        }
        match self.phase {
            Phase::Open => rest.len(),
            _ => 0,
        }
    }

    fn takes_more(&self) -> bool {
        let listens = matches!(self.seated, Seated::Listening(_));
        self.phase == Phase::Open && listens && !self.mail.is_full()
    }

    fn hand_over(&mut self, said: Said, context: &mut Context<'_>) {
        let Seated::Listening(party) = std::mem::replace(&mut self.seated, Seated::Gone) else {
            return;
        };
        let mut receiving = party.receive(said);
        // Most of what is said is done at once.
        match receiving.as_mut().poll(context) {
            Poll::Ready((party, close)) => self.heeds(party, close),
            Poll::Pending => self.seated = Seated::Busy(receiving),
        }
    }

    /// The party is done with a message.
    fn heeds(&mut self, party: Box<P>, close: Option<CloseCode>) {
        let time_left = party.time_left();
        self.clock.lasts(&self.sockets, time_left);
        self.seated = Seated::Listening(party);
        if let Some(code) = close {
            self.end_with(code);
        }
    }

    /// Reads and throws away until the client has gone, or has sent too much; whether there may be
    /// more to do.
    pub(super) fn forget_what_comes(
        &mut self,
        context: &mut Context<'_>,
        end: End,
        reads_left: &mut u32,
    ) -> Result<bool, End> {
        if self.forgets_left == 0 {
            return Ok(false);
        }
        if *reads_left == 0 {
            context.waker().wake_by_ref();
            return Ok(false);
        }
        *reads_left -= 1;
        READ.with_borrow_mut(|buffer| {
            let mut into = ReadBuf::new(buffer);
            match Pin::new(&mut self.stream).poll_read(context, &mut into) {
                Poll::Pending => Ok(false),
                Poll::Ready(Ok(())) if !into.filled().is_empty() => {
                    self.forgets_left -= 1;
                    Ok(true)
                }
                Poll::Ready(_) => Err(end),
            }
        })
    }
}
