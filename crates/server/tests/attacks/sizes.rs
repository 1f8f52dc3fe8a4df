//! Frames and messages that are too large, or claim to be.

use serde_json::json;
use tokio::time::Instant;

use crate::deflated::{self, Deflated};
use crate::scene::{SLACK_KIB, Scene};
use crate::session::{CONTINUATION, FIN, Session, TEXT, frame};

/// `frame_bytes_max`: of a frame, and of a message of several.
const BYTES_MAX: usize = 65_536;
/// What a bomb inflates to, and what it may weigh.
const BOMB_BYTES: usize = 50 << 20;
const BOMB_WIRE_BYTES: usize = 60_000;
/// Strangers who claim what they don't have.
const CLAIMERS: usize = 200;

/// A request of this many bytes, answered with a pong to `1`.
fn ping(bytes: usize) -> String {
    let mut text = r#"{"type":"ping","id":1}"#.to_owned();
    text.push_str(&" ".repeat(bytes - text.len()));
    text
}

/// A masked text frame's head that claims this length.
fn claim(len: u64) -> Vec<u8> {
    [&[FIN | TEXT, 0x80 | 127][..], &len.to_be_bytes(), &[0; 4]].concat()
}

/// The same as two frames of about half of it each.
fn in_two(text: &str) -> Vec<u8> {
    let (first, second) = text.as_bytes().split_at(text.len() / 2);
    [frame(TEXT, first), frame(FIN | CONTINUATION, second)].concat()
}

#[test]
fn a_frame_or_message_of_the_limit_is_answered_and_one_byte_more_is_closed_with_1009() {
    let scene = Scene::start(&[]);
    let whole = |text: &str| frame(FIN | TEXT, text.as_bytes());
    for (violation, closed, wire) in [
        ("frame_too_large", 1, &whole as &dyn Fn(&str) -> Vec<u8>),
        ("message_too_large", 2, &in_two),
    ] {
        let mut session = scene.stranger("alice");
        session.line.send(wire(&ping(BYTES_MAX)));
        assert_eq!(session.until_answer(&json!(1)).len(), 1);
        session.line.send(wire(&ping(BYTES_MAX + 1)));
        assert_eq!(session.close_code(), Some(1009), "{violation}");
        let violation = format!("roomcast_socket_violations_total{{reason=\"{violation}\"}}");
        scene.until_counted(&violation, 1);
        scene.until_closed("too_large", closed);
    }
    scene.end(SLACK_KIB);
}

#[test]
fn a_head_that_claims_four_exabytes_costs_nothing_and_ends_before_the_first_of_them() {
    let mut scene = Scene::start(&[]);
    let mut strangers = open(&scene, CLAIMERS);
    scene.watch_memory_anew();
    for stranger in &mut strangers {
        stranger.line.send(claim(1 << 62));
    }
    for stranger in &mut strangers {
        assert_eq!(stranger.close_code(), Some(1009));
    }
    scene.until_broken("frame_too_large", "too_large", CLAIMERS as u64);
    drop(strangers);
    // Reserving what they claim isn't possible; reserving the limit for each would show.
    scene.end(CLAIMERS as u64 * (BYTES_MAX as u64 / 1024) / 2);
}

#[test]
fn a_head_that_claims_the_limit_costs_nothing_until_the_bytes_come() {
    let mut scene = Scene::start(&[]);
    let mut strangers = open(&scene, CLAIMERS);
    scene.watch_memory_anew();
    for stranger in &mut strangers {
        // The first bytes are there, so that the frame has begun for certain.
        stranger.line.send(claim(BYTES_MAX as u64));
        stranger.line.send([b' '; 16]);
    }
    drop(strangers);
    let now = Instant::now();
    scene.until_only(0, now);
    scene.end(CLAIMERS as u64 * (BYTES_MAX as u64 / 1024) / 2);
}

#[test]
fn a_message_may_inflate_to_the_limit_and_one_byte_more_is_closed_with_1009() {
    let scene = Scene::start(&[]);
    let mut session = Deflated::open(&scene, "alice");
    session.send(&deflated::of(ping(BYTES_MAX).as_bytes()));
    assert_eq!(session.until_answer(1)["type"], "pong");
    session.send(&deflated::of(ping(BYTES_MAX + 1).as_bytes()));
    assert_eq!(session.close_code(), Some(1009));
    scene.until_broken("message_too_large", "too_large", 1);
    scene.end(SLACK_KIB);
}

#[test]
fn a_bomb_is_not_inflated_beyond_the_limit() {
    let bomb = deflated::of(&vec![b' '; BOMB_BYTES]);
    assert!(bomb.len() < BOMB_WIRE_BYTES, "{} bytes", bomb.len());
    let (whole, halves) = (deflated::frame(&bomb), deflated::in_two(&bomb));
    let scene = Scene::start(&[]);
    let mut bombers: Vec<_> = (0..20)
        .map(|at| Deflated::open(&scene, &format!("bomber-{at}")))
        .collect();
    for (at, bomber) in bombers.iter_mut().enumerate() {
        bomber.send_frames(if at % 2 == 0 { &whole } else { &halves });
    }
    for bomber in &mut bombers {
        assert_eq!(bomber.close_code(), Some(1009));
    }
    scene.until_broken("message_too_large", "too_large", 20);
    scene.end(SLACK_KIB);
}

fn open(scene: &Scene, strangers: usize) -> Vec<Session> {
    (0..strangers)
        .map(|at| scene.stranger(&format!("stranger-{at}")))
        .collect()
}
