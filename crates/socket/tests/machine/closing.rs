//! The close handshake, from either side, and what a violation leaves.

use roomcast_socket::{CloseCode, Event, Header, OpCode, Overdue, Violation};

use crate::wire::{frame, open_limits, play, server, text, with_header};

fn close_frame(payload: &[u8]) -> Vec<u8> {
    frame(OpCode::Close, true, payload)
}

#[test]
fn the_peers_close_is_answered_with_its_code_and_ends_it() {
    let cases: [(&[u8], &[u8]); 3] = [
        (b"", &[0x88, 0]),
        (&[0x03, 0xe8], &[0x88, 2, 0x03, 0xe8]),
        (b"\x0f\xa1see you", &[0x88, 2, 0x0f, 0xa1]),
    ];
    for (payload, expected) in cases {
        let mut machine = server(open_limits());
        let wire = [close_frame(payload), text("too late")].concat();
        let (events, broken) = play(&mut machine, [&wire[..]], 1);
        assert_eq!(broken, None);
        let [
            Event::Close {
                answer: Some(answer),
                ..
            },
        ] = &events[..]
        else {
            panic!("one close and nothing behind it: {events:?}");
        };
        assert_eq!(answer, expected);
        assert!(machine.is_closed() && !machine.is_open());
        assert_eq!((machine.text("x"), machine.ping(b"")), (None, None));
        assert_eq!(machine.close(CloseCode::NORMAL, "", 2), None);
        assert_eq!(machine.deadline_ms(), None);
    }
}

#[test]
fn after_our_close_only_the_peers_close_counts() {
    let mut machine = server(open_limits());
    // In the middle of a message, which goes on.
    play(
        &mut machine,
        [&frame(OpCode::Text, false, b"half a")[..]],
        1,
    );
    let ours = machine.close(CloseCode::GOING_AWAY, "drain", 5).unwrap();
    assert_eq!(&ours[..], b"\x88\x07\x03\xe9drain");
    assert_eq!(machine.close(CloseCode::NORMAL, "", 6), None);
    let rest = [
        frame(OpCode::Ping, true, b"?"),
        frame(OpCode::Continuation, true, b" message"),
        text("another"),
        close_frame(&[0x03, 0xe9]),
    ]
    .concat();
    let (events, broken) = play(&mut machine, [&rest[..]], 7);
    assert_eq!(broken, None);
    let code = Some(CloseCode::GOING_AWAY);
    assert_eq!(
        events,
        [Event::Close {
            code,
            reason: "".into(),
            answer: None
        }]
    );
    assert!(machine.is_closed());
}

#[test]
fn a_peer_that_does_not_answer_our_close_is_dropped_in_time() {
    let mut machine = server(open_limits());
    machine.close(CloseCode::NORMAL, "", 1_000).unwrap();
    assert_eq!(machine.deadline_ms(), Some(3_000));
    // Talking does not put it off.
    play(&mut machine, [&text("but")[..]], 2_900);
    assert_eq!(machine.overdue(2_999), None);
    assert_eq!(machine.overdue(3_000), Some(Overdue::Close));
}

#[test]
fn after_a_violation_nothing_is_taken_and_one_close_is_given() {
    let mut machine = server(open_limits());
    let (_, broken) = play(&mut machine, [&[0x83, 0x80][..]], 10);
    let broken = broken.unwrap();
    assert_eq!(broken.violation, Violation::UnknownOpcode);
    assert_eq!(&broken.answer.unwrap()[2..], b"\x03\xeaunknown_opcode");
    assert_eq!(play(&mut machine, [&text("more")[..]], 11), (vec![], None));
    assert_eq!(machine.close(CloseCode::NORMAL, "", 12), None);
    assert!(!machine.is_open() && !machine.is_closed());
    assert_eq!(machine.overdue(2_010), Some(Overdue::Close));
    // A violation behind our own close is not answered twice.
    let mut machine = server(open_limits());
    machine.close(CloseCode::NORMAL, "", 1).unwrap();
    let (_, broken) = play(&mut machine, [&[0x83, 0x80][..]], 2);
    assert_eq!(broken.unwrap().answer, None);
    assert_eq!(machine.deadline_ms(), Some(2_001));
}

#[test]
fn each_rule_of_the_protocol_has_its_code() {
    let bare = |opcode, mask, compressed| {
        let header = Header {
            payload_bytes: 0,
            mask,
            opcode,
            fin: true,
            compressed,
        };
        with_header(&header, b"")
    };
    let key = Some([1, 2, 3, 4]);
    let cases: Vec<(Vec<u8>, Violation, u16)> = vec![
        (bare(OpCode::Text, None, false), Violation::Masking, 1002),
        (bare(OpCode::Text, key, true), Violation::ReservedBits, 1002),
        (bare(OpCode::Ping, key, true), Violation::ReservedBits, 1002),
        (
            bare(OpCode::Continuation, key, false),
            Violation::UnexpectedContinuation,
            1002,
        ),
        (
            [frame(OpCode::Text, false, b""), text("")].concat(),
            Violation::UnfinishedMessage,
            1002,
        ),
        (close_frame(&[0x03]), Violation::BadClose, 1002),
        (
            close_frame(&1005u16.to_be_bytes()),
            Violation::BadClose,
            1002,
        ),
        (
            close_frame(&[0x03, 0xe8, 0xff]),
            Violation::InvalidUtf8,
            1007,
        ),
        (
            frame(OpCode::Text, true, b"\xff"),
            Violation::InvalidUtf8,
            1007,
        ),
        (
            frame(OpCode::Text, true, b"\xe2\x82"),
            Violation::InvalidUtf8,
            1007,
        ),
    ];
    for (wire, violation, code) in cases {
        let (_, broken) = play(&mut server(open_limits()), [&wire[..]], 1);
        let broken = broken.unwrap();
        assert_eq!(broken.violation, violation);
        assert_eq!(
            broken.answer.unwrap()[2..4],
            code.to_be_bytes(),
            "{violation}"
        );
    }
}
