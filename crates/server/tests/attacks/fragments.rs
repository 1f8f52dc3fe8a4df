//! Messages in too many pieces, and messages that never end.

use std::thread::{self, sleep};
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use crate::push::Push as _;
use crate::scene::{SILENT, SLACK_KIB, Scene};
use crate::session::{CONTINUATION, FIN, PING, Session, TEXT, frame};

/// Frames of one message.
const FRAGMENTS_MAX: usize = 512;
/// Frames of a peer who sends nothing but pieces of nothing.
const ENDLESS: usize = 200_000;
/// From the first byte of a message to its last.
const MESSAGE_TIME: Duration = Duration::from_secs(7);
/// Between two pieces of a message that takes its time.
const TRICKLE: Duration = Duration::from_millis(400);
/// Well within the time, even on a slow machine.
const SLOW_ENOUGH: Duration = Duration::from_secs(4);

const REQUEST: &[u8] = br#"{"type":"ping","id":1}"#;

/// The request in so many frames: the first has it all, the others nothing.
fn in_fragments(frames: usize) -> Vec<u8> {
    let between = frame(CONTINUATION, b"").repeat(frames - 2);
    let (first, last) = (frame(TEXT, REQUEST), frame(FIN | CONTINUATION, b""));
    [first, between, last].concat()
}

#[test]
fn a_message_of_the_most_fragments_is_answered_and_one_more_is_closed_with_1009() {
    let scene = Scene::start(&[]);
    let mut session = scene.stranger("alice");
    session.line.send(in_fragments(FRAGMENTS_MAX));
    assert_eq!(session.until_answer(&json!(1)).len(), 1);
    session.line.send(in_fragments(FRAGMENTS_MAX + 1));
    assert_eq!(session.close_code(), Some(1009));
    scene.until_broken("too_many_fragments", "too_large", 1);
    scene.end(SLACK_KIB);
}

#[test]
fn endless_fragments_of_nothing_end_at_once() {
    let scene = Scene::start(&[]);
    let mut strangers: Vec<_> = (0..4).map(|_| scene.stranger("alice")).collect();
    let endless = frame(CONTINUATION, b"").repeat(1_000);
    let began = Instant::now();
    for stranger in &mut strangers {
        stranger.line.send(frame(TEXT, b""));
        for _ in 0..ENDLESS / 1_000 {
            if !stranger.line.push(&endless) {
                break;
            }
        }
    }
    // What they go on sending may have cost them the close frame, but not the end.
    drop(strangers);
    scene.until_broken("too_many_fragments", "too_large", 4);
    scene.until_only(0, began);
    scene.end(SLACK_KIB);
}

/// One who takes `TRICKLE` before each of these, again and again; the code it is closed with.
fn trickle(mut session: Session, begin: &[u8], pieces: &[u8]) -> Option<u16> {
    session.line.send(begin);
    let began = Instant::now();
    for piece in pieces.chunks(1).cycle() {
        sleep(TRICKLE);
        if began.elapsed() > MESSAGE_TIME || !session.line.push(piece) {
            break;
        }
    }
    session.close_code()
}

#[test]
fn a_message_that_is_not_whole_in_time_is_closed_with_1008_however_it_dawdles() {
    let scene = Scene::start(SILENT);
    let long = frame(FIN | TEXT, &[b' '; 1_000]);
    let empty = frame(CONTINUATION, b"");
    let ping = frame(FIN | PING, &[7; 100]);
    let ways: [(&str, &[u8], &[u8]); 7] = [
        ("one byte", &long[..1], b""),
        ("half a head", &long[..3], b""),
        ("a head", &long[..8], b""),
        ("a byte of the payload now and then", &long[..8], &[0; 1]),
        ("half a ping", &ping[..50], b""),
        ("a fragment, then silence", &frame(TEXT, b"{"), b""),
        ("empty fragments, byte by byte", &frame(TEXT, b"{"), &empty),
    ];
    let closed: Vec<_> = thread::scope(|scope| {
        let ways = ways.map(|(what, begin, pieces)| {
            let session = scene.stranger("slow");
            (what, scope.spawn(move || trickle(session, begin, pieces)))
        });
        let joined = ways.map(|(what, way)| (what, way.join().unwrap()));
        joined.into()
    });
    for (what, code) in closed {
        assert_eq!(code, Some(1008), "{what}");
    }
    scene.until_broken("too_slow", "policy", ways.len() as u64);
    scene.end(SLACK_KIB);
}

#[test]
fn a_message_that_is_slow_but_whole_in_time_is_answered() {
    let scene = Scene::start(&[]);
    let mut session = scene.stranger("alice");
    // Twice, so that the time is seen to begin anew with each message.
    for _ in 0..2 {
        session.line.send(frame(TEXT, &REQUEST[..5]));
        sleep(SLOW_ENOUGH);
        session.line.send(frame(FIN | CONTINUATION, &REQUEST[5..]));
        assert_eq!(session.until_answer(&json!(1)).len(), 1);
    }
    scene.end(SLACK_KIB);
}
