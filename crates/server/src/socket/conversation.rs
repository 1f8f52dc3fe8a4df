//! One conversation: a stream, a machine, a party and its mail, in one task.
//!
//! Keeps true: between messages it holds nothing but itself; while the party is at work, or the
//! client does not take what it is told, nothing more is read; what has been read and not used is
//! kept, at most one read of it. The course: open; ending, while what is owed goes out; leaving,
//! while our last frame does; parting, until the client has gone too. What comes from the client is
//! in `listening`, what time brings in `due`.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use roomcast_gateway::Goodbye;
use roomcast_protocol::CloseCode;
use roomcast_socket::{CloseCode as WireCode, Deflate, Machine, Violation};
use tokio::io::AsyncWrite as _;
use tokio::net::TcpStream;

use super::Sockets;
use super::batch::{self, Batch};
use super::clock::Clock;
use super::party::{Carried, Mail, Next, Party, Receiving};
use super::writer::Writer;

/// Bytes taken from the mail at once.
const FLUSH_BYTES: usize = 65_536;
/// Reads of one poll: a client that never pauses must let others have the thread.
const READS_MAX: u32 = 4;

/// Reads that are thrown away at the end of a conversation, in all: 2 MiB, which is more than is on
/// the way when a client hears our close. Whoever goes on after that is not listened to while time
/// runs out.
const FORGETS_MAX: u16 = 128;

/// What was agreed in the handshake.
#[derive(Default)]
pub struct Options {
    /// How to compress.
    pub deflate: Option<Deflate>,
    /// Whether the client takes several events in one frame.
    pub batch: bool,
    /// What the client sent right behind its request.
    pub early: Vec<u8>,
}

/// A conversation, to be polled to its end.
pub struct Conversation<P: Party> {
    pub(super) sockets: Arc<Sockets>,
    pub(super) stream: TcpStream,
    pub(super) machine: Machine,
    pub(super) seated: Seated<P>,
    pub(super) mail: P::Mail,
    pub(super) writer: Writer<<P::Mail as Mail>::Frame>,
    /// Where the client takes several events in one frame.
    batch: Option<Box<Batch<<P::Mail as Mail>::Frame>>>,
    /// Read and not used yet.
    pub(super) kept: Box<[u8]>,
    pub(super) phase: Phase,
    /// Reads that may still be thrown away, once it is over.
    pub(super) forgets_left: u16,
    pub(super) clock: Clock,
}

/// How a conversation ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// We closed it.
    Closed(CloseCode),
    /// The client broke the protocol or passed a bound.
    Broken(Violation),
    /// The client closed it.
    Peer,
    /// The connection broke.
    Lost,
}

/// What is left of a conversation.
pub struct Ended<P> {
    /// How it ended.
    pub end: End,
    /// The party, unless it was at work on a message: that is given up.
    pub party: Option<Box<P>>,
}

/// Where the party is.
pub(super) enum Seated<P> {
    Listening(Box<P>),
    /// At work on a message.
    Busy(Receiving<P>),
    /// Given back.
    Gone,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    /// Nothing more is taken from the client; what it is owed is written, then a close.
    Ending(CloseCode),
    /// Our last frame is being written.
    Leaving(End),
    /// What the client still sends is thrown away, until it has gone or time is up: closing over
    /// unread bytes would reset the connection, and might take our close with it.
    Parting(End),
}

impl<P: Party> Conversation<P> {
    /// Begins a conversation over a stream whose handshake has been answered.
    pub fn new(stream: TcpStream, party: P, sockets: Arc<Sockets>, options: Options) -> Self {
        let Options {
            deflate,
            batch,
            early,
        } = options;
        Self {
            machine: Machine::server(sockets.limits.clone(), deflate),
            mail: party.mail(),
            clock: Clock::new(&sockets, party.time_left()),
            seated: Seated::Listening(Box::new(party)),
            writer: Writer::default(),
            batch: batch.then(Box::default),
            kept: early.into(),
            phase: Phase::Open,
            forgets_left: FORGETS_MAX,
            stream,
            sockets,
        }
    }

    fn go_on(&mut self, context: &mut Context<'_>) -> Poll<End> {
        if self.clock.is_something_due(&self.sockets)
            && let Some(end) = self.look_at_the_clock()
        {
            return Poll::Ready(end);
        }
        let mut reads_left = READS_MAX;
        loop {
            if let Err(end) = self.write(context) {
                return Poll::Ready(end);
            }
            let went_on = match self.phase {
                Phase::Open => self.listen(context, &mut reads_left),
                Phase::Ending(_) => Ok(false),
                Phase::Leaving(end) if self.writer.is_empty() => {
                    // Fails where the client has gone already.
                    let _ = Pin::new(&mut self.stream).poll_shutdown(context);
                    self.phase = Phase::Parting(end);
                    if self.machine.is_closed() {
                        Err(end)
                    } else {
                        Ok(true)
                    }
                }
                Phase::Leaving(_) => Ok(false),
                Phase::Parting(end) => self.forget_what_comes(context, end, &mut reads_left),
            };
            match went_on {
                Ok(true) => {}
                Ok(false) => return Poll::Pending,
                Err(end) => return Poll::Ready(end),
            }
        }
    }

    /// Writes what waits, for as long as the socket takes it.
    fn write(&mut self, context: &mut Context<'_>) -> Result<(), End> {
        loop {
            if self.writer.is_empty() {
                if matches!(self.phase, Phase::Leaving(_) | Phase::Parting(_)) {
                    return Ok(());
                }
                match self.poll_mail(context) {
                    Poll::Ready(next) => self.take_mail(next),
                    Poll::Pending => return Ok(()),
                }
                continue;
            }
            let agreed = self.machine.deflate();
            let written = self.writer.poll_write(&mut self.stream, agreed, context);
            match written {
                Poll::Ready(Ok(_)) => self.clock.wrote(),
                Poll::Ready(Err(_)) => return Err(self.lost()),
                Poll::Pending => {
                    self.clock.stalls(&self.sockets);
                    return Ok(());
                }
            }
        }
    }

    fn poll_mail(&mut self, context: &mut Context<'_>) -> Poll<Next<<P::Mail as Mail>::Frame>> {
        match &mut self.batch {
            None => self.mail.poll_next(context, FLUSH_BYTES),
            Some(batch) => {
                let window_ms = self.sockets.batch_ms;
                batch.poll_next(&mut self.mail, context, FLUSH_BYTES, window_ms)
            }
        }
    }

    fn take_mail(&mut self, next: Next<<P::Mail as Mail>::Frame>) {
        match next {
            Next::Write(frames, waited) => {
                self.sockets.metrics.written(waited);
                if self.batch.is_some() && frames.len() > 1 {
                    let array = self.machine.text(&batch::array(&frames));
                    self.writer.push_own(array);
                    frames.iter().for_each(Carried::written);
                } else {
                    self.writer.put_shared(frames);
                }
            }
            Next::Close(goodbye) => self.close(&goodbye),
        }
    }

    /// Ends once what waits is written: for what is the client's fault, or its token's.
    pub(super) fn end_with(&mut self, code: CloseCode) {
        self.mail.close(code);
        self.phase = Phase::Ending(code);
        self.clock.part_soon(&self.sockets);
    }

    /// Closes now.
    pub(super) fn close(&mut self, goodbye: &Goodbye) {
        let ours = goodbye.code.number();
        // What another node passes on may be a number that no frame can carry.
        let wire = WireCode::new(goodbye.number()).or(WireCode::new(ours));
        let wire = wire.expect("ours may all be sent");
        let now_ms = self.sockets.wheel.coarse_ms();
        let frame = self.machine.close(wire, goodbye.reason(), now_ms);
        self.writer.forget_shared();
        self.leave(End::Closed(goodbye.code), frame);
    }

    /// Says what waits already, then this, and nothing more: the client has ended it, and hears
    /// the answers to what it said before.
    pub(super) fn answer_and_leave(
        &mut self,
        context: &mut Context<'_>,
        end: End,
        last: Option<Bytes>,
    ) {
        let agreed = self.machine.deflate();
        if let Some(batch) = self.batch.take() {
            self.writer.put_before_own(batch.gathered(), agreed);
        }
        if let Poll::Ready(Next::Write(frames, _)) = self.mail.poll_next(context, FLUSH_BYTES) {
            self.writer.put_before_own(frames, agreed);
        }
        self.leave(end, last);
    }

    /// Says this, and nothing more.
    pub(super) fn leave(&mut self, end: End, last: Option<Bytes>) {
        if let End::Broken(violation) = end {
            self.sockets.metrics.broken(violation);
            tracing::debug!(%violation, "a client broke a rule");
        }
        self.writer.push_own(last);
        self.kept = Box::default();
        self.phase = Phase::Leaving(end);
        self.clock.part_soon(&self.sockets);
    }

    /// What a broken connection means: nothing, once it was to end anyway.
    fn lost(&self) -> End {
        match self.phase {
            Phase::Open | Phase::Ending(_) => End::Lost,
            Phase::Leaving(end) | Phase::Parting(end) => end,
        }
    }
}

impl<P: Party> Future for Conversation<P> {
    type Output = Ended<P>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Ended<P>> {
        let this = self.get_mut();
        let Poll::Ready(end) = this.go_on(context) else {
            if this.clock.must_arm(&this.sockets) {
                this.arm(context);
            }
            return Poll::Pending;
        };
        let party = match std::mem::replace(&mut this.seated, Seated::Gone) {
            Seated::Listening(party) => Some(party),
            Seated::Busy(_) | Seated::Gone => None,
        };
        Poll::Ready(Ended { end, party })
    }
}

#[cfg(test)]
mod tests {
    use roomcast_gateway::Session;

    use super::Conversation;

    #[test]
    fn an_idle_conversation_is_small() {
        // A task is allocated in steps of 128 bytes: one of 640 holds this, what tokio adds, and
        // the 48 bytes by which the task outlives the conversation.
        let bytes = size_of::<Conversation<Session>>();
        assert!(bytes <= 480, "a conversation has {bytes} bytes");
    }
}
