//! Compressed messages: put together, bounded, refused; and what is sent compressed.

use roomcast_socket::{Event, Header, Limits, Machine, OpCode, SharedFrame, Violation};

use crate::wire::{agreed, open_limits, play, with_header};

const KEY: Option<[u8; 4]> = Some([3, 1, 4, 1]);

fn limits() -> Limits {
    Limits {
        frame_bytes_max: 64 << 10,
        message_bytes_max: 64 << 10,
        ..open_limits()
    }
}

fn compressed(opcode: OpCode, fin: bool, first: bool, payload: &[u8]) -> Vec<u8> {
    let header = Header {
        payload_bytes: payload.len() as u64,
        mask: KEY,
        opcode,
        fin,
        compressed: first,
    };
    with_header(&header, payload)
}

fn machine() -> Machine {
    Machine::server(limits().into(), Some(agreed()))
}

/// The deflated payload of a text, as a client of ours sends it.
fn deflated(text: &str) -> Vec<u8> {
    let client = Machine::client(limits().into(), Some(agreed()), || [0; 4]);
    let frame = client.text(text).expect("nothing is closed");
    let decoded = Header::decode(&frame).expect("our own frame is good");
    let (header, at) = decoded.expect("the frame is whole");
    assert!(header.compressed);
    frame[at..].to_vec()
}

#[test]
fn a_compressed_message_may_be_fragmented_and_cut_anywhere() {
    let text = "the quick brown fox ".repeat(20);
    let payload = deflated(&text);
    for cut in 0..payload.len() {
        let wire = [
            compressed(OpCode::Text, false, true, &payload[..cut]),
            compressed(OpCode::Ping, true, false, b""),
            compressed(OpCode::Continuation, true, false, &payload[cut..]),
        ]
        .concat();
        let (events, broken) = play(&mut machine(), wire.chunks(1 + cut % 7), 1);
        assert_eq!(broken, None);
        assert_eq!(events.last(), Some(&Event::Text(text.as_str().into())));
    }
}

#[test]
fn a_message_is_bounded_by_what_it_inflates_to() {
    let at = "0".repeat(64 << 10);
    for (text, fits) in [(at.clone(), true), (at + "0", false)] {
        let wire = compressed(OpCode::Text, true, true, &deflated(&text));
        assert!(wire.len() < 500);
        let (events, broken) = play(&mut machine(), [&wire[..]], 1);
        assert_eq!(events.len(), usize::from(fits));
        let violation = broken.map(|broken| broken.violation);
        assert_eq!(violation, (!fits).then_some(Violation::MessageTooLarge));
    }
}

#[test]
fn a_bomb_of_all_the_bytes_a_message_may_have_ends_with_1009() {
    // 64 MiB of zeros in 64 KiB, as many fragments as there may be.
    let wide = Limits {
        message_bytes_max: 64 << 20,
        ..limits()
    };
    let client = Machine::client(wide.into(), Some(agreed()), || [0; 4]);
    let bomb = client.text(&"\0".repeat(60 << 20)).unwrap();
    let (header, at) = Header::decode(&bomb).unwrap().unwrap();
    assert!(header.payload_bytes < 64 << 10, "{}", header.payload_bytes);
    let quarter = (bomb.len() - at) / 4 + 1;
    let pieces: Vec<&[u8]> = bomb[at..].chunks(quarter).collect();
    let mut wire = Vec::new();
    for (n, piece) in pieces.iter().enumerate() {
        let opcode = if n == 0 {
            OpCode::Text
        } else {
            OpCode::Continuation
        };
        wire.extend(compressed(opcode, n + 1 == pieces.len(), n == 0, piece));
    }
    let (_, broken) = play(&mut machine(), [&wire[..]], 1);
    let broken = broken.unwrap();
    assert_eq!(broken.violation, Violation::MessageTooLarge);
    assert_eq!(broken.answer.unwrap()[2..4], 1009u16.to_be_bytes());
}

#[test]
fn what_deflate_could_not_make_smaller_still_fits_at_the_bound() {
    // Stored blocks: longer than what they hold, by five bytes each.
    let content = vec![b'x'; 64 << 10];
    let mut payload = Vec::new();
    for block in content.chunks(16 << 10) {
        let length = u16::try_from(block.len()).unwrap();
        payload.push(0);
        payload.extend(length.to_le_bytes());
        payload.extend((!length).to_le_bytes());
        payload.extend(block);
    }
    payload.push(0);
    assert!(payload.len() > content.len());
    let wire = compressed(OpCode::Binary, true, true, &payload);
    let (events, broken) = play(&mut machine(), [&wire[..]], 1);
    assert_eq!(broken, None);
    assert_eq!(events, [Event::Binary(content.into())]);
}

#[test]
fn a_message_that_does_not_inflate_or_is_not_text_is_1007() {
    let mut not_text = deflated(&"\u{e9}".repeat(100));
    let wire = compressed(OpCode::Text, true, true, &not_text);
    assert_eq!(play(&mut machine(), [&wire[..]], 1).1, None);
    not_text = vec![0x00, 0x01, 0x00, 0xfe, 0xff, 0xff, 0x00];
    for (payload, violation) in [
        (not_text, Violation::InvalidUtf8),
        (vec![0x07], Violation::BadDeflate),
    ] {
        let wire = compressed(OpCode::Text, true, true, &payload);
        let broken = play(&mut machine(), [&wire[..]], 1).1.unwrap();
        assert_eq!(broken.violation, violation);
        assert_eq!(broken.answer.unwrap()[2..4], 1007u16.to_be_bytes());
    }
}

#[test]
fn a_plain_message_is_taken_where_compression_was_agreed() {
    let wire = compressed(OpCode::Text, true, false, b"plain");
    let (events, _) = play(&mut machine(), [&wire[..]], 1);
    assert_eq!(events, [Event::Text("plain".into())]);
}

#[test]
fn a_server_shares_a_frame_and_a_client_masks_its_own() {
    let frame = SharedFrame::text(&"to all ".repeat(30));
    let (one, two) = (machine().shared(&frame), machine().shared(&frame));
    assert_eq!(one.as_ref().unwrap().as_ptr(), two.unwrap().as_ptr());
    let client = Machine::client(limits().into(), Some(agreed()), || [9; 4]);
    let masked = client.shared(&frame).unwrap();
    let (events, _) = play(&mut machine(), [&masked[..]], 1);
    assert_eq!(events, [Event::Text("to all ".repeat(30).into())]);
    assert_ne!(one.unwrap(), masked);
}
