//! Pings and pongs without end.

use std::thread::{scope, sleep};
use std::time::Duration;

use tokio::time::Instant;

use crate::push::Push as _;
use crate::scene::{SILENT, SLACK_KIB, Scene};
use crate::session::{FIN, Next, PING, PONG, Session, frame};

/// Control frames at once after a rest; ten more come back each second.
const BURST: usize = 32;
/// More than come back while one write of a few hundred bytes is read.
const BEYOND: usize = BURST + 8;
/// A little slower than ten a second.
const PACE: Duration = Duration::from_millis(120);
const ATTACKERS: usize = 10;
/// Pings of each attacker, in writes of so many.
const FLOOD: usize = 200_000;
const AT_ONCE: usize = 500;

fn open(scene: &Scene) -> Vec<Session> {
    (0..ATTACKERS).map(|_| scene.stranger("eve")).collect()
}

/// Sends until nothing is taken any more.
fn flood(session: &mut Session, frames: &[u8]) {
    for _ in 0..FLOOD / AT_ONCE {
        if !session.line.push(frames) {
            return;
        }
    }
}

#[test]
fn a_burst_of_pings_is_answered_and_more_is_closed_with_1008() {
    let scene = Scene::start(SILENT);
    let mut session = scene.stranger("alice");
    let ping = frame(FIN | PING, b"x");
    session.line.send(ping.repeat(BURST));
    for _ in 0..BURST {
        assert_eq!(session.next(), Next::Pong(b"x".to_vec()));
    }
    session.still_works();
    let mut session = scene.stranger("bob");
    session.line.send(ping.repeat(BEYOND));
    let mut pongs = 0;
    let code = loop {
        match session.next() {
            Next::Pong(_) => pongs += 1,
            Next::Closes(code, _) => break code,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(code, 1008);
    assert!((BURST..BEYOND).contains(&pongs), "{pongs} answers");
    scene.until_broken("control_flood", "policy", 1);
    scene.end(SLACK_KIB);
}

#[test]
fn pings_within_the_rate_are_answered_for_as_long_as_they_come() {
    let scene = Scene::start(SILENT);
    let mut session = scene.stranger("alice");
    for _ in 0..BEYOND {
        session.line.send(frame(FIN | PING, b""));
        assert_eq!(session.next(), Next::Pong(Vec::new()));
        sleep(PACE);
    }
    session.still_works();
    scene.end(SLACK_KIB);
}

#[test]
fn who_floods_with_control_frames_and_never_reads_is_gone_and_left_nothing_behind() {
    for payload in [&b""[..], &[7; 125]] {
        for opcode in [PING, PONG] {
            let scene = Scene::start(SILENT);
            let mut attackers = open(&scene);
            let frames = frame(FIN | opcode, payload).repeat(AT_ONCE);
            let began = Instant::now();
            scope(|scope| {
                for attacker in &mut attackers {
                    scope.spawn(|| flood(attacker, &frames));
                }
            });
            // They are still there, and still don't read.
            scene.until_broken("control_flood", "policy", ATTACKERS as u64);
            scene.until_only(0, began);
            drop(attackers);
            scene.end(SLACK_KIB);
        }
    }
}

#[test]
fn who_floods_with_pings_and_reads_the_pongs_is_gone_as_well() {
    let scene = Scene::start(SILENT);
    let mut attackers = open(&scene);
    let frames = frame(FIN | PING, &[7; 125]).repeat(AT_ONCE);
    let began = Instant::now();
    scope(|scope| {
        for attacker in &mut attackers {
            scope.spawn(
                || {
                    while attacker.line.push(&frames) && attacker.next() != Next::Ends {}
                },
            );
        }
    });
    scene.until_broken("control_flood", "policy", ATTACKERS as u64);
    scene.until_only(0, began);
    scene.end(SLACK_KIB);
}
