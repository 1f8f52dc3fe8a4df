//! Requests that never come, come in drops, or come too large.

use std::thread::sleep;
use std::time::Duration;

use tokio::time::Instant;

use crate::line::Line;
use crate::push::Push as _;
use crate::scene::{SLACK_KIB, Scene};
use crate::session::{Session, upgrade};

const PATH: &str = "/v1/ws?user=alice";
/// `head_bytes_max`.
const HEAD_BYTES_MAX: usize = 16_384;
/// Connections of each kind.
const EACH: usize = 50;
const DROP_EVERY: Duration = Duration::from_millis(50);
const HURRIED: &[&str] = &["--handshake-ms", "1000"];

fn refused(reason: &str) -> String {
    format!("roomcast_requests_refused_total{{reason=\"{reason}\"}}")
}

#[test]
fn a_head_that_stays_away_ends_its_connection_however_it_dawdles() {
    let scene = Scene::start(HURRIED);
    let head = upgrade(PATH, "");
    let begin = |bytes: usize| -> Vec<Line> {
        let open = |_| {
            let mut line = scene.node.line();
            line.send(&head[..bytes]);
            line
        };
        (0..EACH).map(open).collect()
    };
    let began = Instant::now();
    let silent = [begin(0), begin(1), begin(head.len() - 1)];
    let mut dripping = begin(10);
    // A header line without end, a byte at a time: longer than a head may take, shorter than the
    // bytes it may have.
    while dripping.iter_mut().any(|line| line.push("x")) {
        sleep(DROP_EVERY);
    }
    scene.until_counted(&refused("head_too_slow"), 4 * EACH as u64);
    scene.until_only(0, began);
    for mut line in silent.into_iter().flatten() {
        assert!(line.answer().is_none(), "an answer to half a question");
    }
    scene.end(SLACK_KIB);
}

#[test]
fn a_head_in_drops_is_served_if_it_is_whole_in_time() {
    let scene = Scene::start(&["--handshake-ms", "30000"]);
    let head = upgrade(PATH, "");
    let mut line = scene.node.line();
    for drop in head.as_bytes().chunks(16) {
        line.send(drop);
        sleep(DROP_EVERY);
    }
    assert_eq!(line.answer().unwrap().status, 101);
    Session { line }.still_works();
    scene.until_counted(&refused("head_too_slow"), 0);
    scene.end(SLACK_KIB);
}

#[test]
fn a_head_of_the_limit_is_served_and_one_byte_more_is_answered_431() {
    let scene = Scene::start(&[]);
    let head = |bytes: usize| {
        let filler = bytes - upgrade(PATH, "X-Long: \r\n").len();
        upgrade(PATH, &format!("X-Long: {}\r\n", "x".repeat(filler)))
    };
    assert_eq!(head(HEAD_BYTES_MAX).len(), HEAD_BYTES_MAX);
    let mut line = scene.node.line();
    assert_eq!(line.ask(head(HEAD_BYTES_MAX)).status, 101);
    Session { line }.still_works();
    assert_eq!(scene.node.ask(head(HEAD_BYTES_MAX + 1)).status, 431);
    scene.until_counted(&refused("head_too_large"), 1);
    scene.end(SLACK_KIB);
}

#[test]
fn heads_without_end_are_cut_at_the_limit() {
    let scene = Scene::start(&[]);
    let endless = "X-More: and more\r\n".repeat(100_000);
    let began = Instant::now();
    for _ in 0..EACH {
        let mut line = scene.node.line();
        line.send("GET / HTTP/1.1\r\n");
        line.send(&endless);
    }
    scene.until_counted(&refused("head_too_large"), EACH as u64);
    scene.until_only(0, began);
    scene.end(SLACK_KIB);
}

#[test]
fn what_is_no_http_is_answered_400() {
    let scene = Scene::start(&[]);
    for garbage in [
        "\0\0\0\0\r\n\r\n",
        "hello\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
    ] {
        assert_eq!(scene.node.ask(garbage).status, 400, "{garbage:?}");
    }
    scene.until_counted(&refused("head_malformed"), 3);
    scene.end(SLACK_KIB);
}
