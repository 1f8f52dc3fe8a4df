//! The assembler with deflate: what a peer may say compressed, and what our two ends say.
//!
//! An input: one byte of switches. With 1: our two ends talk (a level, a window, sizes of pieces,
//! then messages as runs), and what comes out is what went in. Without: sizes of fragments (2:
//! they are text), then a compressed payload, which inflates as another hand's inflater says.

#![no_main]

use libfuzzer_sys::fuzz_target;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};
use roomcast_socket::{Event, Header, Limits, Machine, OpCode, SharedFrame, Violation, apply_mask};
use roomcast_socket_fuzz::memory::Counted;
use roomcast_socket_fuzz::peer::{MESSAGE_BYTES_MAX, agreed, limits, machine, play};
use roomcast_socket_fuzz::recipe::{Recipe, cut};

#[global_allocator]
static ALLOCATOR: Counted = Counted;

/// What a message leaves out of its last block.
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
const MASK: [u8; 4] = [7, 0, 0xff, 0x80];
const MESSAGES_MAX: usize = 4;

fuzz_target!(|data: &[u8]| {
    let mut recipe = Recipe::new(data);
    let switches = recipe.byte();
    if switches & 1 != 0 {
        what_we_say_is_what_we_hear(recipe);
    } else {
        what_inflates_is_what_another_hand_inflates(recipe, switches & 2 != 0);
    }
});

fn what_we_say_is_what_we_hear(mut recipe: Recipe<'_>) {
    let (client_deflate, server_deflate) = agreed(recipe.byte(), recipe.byte());
    let limits = std::sync::Arc::new(Limits {
        frame_bytes_max: 64 << 10,
        message_bytes_max: 64 << 10,
        ..limits()
    });
    let mut client = Machine::client(limits.clone(), Some(client_deflate), || MASK);
    let mut server = Machine::server(limits, Some(server_deflate));
    let sizes: Vec<usize> = recipe.sizes().iter().map(|size| size * 16).collect();
    let mut messages = Vec::new();
    while !recipe.is_empty() && messages.len() < MESSAGES_MAX {
        messages.push(recipe.payload());
    }
    let (mut there, mut back) = (Vec::new(), Vec::new());
    let mut expected = Vec::new();
    for message in &messages {
        there.extend(client.binary(message).expect("it is open"));
        back.extend(server.binary(message).expect("it is open"));
        expected.push(Event::Binary(message.into()));
        if let Ok(text) = std::str::from_utf8(message) {
            let shared = SharedFrame::text(text);
            there.extend(client.text(text).expect("it is open"));
            back.extend(server.shared(&shared).expect("it is open"));
            expected.push(Event::Text(text.into()));
        }
    }
    assert_eq!(play(&mut server, cut(&there, &sizes)).0, expected);
    assert_eq!(play(&mut client, cut(&back, &sizes)).0, expected);
}

fn what_inflates_is_what_another_hand_inflates(mut recipe: Recipe<'_>, text: bool) {
    let sizes = recipe.sizes();
    let payload = recipe.rest();
    let opcode = if text { OpCode::Text } else { OpCode::Binary };
    let wire = wire(opcode, payload, &sizes);
    let (events, broken) = play(&mut machine(false, limits(), true), [&wire[..]]);
    let violation = broken.map(|broken| broken.violation);
    match &events[..] {
        [Event::Binary(bytes)] => assert!(bytes.len() <= MESSAGE_BYTES_MAX),
        [Event::Text(text)] => assert!(text.len() <= MESSAGE_BYTES_MAX),
        [] => assert!(violation.is_some(), "neither a message nor a violation"),
        more => panic!("{more:?}"),
    }
    let (Theirs::Whole(theirs), false) = (
        inflated_by_another_hand(payload),
        matches!(
            violation,
            Some(Violation::TooManyFragments | Violation::FrameTooLarge)
        ),
    ) else {
        return;
    };
    let too_large = theirs.len() > MESSAGE_BYTES_MAX;
    match (&events[..], violation) {
        ([Event::Binary(ours)], None) => assert_eq!(ours.as_ref(), theirs),
        ([Event::Text(ours)], None) => assert_eq!(ours.as_bytes(), theirs),
        (_, Some(Violation::MessageTooLarge)) => {
            assert!(too_large || payload.len() > MESSAGE_BYTES_MAX);
        }
        (_, Some(Violation::InvalidUtf8)) => assert!(std::str::from_utf8(&theirs).is_err()),
        other => panic!(
            "{other:?}, where another hand inflates {} bytes",
            theirs.len()
        ),
    }
}

/// The payload as a client's message, in fragments of these sizes.
fn wire(opcode: OpCode, payload: &[u8], sizes: &[usize]) -> Vec<u8> {
    let mut pieces = cut(payload, sizes);
    if pieces.is_empty() {
        pieces.push(&[]);
    }
    let mut wire = Vec::new();
    for (n, piece) in pieces.iter().enumerate() {
        let first = n == 0;
        let header = Header {
            payload_bytes: piece.len() as u64,
            mask: Some(MASK),
            opcode: if first { opcode } else { OpCode::Continuation },
            fin: n + 1 == pieces.len(),
            compressed: first,
        };
        header.encode(&mut wire);
        let at = wire.len();
        wire.extend_from_slice(piece);
        apply_mask(&mut wire[at..], MASK, 0);
    }
    wire
}

enum Theirs {
    /// The payload is one run of blocks without a final one, and this is what it holds.
    Whole(Vec<u8>),
    /// It is not deflate, goes on past a final block, or breaks off: what to make of that differs.
    Other,
}

fn inflated_by_another_hand(payload: &[u8]) -> Theirs {
    let whole = [payload, &TAIL].concat();
    let mut out = vec![0; 4 * MESSAGE_BYTES_MAX];
    // Into one buffer, so that it looks at how far back is reached for.
    let flags = TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF | TINFL_FLAG_HAS_MORE_INPUT;
    let mut inflater = DecompressorOxide::new();
    let (status, taken, made) = decompress(&mut inflater, &whole, &mut out, 0, flags);
    if status == TINFLStatus::NeedsMoreInput && taken == whole.len() {
        out.truncate(made);
        Theirs::Whole(out)
    } else {
        Theirs::Other
    }
}
