//! Frames that break RFC 6455, or only look as if they did.

use serde_json::json;

use crate::node::Node;
use crate::session::{
    BINARY, CLOSE, CONTINUATION, FIN, Neighbour, Next, PING, Session, TEXT, frame,
};

const FRAME_BYTES_MAX: usize = 65_536;

/// A masked frame's head that claims this length.
fn claim(first: u8, len: u64) -> Vec<u8> {
    [&[first, 0x80 | 127][..], &len.to_be_bytes(), &[1, 2, 3, 4]].concat()
}

#[test]
fn what_breaks_the_protocol_is_closed_with_its_code() {
    let node = Node::start(&[]);
    let mut neighbour = Neighbour::of(&node);
    let ping = br#"{"type":"ping","id":1}"#;
    let unmasked = [&[FIN | TEXT, 22][..], ping].concat();
    let long = vec![b' '; FRAME_BYTES_MAX + 1];
    let half = vec![b' '; FRAME_BYTES_MAX / 2 + 1];
    let in_parts = [frame(TEXT, &half), frame(FIN | CONTINUATION, &half)].concat();
    for (what, bytes, codes) in [
        ("an unmasked frame", unmasked, &[1002][..]),
        ("RSV1", frame(FIN | 0x40 | TEXT, ping), &[1002]),
        ("RSV2", frame(FIN | 0x20 | TEXT, ping), &[1002]),
        ("RSV3", frame(FIN | 0x10 | TEXT, ping), &[1002]),
        ("a reserved opcode", frame(FIN | 0x3, ping), &[1002]),
        ("a reserved control opcode", frame(FIN | 0xb, b""), &[1002]),
        (
            "a continuation of nothing",
            frame(FIN | CONTINUATION, ping),
            &[1002],
        ),
        (
            "text inside text",
            [frame(TEXT, b"{"), frame(FIN | TEXT, ping)].concat(),
            &[1002],
        ),
        ("a ping in fragments", frame(PING, b"x"), &[1002]),
        ("a ping of 126 bytes", frame(FIN | PING, &[0; 126]), &[1002]),
        ("a close of one byte", frame(FIN | CLOSE, &[3]), &[1002]),
        ("binary", frame(FIN | BINARY, ping), &[1003]),
        ("empty binary", frame(FIN | BINARY, b""), &[1003]),
        (
            "no UTF-8",
            frame(FIN | TEXT, b"{\"type\":\"\xff\"}"),
            &[1007],
        ),
        (
            "half a character",
            frame(FIN | TEXT, b"\xf0\x9f\x90"),
            &[1007],
        ),
        (
            "a surrogate in UTF-8",
            frame(FIN | TEXT, b"\xed\xa0\x80"),
            &[1007],
        ),
        ("one byte too many", frame(FIN | TEXT, &long), &[1009]),
        ("too many in parts", in_parts, &[1009]),
        ("2^62 bytes", claim(FIN | TEXT, 1 << 62), &[1009]),
        ("2^63 bytes", claim(FIN | TEXT, 1 << 63), &[1002, 1009]),
        ("2^64 - 1 bytes", claim(FIN | TEXT, u64::MAX), &[1002, 1009]),
    ] {
        let mut session = Session::open(&node, "stranger");
        session.line.send(bytes);
        let code = session.close_code();
        assert!(
            code.is_some_and(|code| codes.contains(&code)),
            "{what}: {code:?}"
        );
        neighbour.feels_nothing();
    }
}

#[test]
fn a_frame_of_just_the_limit_is_taken() {
    let node = Node::start(&[]);
    let mut session = Session::open(&node, "alice");
    let mut text = r#"{"type":"ping","id":1}"#.to_owned();
    text.push_str(&" ".repeat(FRAME_BYTES_MAX - text.len()));
    session.send_text(&text);
    assert_eq!(session.until_answer(&json!(1)).len(), 1);
}

#[test]
fn fragments_make_a_frame_and_a_ping_may_come_between() {
    let node = Node::start(&[]);
    let mut session = Session::open(&node, "alice");
    let text = r#"{"type":"ping","id":"🐝"}"#.as_bytes();
    // Every byte a fragment of its own, characters cut in pieces, an empty one first.
    session.line.send(frame(TEXT, b""));
    for byte in text {
        session.line.send(frame(CONTINUATION, &[*byte]));
    }
    session.line.send(frame(FIN | PING, b"between"));
    assert_eq!(session.next(), Next::Pong(b"between".to_vec()));
    session.line.send(frame(FIN | CONTINUATION, b""));
    let said = session.until_answer(&json!("🐝"));
    assert_eq!(said.len(), 1);
}

#[test]
fn a_ping_gets_its_pong_and_an_unasked_pong_nothing() {
    let node = Node::start(&[]);
    let mut session = Session::open(&node, "alice");
    for payload in [&b""[..], b"x", &[7; 125]] {
        session.line.send(frame(FIN | PING, payload));
        assert_eq!(session.next(), Next::Pong(payload.to_vec()));
    }
    session.line.send(frame(FIN | 0xa, b"unasked"));
    assert!(session.still_works().is_empty());
}

#[test]
fn a_close_is_answered_and_nothing_after_it() {
    let node = Node::start(&[]);
    for payload in [&[][..], &1000_u16.to_be_bytes(), b"\x03\xe9going"] {
        let mut session = Session::open(&node, "alice");
        session.line.send(frame(FIN | CLOSE, payload));
        let head = session.line.take(2).expect("a close in answer");
        assert_eq!(head[0], FIN | CLOSE);
        session.line.take(usize::from(head[1])).unwrap();
        assert!(session.line.until_closed().is_empty());
    }
}

#[test]
fn who_vanishes_in_the_middle_of_a_frame_is_forgotten() {
    let node = Node::start(&[]);
    for cut in 1..20 {
        let mut session = Session::open(&node, "alice");
        session
            .line
            .send(&frame(FIN | TEXT, br#"{"type":"ping","id":1}"#)[..cut]);
    }
    crate::node::until("no session is left", || {
        let metrics = node.ask_ops("/metrics").body;
        metrics.contains("\nroomcast_sessions 0\n").then_some(())
    });
}
