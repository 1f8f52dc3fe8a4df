//! More frames, bytes or messages than are taken, for long.

use std::thread::{scope, sleep};
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use crate::node::until;
use crate::push::Push as _;
use crate::scene::{GONE_WITHIN, SLACK_KIB, Scene};
use crate::session::{CONTINUATION, FIN, Next, Session, TEXT, frame};

/// A node that lets a session command so much that what ends a flood is the socket's own bound, with
/// its defaults, and not the gateway's.
const PATIENT: &[&str] = &["--commands-per-second", "250", "--commands-burst", "1000"];
/// Bytes at once, and for each second after.
const BYTES_BURST: u64 = 16 << 20;
const BYTES_PER_SECOND: u64 = 8 << 20;
/// What the kernel holds between the two ends, at most.
const KERNEL_BYTES: u64 = 16 << 20;
/// What is read and thrown away at the end of a conversation.
const FORGOTTEN_BYTES: u64 = 2 << 20;
/// Far more than is ever taken within that time.
const FLOOD_BYTES_MAX: u64 = 1 << 30;
/// How long a throttled peer may go on without a rest.
const FLOOD_TIME: Duration = Duration::from_secs(6);
/// Commands at once, then refusals, by the defaults of a gateway.
const COMMANDS_BURST: usize = 60;
const REFUSALS: usize = 300;

/// A ping in a frame of this many bytes.
fn request(bytes: usize) -> Vec<u8> {
    let mut text = r#"{"type":"ping","id":1}"#.to_owned();
    text.push_str(&" ".repeat(bytes - text.len()));
    frame(FIN | TEXT, text.as_bytes())
}

/// A ping in this many frames.
fn request_in(frames: usize) -> Vec<u8> {
    let between = frame(CONTINUATION, b" ").repeat(frames - 2);
    let last = frame(FIN | CONTINUATION, br#""type":"ping","id":1}"#);
    [frame(TEXT, b"{"), between, last].concat()
}

/// Reads and forgets, until the end; the code it was closed with, if it came through.
fn read_out(session: &mut Session) -> Option<u16> {
    loop {
        match session.next() {
            Next::Closes(code, _) => return Some(code),
            Next::Ends => return None,
            Next::Says(_) | Next::Pong(_) => {}
        }
    }
}

/// Floods with this until it is closed; how many bytes were taken.
fn flood(scene: &Scene, wire: &[u8]) -> u64 {
    let mut session = scene.stranger("eve");
    let mut writer = session.line.another();
    // An answer to a ping would come into the middle of a frame.
    session.line.is_mute = true;
    let wire = wire.repeat((256 * 1024 / wire.len()).max(1));
    let mut taken = 0;
    scope(|scope| {
        // The answers are read, so that nothing but the flood can be the reason of the end.
        let reader = scope.spawn(|| read_out(&mut session));
        while writer.push(&wire) {
            taken += wire.len() as u64;
            if taken > FLOOD_BYTES_MAX {
                // It is never closed: an end, so that the test has one too.
                writer.end();
                break;
            }
        }
        if let Some(code) = reader.join().unwrap() {
            assert_eq!(code, 1008);
        }
    });
    taken
}

#[test]
fn a_flood_is_throttled_and_then_closed_with_1008() {
    let floods = [
        ("bytes", request(65_536)),
        ("frames", request_in(500)),
        ("messages", request(30)),
    ];
    scope(|scope| {
        for (what, wire) in floods {
            scope.spawn(move || {
                let scene = Scene::start(PATIENT);
                let began = Instant::now();
                let taken = flood(&scene, &wire);
                let took = began.elapsed();
                assert!(took >= FLOOD_TIME, "{what}: closed after {took:?}");
                let allowed = BYTES_BURST + took.as_secs() * BYTES_PER_SECOND + BYTES_PER_SECOND;
                let beyond = KERNEL_BYTES + FORGOTTEN_BYTES;
                assert!(taken <= allowed + beyond, "{what}: {taken} bytes");
                scene.until_broken("flood", "policy", 1);
                scene.until_only(0, began + FLOOD_TIME);
                scene.end(SLACK_KIB);
            });
        }
    });
}

#[test]
fn who_sends_much_and_then_rests_is_throttled_and_never_closed() {
    let scene = Scene::start(PATIENT);
    let mut session = scene.stranger("alice");
    let wire = request(65_536);
    // Twice what may come at once, then a rest of twice the time after which it counts as one.
    for _ in 0..2 {
        for _ in 0..2 * BYTES_BURST / 65_536 {
            session.line.send(&wire);
        }
        for _ in 0..2 * BYTES_BURST / 65_536 {
            assert_eq!(session.until_answer(&json!(1)).len(), 1);
        }
        sleep(Duration::from_secs(3));
    }
    session.still_works();
    scene.end(SLACK_KIB);
}

#[test]
fn commands_beyond_the_burst_are_refused_and_going_on_is_closed_with_4103() {
    let scene = Scene::start(&[]);
    let mut session = scene.stranger("alice");
    session.line.send(request(30).repeat(COMMANDS_BURST));
    for _ in 0..COMMANDS_BURST {
        let pong = session.until_answer(&json!(1)).pop().unwrap();
        assert_eq!(pong["type"], "pong");
    }
    let mut hasty = scene.stranger("bob");
    hasty.line.send(request(30).repeat(2 * COMMANDS_BURST));
    for _ in 0..2 * COMMANDS_BURST {
        hasty.until_answer(&json!(1));
    }
    sleep(Duration::from_secs(1));
    hasty.still_works();
    let mut flooding = scene.stranger("eve");
    // Some tokens come back while they are read.
    let commands = 2 * (COMMANDS_BURST + REFUSALS);
    let began = Instant::now();
    flooding.line.send(request(30).repeat(commands));
    assert_eq!(read_out(&mut flooding), Some(4103));
    scene.until_closed("flooding", 1);
    scene.until_only(2, began);
    scene.end(SLACK_KIB);
}

#[test]
fn who_floods_without_reading_a_single_answer_is_gone_and_left_nothing_behind() {
    let scene = Scene::start(&[]);
    let mut attackers: Vec<_> = (0..10).map(|_| scene.stranger("eve")).collect();
    let wire = request(30).repeat(1_000);
    let began = Instant::now();
    scope(|scope| {
        for attacker in &mut attackers {
            scope.spawn(
                || {
                    while began.elapsed() < GONE_WITHIN && attacker.line.push(&wire) {}
                },
            );
        }
    });
    until("they are closed", || {
        let closed = "roomcast_sessions_closed_total{reason=\"flooding\"}";
        (scene.counted(closed) == 10).then_some(())
    });
    scene.until_only(0, began);
    scene.end(SLACK_KIB);
}
