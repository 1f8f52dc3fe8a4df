//! One end of a WebSocket connection, as a machine: bytes in, events and bytes out, `now` given.
//!
//! Owns the course of a conversation: open, closing, over. Keeps true: every byte given is used or
//! left in the input by a throttle; what is between messages holds no memory; after our close
//! nothing but the peer's close counts, and after a violation nothing at all. Leaves to others:
//! sockets, clocks, queues, and what messages mean.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;

use crate::assembler::{Assembler, Message};
use crate::close;
use crate::close_code::CloseCode;
use crate::decoder::{Decoder, Piece};
use crate::deflate::Deflate;
use crate::event::{Broken, Event, Overdue};
use crate::frame::{CONTROL_BYTES_MAX, Header, OpCode};
use crate::limits::Limits;
use crate::meter::{Meter, Place};
use crate::sender::{Masks, Sender};
use crate::shared::SharedFrame;
use crate::violation::Violation;

/// One end of a connection. Idle it holds no heap memory but its share of the limits.
#[derive(Debug)]
pub struct Machine {
    limits: Arc<Limits>,
    sender: Sender,
    decoder: Decoder,
    assembler: Assembler,
    /// A control frame's payload that came in pieces.
    control: Vec<u8>,
    meter: Meter,
    /// Since when the first byte of something unfinished is here.
    begun_ms: Option<u64>,
    phase: Phase,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    Open,
    /// Our close is out, the peer's is not in.
    Closing {
        since_ms: u64,
    },
    /// The peer broke a rule.
    Broken {
        since_ms: u64,
    },
    /// Both closes have been sent.
    Closed,
}

impl Machine {
    /// The server's end: takes masked frames, sends plain ones.
    #[must_use]
    pub fn server(limits: Arc<Limits>, deflate: Option<Deflate>) -> Self {
        Self::new(limits, None, deflate)
    }

    /// The client's end: takes plain frames, masks what it sends.
    #[must_use]
    pub fn client(limits: Arc<Limits>, deflate: Option<Deflate>, masks: Masks) -> Self {
        Self::new(limits, Some(masks), deflate)
    }

    fn new(limits: Arc<Limits>, masks: Option<Masks>, deflate: Option<Deflate>) -> Self {
        Self {
            limits,
            sender: Sender::new(masks, deflate),
            decoder: Decoder::new(),
            assembler: Assembler::default(),
            control: Vec::new(),
            meter: Meter::default(),
            begun_ms: None,
            phase: Phase::Open,
        }
    }

    /// Decodes up to the next event; `None` when the input is used up. The input is unmasked in
    /// place. Only a throttle leaves some of it: to be kept, and given again before newer bytes.
    ///
    /// # Errors
    ///
    /// The peer broke a rule, and the conversation is over.
    pub fn receive<'b>(
        &mut self,
        input: &mut &'b mut [u8],
        now_ms: u64,
    ) -> Result<Option<Event<'b>>, Broken> {
        if let Some(Overdue::Message(broken)) = self.overdue(now_ms) {
            *input = &mut [];
            return Err(broken);
        }
        while !input.is_empty() {
            if matches!(self.phase, Phase::Broken { .. } | Phase::Closed) {
                *input = &mut [];
                break;
            }
            let event = self.step(input, now_ms).map_err(|violation| {
                *input = &mut [];
                self.fail(violation, now_ms)
            })?;
            if event.is_some() {
                return Ok(event);
            }
        }
        Ok(None)
    }

    /// When to ask `overdue`, unless something changes before.
    #[must_use]
    pub fn deadline_ms(&self) -> Option<u64> {
        match self.phase {
            Phase::Open => Some(self.begun_ms?.saturating_add(self.limits.message_ms_max)),
            Phase::Closing { since_ms } | Phase::Broken { since_ms } => {
                Some(since_ms.saturating_add(self.limits.close_ms_max))
            }
            Phase::Closed => None,
        }
    }

    /// What should have come by now. An unfinished message ends the conversation.
    pub fn overdue(&mut self, now_ms: u64) -> Option<Overdue> {
        if self
            .deadline_ms()
            .is_none_or(|deadline_ms| now_ms < deadline_ms)
        {
            return None;
        }
        Some(match self.phase {
            Phase::Open => Overdue::Message(self.fail(Violation::TooSlow, now_ms)),
            Phase::Closing { .. } | Phase::Broken { .. } | Phase::Closed => Overdue::Close,
        })
    }

    /// Begins the close; the frame to write, unless a close has gone out already. A reason is cut
    /// to 123 bytes. What the peer still says is thrown away, but for its close.
    pub fn close(&mut self, code: CloseCode, reason: &str, now_ms: u64) -> Option<Bytes> {
        if !self.is_open() {
            return None;
        }
        self.phase = Phase::Closing { since_ms: now_ms };
        self.assembler.clear();
        Some(
            self.sender
                .control(OpCode::Close, &close::write(code, reason)),
        )
    }

    /// Whether messages may go out: no close has, and no rule is broken.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Whether the peer's close has come and ours has been given out.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.phase == Phase::Closed
    }

    /// A text message as a frame, compressed if that was agreed and pays; `None` once closing.
    #[must_use]
    pub fn text(&self, payload: &str) -> Option<Bytes> {
        let (opcode, payload) = (OpCode::Text, payload.as_bytes());
        self.is_open().then(|| self.sender.message(opcode, payload))
    }

    /// A binary message as a frame, compressed if that was agreed and pays; `None` once closing.
    #[must_use]
    pub fn binary(&self, payload: &[u8]) -> Option<Bytes> {
        let opcode = OpCode::Binary;
        self.is_open().then(|| self.sender.message(opcode, payload))
    }

    /// A ping; its payload is cut to 125 bytes. `None` once closing.
    #[must_use]
    pub fn ping(&self, payload: &[u8]) -> Option<Bytes> {
        let payload = &payload[..payload.len().min(CONTROL_BYTES_MAX)];
        let opcode = OpCode::Ping;
        self.is_open().then(|| self.sender.control(opcode, payload))
    }

    /// What was agreed about compression: which of a shared frame's forms this peer gets.
    #[must_use]
    pub fn deflate(&self) -> Option<&Deflate> {
        self.sender.deflate()
    }

    /// A shared frame's bytes for this peer; `None` once closing.
    #[must_use]
    pub fn shared(&self, frame: &SharedFrame) -> Option<Bytes> {
        self.is_open().then(|| self.sender.shared(frame))
    }

    /// Decodes one piece: a header, if one is due, and what is here of its payload.
    fn step<'b>(
        &mut self,
        input: &mut &'b mut [u8],
        now_ms: u64,
    ) -> Result<Option<Event<'b>>, Violation> {
        let place = self.place();
        if let Some(until_ms) = self.meter.wait(&self.limits, place, now_ms)? {
            return Ok(Some(Event::Throttle { until_ms }));
        }
        let given = input.len();
        self.begun_ms.get_or_insert(now_ms);
        if !self.decoder.is_in_payload()
            && let Some(header) = self.decoder.header(input)?
        {
            self.admit(&header, now_ms)?;
        }
        let piece = self.decoder.payload(input);
        self.meter.bytes(given - input.len(), &self.limits, now_ms);
        let event = match piece {
            Some(piece) if piece.header.opcode.is_control() => self.control(&piece)?,
            Some(piece) => self.data(&piece)?,
            None => None,
        };
        if self.place() == Place::BetweenMessages {
            self.begun_ms = None;
        }
        Ok(event)
    }

    fn place(&self) -> Place {
        match (self.decoder.is_between_frames(), self.assembler.is_open()) {
            (false, _) => Place::InFrame,
            (true, true) => Place::BetweenFrames,
            (true, false) => Place::BetweenMessages,
        }
    }

    /// Holds a header against its place and the bounds, before its payload is looked at.
    fn admit(&mut self, header: &Header, now_ms: u64) -> Result<(), Violation> {
        self.meter.frame(header.opcode, &self.limits, now_ms)?;
        if header.mask.is_some() == self.sender.masks() {
            return Err(Violation::Masking);
        }
        if header.opcode.is_control() {
            return if header.compressed {
                Err(Violation::ReservedBits)
            } else {
                Ok(())
            };
        }
        if !self.is_open() {
            return Ok(());
        }
        self.assembler
            .admit(header, &self.limits, self.sender.deflates())
    }

    fn data<'b>(&mut self, piece: &Piece<'b>) -> Result<Option<Event<'b>>, Violation> {
        // Once we close, messages are thrown away as they come.
        if !self.is_open() {
            return Ok(None);
        }
        let Header { fin, opcode, .. } = piece.header;
        let whole = fin && opcode != OpCode::Continuation && piece.first && piece.last;
        let message = if whole {
            self.assembler
                .whole(&piece.header, piece.bytes, &self.limits)?
        } else {
            self.assembler.push(&piece.header, piece.bytes)?;
            if !(fin && piece.last) {
                return Ok(None);
            }
            self.assembler.finish(&self.limits)?
        };
        Ok(Some(match message {
            Message::Text(text) => Event::Text(text),
            Message::Binary(bytes) => Event::Binary(bytes),
        }))
    }

    fn control<'b>(&mut self, piece: &Piece<'b>) -> Result<Option<Event<'b>>, Violation> {
        let payload: Cow<'b, [u8]> = if piece.first && piece.last {
            piece.bytes.into()
        } else {
            self.control.extend_from_slice(piece.bytes);
            if !piece.last {
                return Ok(None);
            }
            std::mem::take(&mut self.control).into()
        };
        match piece.header.opcode {
            OpCode::Close => self.closed(payload).map(Some),
            OpCode::Ping => Ok(self.is_open().then(|| Event::Ping {
                answer: self.sender.control(OpCode::Pong, &payload),
            })),
            OpCode::Pong => Ok(self.is_open().then_some(Event::Pong(payload))),
            OpCode::Continuation | OpCode::Text | OpCode::Binary => Ok(None),
        }
    }

    /// The peer's close: answered with its own code, unless ours has gone out.
    fn closed<'b>(&mut self, payload: Cow<'b, [u8]>) -> Result<Event<'b>, Violation> {
        let (code, _) = close::read(&payload)?;
        let answer = self.is_open().then(|| {
            let payload = code.map(|code| close::write(code, ""));
            self.sender
                .control(OpCode::Close, &payload.unwrap_or_default())
        });
        self.phase = Phase::Closed;
        self.assembler.clear();
        let reason = match payload {
            Cow::Borrowed(bytes) => close::read(bytes)?.1.into(),
            Cow::Owned(bytes) => close::read(&bytes)?.1.to_owned().into(),
        };
        Ok(Event::Close {
            code,
            reason,
            answer,
        })
    }

    fn fail(&mut self, violation: Violation, now_ms: u64) -> Broken {
        let answer = self.is_open().then(|| {
            let payload = close::write(violation.close_code(), violation.name());
            self.sender.control(OpCode::Close, &payload)
        });
        let since_ms = match self.phase {
            Phase::Closing { since_ms } => since_ms,
            Phase::Open | Phase::Broken { .. } | Phase::Closed => now_ms,
        };
        self.phase = Phase::Broken { since_ms };
        self.assembler.clear();
        self.control = Vec::new();
        Broken { violation, answer }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Machine;
    use crate::frame::{OpCode, encode};
    use crate::limits::Limits;

    #[test]
    fn an_idle_machine_is_small() {
        assert!(
            size_of::<Machine>() <= 160,
            "a machine has {} bytes",
            size_of::<Machine>()
        );
    }

    #[test]
    fn between_messages_a_machine_holds_nothing() {
        let mut machine = Machine::server(Arc::new(Limits::default()), None);
        let mask = Some([1, 2, 3, 4]);
        let mut wire = encode(OpCode::Text, false, &[b'a'; 5_000], mask).to_vec();
        wire.extend(encode(OpCode::Ping, false, b"are you there", mask));
        let mut events = 0;
        for byte in &mut wire {
            let mut input = std::slice::from_mut(byte);
            events += usize::from(machine.receive(&mut input, 5).unwrap().is_some());
        }
        assert_eq!(events, 2);
        assert_eq!(machine.control.capacity(), 0);
        assert!(!machine.assembler.is_open());
        assert_eq!((machine.begun_ms, machine.deadline_ms()), (None, None));
    }
}
