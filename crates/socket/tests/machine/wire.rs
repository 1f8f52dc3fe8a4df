//! What a peer sends, built and played: frames by hand, conversations by chance.

use std::sync::Arc;

use proptest::prelude::*;
use roomcast_socket::negotiation::{DeflateSettings, OFFER, accept};
use roomcast_socket::{Broken, Deflate, Event, Header, Limits, Machine, OpCode, apply_mask};

/// What one end took in, and how it ended.
pub(crate) type Taken = (Vec<Event<'static>>, Option<Broken>);

/// Bounds small enough to be met by chance, and no rates.
pub(crate) fn open_limits() -> Limits {
    Limits {
        frame_bytes_max: 4_000,
        message_bytes_max: 6_000,
        fragments_max: 8,
        message_ms_max: 10_000,
        messages: None,
        frames: None,
        bytes: None,
        controls: None,
        binary: true,
        ..Limits::default()
    }
}

pub(crate) fn server(limits: Limits) -> Machine {
    Machine::server(Arc::new(limits), None)
}

/// Agreed as between our two ends; everything is worth compressing.
pub(crate) fn agreed() -> Deflate {
    let settings = DeflateSettings {
        bytes_min: 0,
        level: 6,
    };
    let agreement = accept([OFFER], settings).expect("our own offer is well formed");
    agreement.expect("our own offer can be honoured").deflate
}

/// A client's frame.
pub(crate) fn frame(opcode: OpCode, fin: bool, payload: &[u8]) -> Vec<u8> {
    let header = Header {
        payload_bytes: payload.len() as u64,
        mask: Some([0xa1, 0x5c, 0x33, 0x0f]),
        opcode,
        fin,
        compressed: false,
    };
    with_header(&header, payload)
}

pub(crate) fn with_header(header: &Header, payload: &[u8]) -> Vec<u8> {
    let mut wire = Vec::new();
    header.encode(&mut wire);
    let at = wire.len();
    wire.extend_from_slice(payload);
    if let Some(key) = header.mask {
        apply_mask(&mut wire[at..], key, 0);
    }
    wire
}

pub(crate) fn text(payload: &str) -> Vec<u8> {
    frame(OpCode::Text, true, payload.as_bytes())
}

/// Feeds pieces at one moment until the input or the conversation ends.
pub(crate) fn play<'p>(
    machine: &mut Machine,
    pieces: impl IntoIterator<Item = &'p [u8]>,
    now_ms: u64,
) -> Taken {
    let mut events = Vec::new();
    for piece in pieces {
        let mut buffer = piece.to_vec();
        let mut input = &mut buffer[..];
        loop {
            match machine.receive(&mut input, now_ms) {
                Ok(Some(event)) => events.push(event.into_owned()),
                Ok(None) => break,
                Err(broken) => return (events, Some(broken)),
            }
        }
    }
    (events, None)
}

/// One thing a peer does in a conversation without fault.
#[derive(Clone, Debug)]
pub(crate) enum Said {
    Text(String, Vec<usize>),
    Binary(Vec<u8>, Vec<usize>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
}

/// Conversations; messages are cut into fragments, with pings between them.
pub(crate) fn conversation() -> impl Strategy<Value = Vec<Said>> {
    let cuts = || prop::collection::vec(0..600usize, 0..5);
    let short = || prop::collection::vec(any::<u8>(), 0..126);
    let said = prop_oneof![
        3 => (".{0,300}", cuts()).prop_map(|(text, cuts)| Said::Text(text, cuts)),
        2 => (prop::collection::vec(any::<u8>(), 0..700), cuts())
            .prop_map(|(bytes, cuts)| Said::Binary(bytes, cuts)),
        1 => short().prop_map(Said::Ping),
        1 => short().prop_map(Said::Pong),
    ];
    prop::collection::vec(said, 0..8)
}

/// A conversation on the wire.
pub(crate) fn spoken(conversation: &[Said]) -> Vec<u8> {
    let mut wire = Vec::new();
    for said in conversation {
        match said {
            Said::Text(text, cuts) => cut(&mut wire, OpCode::Text, text.as_bytes(), cuts),
            Said::Binary(bytes, cuts) => cut(&mut wire, OpCode::Binary, bytes, cuts),
            Said::Ping(payload) => wire.extend(frame(OpCode::Ping, true, payload)),
            Said::Pong(payload) => wire.extend(frame(OpCode::Pong, true, payload)),
        }
    }
    wire
}

fn cut(wire: &mut Vec<u8>, opcode: OpCode, payload: &[u8], cuts: &[usize]) {
    let mut opcode = opcode;
    let mut rest = payload;
    for at in cuts {
        let (piece, behind) = rest.split_at((*at).min(rest.len()));
        wire.extend(frame(opcode, false, piece));
        wire.extend(frame(OpCode::Ping, true, b"between"));
        opcode = OpCode::Continuation;
        rest = behind;
    }
    wire.extend(frame(opcode, true, rest));
}
