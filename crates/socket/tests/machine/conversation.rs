//! What a conversation without fault tells, and when.

use std::borrow::Cow;

use roomcast_socket::{Event, OpCode, Violation};

use crate::wire::{frame, open_limits, play, server, text};

#[test]
fn a_message_in_one_piece_is_borrowed_from_the_buffer_and_a_cut_one_is_not() {
    let mut machine = server(open_limits());
    let mut wire = text("at once");
    let mut input = &mut wire[..];
    let event = machine.receive(&mut input, 1).unwrap().unwrap();
    assert!(matches!(event, Event::Text(Cow::Borrowed("at once"))));
    assert!(input.is_empty());
    let wire = text("in two");
    let (left, right) = wire.split_at(8);
    play(&mut machine, [left], 1);
    let mut right = right.to_vec();
    let mut input = &mut right[..];
    let event = machine.receive(&mut input, 1).unwrap().unwrap();
    assert!(matches!(event, Event::Text(Cow::Owned(text)) if text == "in two"));
}

#[test]
fn a_ping_between_fragments_is_answered_at_once_with_its_payload() {
    let wire = [
        frame(OpCode::Text, false, b"one "),
        frame(OpCode::Ping, true, b"still there?"),
        frame(OpCode::Continuation, true, b"two"),
    ]
    .concat();
    let (events, broken) = play(&mut server(open_limits()), [&wire[..]], 1);
    assert_eq!(broken, None);
    let answer = b"\x8a\x0cstill there?"[..].into();
    assert_eq!(
        events,
        [Event::Ping { answer }, Event::Text("one two".into())]
    );
}

#[test]
fn text_is_refused_at_the_first_bad_byte_though_its_frame_is_not_whole() {
    // U+110000 can't be: its second byte shows it, in a frame of 21 bytes (Autobahn 6.4.3) and
    // between the fragments of a message (6.4.1, 6.4.4).
    let payload = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4\x90\x80\x80edited";
    let wire = frame(OpCode::Text, true, payload);
    let mut machine = server(open_limits());
    let (header_and_good, rest) = wire.split_at(6 + 12);
    assert_eq!(play(&mut machine, [header_and_good], 1), (vec![], None));
    let (_, broken) = play(&mut machine, [&rest[..1]], 1);
    assert_eq!(broken.unwrap().violation, Violation::InvalidUtf8);

    let mut machine = server(open_limits());
    let first = frame(OpCode::Text, false, &payload[..12]);
    assert_eq!(play(&mut machine, [&first[..]], 1), (vec![], None));
    let second = frame(OpCode::Continuation, false, &payload[12..13]);
    let (_, broken) = play(&mut machine, [&second[..]], 1);
    assert_eq!(broken.unwrap().violation, Violation::InvalidUtf8);
}

#[test]
fn several_messages_in_one_read_come_one_by_one() {
    let wire = [text("a"), text(""), text("c")].concat();
    let (events, _) = play(&mut server(open_limits()), [&wire[..]], 1);
    let expected = ["a", "", "c"].map(|text| Event::Text(text.into()));
    assert_eq!(events, expected);
}

#[test]
fn a_message_may_not_end_inside_a_character_in_one_frame_or_in_many() {
    let whole = frame(OpCode::Text, true, b"ok\xe2\x82");
    let cut = [
        frame(OpCode::Text, false, b"ok\xe2"),
        frame(OpCode::Continuation, true, b"\x82"),
    ]
    .concat();
    for (wire, size) in [
        (&whole, whole.len()),
        (&whole, 1),
        (&cut, cut.len()),
        (&cut, 1),
    ] {
        let (events, broken) = play(&mut server(open_limits()), wire.chunks(size), 1);
        assert_eq!(events, []);
        assert_eq!(broken.unwrap().violation, Violation::InvalidUtf8);
    }
}
