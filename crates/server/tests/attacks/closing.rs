//! Those who don't let a conversation end.

use std::thread::{self, sleep};
use std::time::Duration;

use tokio::time::Instant;

use crate::push::Push as _;
use crate::scene::{GONE_WITHIN, SLACK_KIB, Scene};
use crate::session::{BINARY, CLOSE, CONTINUATION, FIN, Session, TEXT, frame};

/// Sessions of each kind.
const EACH: usize = 25;
/// Between two pieces of what a peer goes on sending.
const PAUSE: Duration = Duration::from_millis(20);

/// So many sessions that have got themselves closed by a binary message, and say no more.
fn refused(scene: &Scene, name: &str) -> Vec<Session> {
    let mut sessions = Vec::new();
    for at in 0..EACH {
        let mut session = scene.stranger(&format!("{name}-{at}"));
        session.line.send(frame(FIN | BINARY, b"x"));
        sessions.push(session);
    }
    sessions
}

/// Sends these again and again, slowly, until nothing is taken or it has taken too long.
fn babble(sessions: &mut [Session], wire: &[u8]) {
    let began = Instant::now();
    while began.elapsed() < GONE_WITHIN {
        let taken = sessions
            .iter_mut()
            .filter_map(|session| session.line.push(wire).then_some(()));
        if taken.count() == 0 {
            return;
        }
        sleep(PAUSE);
    }
    panic!("they are still listened to after {GONE_WITHIN:?}");
}

#[test]
fn who_never_answers_a_close_is_gone_two_seconds_after_it() {
    let scene = Scene::start(&[]);
    let began = Instant::now();
    let mut silent = refused(&scene, "silent");
    scene.until_broken("binary_refused", "unsupported_data", EACH as u64);
    for session in &mut silent {
        assert_eq!(session.close_code(), Some(1003));
    }
    // They hold their ends open; only the node can end it.
    scene.until_only(0, began);
    for session in &mut silent {
        assert!(session.line.until_closed().is_empty());
    }
    scene.end(SLACK_KIB);
}

#[test]
fn who_answers_a_close_with_anything_else_is_gone_as_soon() {
    let scene = Scene::start(&[]);
    let endless = frame(CONTINUATION, b"x");
    let long = frame(FIN | TEXT, &[b'x'; 60_000]);
    let began = Instant::now();
    thread::scope(|scope| {
        for (name, wire) in [
            ("text", frame(FIN | TEXT, b"{}")),
            ("fragment", endless),
            ("bytes", long[..10_000].to_vec()),
            ("garbage", vec![0xff; 1_000]),
        ] {
            let mut babblers = refused(&scene, name);
            scope.spawn(move || babble(&mut babblers, &wire));
        }
    });
    scene.until_broken("binary_refused", "unsupported_data", 4 * EACH as u64);
    scene.until_only(0, began);
    scene.end(SLACK_KIB);
}

#[test]
fn who_closes_and_then_holds_on_is_let_go() {
    let scene = Scene::start(&[]);
    let began = Instant::now();
    let holding: Vec<_> = (0..EACH)
        .map(|at| {
            let mut session = scene.stranger(&format!("holding-{at}"));
            session
                .line
                .send(frame(FIN | CLOSE, &1000_u16.to_be_bytes()));
            session
        })
        .collect();
    scene.until_closed("peer", EACH as u64);
    scene.until_only(0, began);
    for mut session in holding {
        assert_eq!(session.close_code(), Some(1000));
        assert!(session.line.until_closed().is_empty());
    }
    scene.end(SLACK_KIB);
}

#[test]
fn who_was_turned_away_at_the_door_cannot_hold_on_either() {
    let scene = Scene::start(&["--sessions-per-user-max", "1"]);
    let _inside = scene.stranger("alice");
    let began = Instant::now();
    let mut away: Vec<_> = (0..EACH)
        .map(|_| Session::shake(&scene.node, "/v1/ws?user=alice", ""))
        .collect();
    for session in &mut away {
        assert_eq!(session.close_code(), Some(4401));
    }
    scene.until_closed("too_many_sessions", EACH as u64);
    scene.until_only(1, began);
    scene.end(SLACK_KIB);
}
