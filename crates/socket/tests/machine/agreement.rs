//! The machine and tungstenite agree on all streams without fault, in both directions.

use std::io::{Cursor, Read, Write};

use proptest::prelude::*;
use roomcast_socket::{CloseCode, Event, Machine, OpCode};
use tungstenite::protocol::Role;
use tungstenite::{Error, Message, WebSocket};

use crate::wire::{Said, conversation, frame, open_limits, play, server, spoken};

/// A stream that has come whole; what is written to it is dropped.
struct Recorded(Cursor<Vec<u8>>);

impl Read for Recorded {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(std::io::ErrorKind::WouldBlock.into()),
            count => Ok(count),
        }
    }
}

impl Write for Recorded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What tungstenite reads, until it wants more or the conversation ends.
fn read_by_tungstenite(wire: &[u8], role: Role) -> Vec<Message> {
    let stream = Recorded(Cursor::new(wire.to_vec()));
    let mut socket = WebSocket::from_raw_socket(stream, role, None);
    let mut messages = Vec::new();
    loop {
        match socket.read() {
            Ok(message) => messages.push(message),
            Err(Error::Io(error)) if error.kind() == std::io::ErrorKind::WouldBlock => break,
            Err(Error::ConnectionClosed) => break,
            Err(error) => panic!("tungstenite refuses: {error}"),
        }
    }
    messages
}

/// The payload of a server's short frame.
fn payload_of(frame: &[u8]) -> Vec<u8> {
    assert!(frame[1] <= 125);
    frame[2..].to_vec()
}

fn as_message(event: Event<'static>) -> Message {
    match event {
        Event::Text(text) => Message::text(text.into_owned()),
        Event::Binary(bytes) => Message::binary(bytes.into_owned()),
        Event::Ping { answer } => Message::Ping(payload_of(&answer).into()),
        Event::Pong(bytes) => Message::Pong(bytes.into_owned().into()),
        Event::Close { code, reason, .. } => {
            Message::Close(code.map(|code| tungstenite::protocol::CloseFrame {
                code: code.number().into(),
                reason: reason.into_owned().into(),
            }))
        }
        Event::Throttle { .. } => panic!("nothing is metered here"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn both_read_the_same_from_a_good_conversation(
        said in conversation(), code in prop_oneof![Just(None), Just(Some(1000u16)), Just(Some(4001))]
    ) {
        let mut wire = spoken(&said);
        let payload = code.map_or(Vec::new(), |code| [&code.to_be_bytes()[..], b"bye"].concat());
        wire.extend(frame(OpCode::Close, true, &payload));
        let (events, broken) = play(&mut server(open_limits()), [&wire[..]], 1);
        prop_assert_eq!(broken, None);
        let ours: Vec<Message> = events.into_iter().map(as_message).collect();
        prop_assert_eq!(ours, read_by_tungstenite(&wire, Role::Server));
    }

    #[test]
    fn tungstenite_reads_what_either_end_writes(said in conversation()) {
        let limits = std::sync::Arc::new(open_limits());
        let masks = || [0x5a, 0, 0xff, 0x13];
        for (mut machine, reader) in [
            (Machine::server(limits.clone(), None), Role::Client),
            (Machine::client(limits.clone(), None, masks), Role::Server),
        ] {
            let (mut wire, mut expected) = (Vec::new(), Vec::new());
            for said in &said {
                let (frame, message) = match said {
                    Said::Text(text, _) => (machine.text(text), Message::text(text.clone())),
                    Said::Binary(bytes, _) => (machine.binary(bytes), Message::binary(bytes.clone())),
                    Said::Ping(bytes) | Said::Pong(bytes) => {
                        (machine.ping(bytes), Message::Ping(bytes.clone().into()))
                    }
                };
                wire.extend(frame.unwrap());
                expected.push(message);
            }
            wire.extend(machine.close(CloseCode::GOING_AWAY, "späť", 1).unwrap());
            expected.push(Message::Close(Some(tungstenite::protocol::CloseFrame {
                code: 1001.into(),
                reason: "späť".into(),
            })));
            prop_assert_eq!(read_by_tungstenite(&wire, reader), expected);
        }
    }
}
