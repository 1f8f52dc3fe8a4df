//! `POST /rebalance` at the operators' listener, and the command that asks for it.

use std::process::{Command, Output};

use crate::line::{Answer, Line};
use crate::node::{Node, until};
use crate::session::{Next, Session};

const JSON: &str = "Content-Type: application/json\r\n";
const HALF: &str = r#"{"share": 0.5, "within_ms": 1000}"#;

fn post(node: &Node, headers: &str, body: &str) -> Answer {
    let length = body.len();
    Line::open(node.ops).ask(format!(
        "POST /rebalance HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    ))
}

fn command(node: &Node, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_roomcast"));
    let ops = node.ops.to_string();
    command.args(["rebalance", "--ops", &ops]).args(arguments);
    command.output().expect("it runs")
}

/// What a session that is sent away is told, and then the code of the close.
fn farewell(session: &mut Session) -> (serde_json::Value, u16) {
    let mut told = serde_json::Value::Null;
    loop {
        match session.next() {
            Next::Says(frame) if frame["type"] == "reconnect" => told = frame,
            Next::Says(_) | Next::Pong(_) => {}
            Next::Closes(code, _) => return (told, code),
            Next::Ends => panic!("without a close"),
        }
    }
}

#[test]
fn a_share_is_told_closed_and_counted_and_the_node_stays_ready() {
    let node = Node::start(&[]);
    let mut sessions: Vec<_> = (0..20)
        .map(|at| Session::open(&node, &format!("user-{at}")))
        .collect();
    let answer = post(
        &node,
        "Content-Type: Application/JSON; charset=utf-8\r\n",
        HALF,
    );
    assert_eq!(answer.status, 202, "{answer:?}");
    let begun = answer.json();
    assert_eq!(begun["sessions"], 20);
    assert_eq!(begun["moving"], 10);
    assert_eq!(begun["within_ms"], 1_000);
    assert_eq!(node.ask_ops("/readyz").status, 200);
    let late = Session::open(&node, "late");
    sessions.push(late);
    let left = until("half of them are gone", || {
        let body = node.ask_ops("/metrics").body;
        body.contains("\nroomcast_sessions 11\n").then_some(body)
    });
    assert!(left.contains("\nroomcast_rebalanced_sessions_total 10\n"));
    assert!(left.contains("roomcast_sessions_closed_total{reason=\"rebalancing\"} 10\n"));
    let mut delays = Vec::new();
    // Those that stay would be waited for in vain: they say something, and are answered.
    for session in &mut sessions {
        session.send_text(r#"{"type":"ping","id":"still-here"}"#);
        if let Some(delay) = sent_away(session) {
            delays.push(delay);
        }
    }
    assert_eq!(delays.len(), 10);
    assert!(delays.iter().all(|delay| *delay <= 1_000), "{delays:?}");
    delays.dedup();
    assert!(delays.len() > 1, "not all at one moment: {delays:?}");
}

/// When a session was told to go that is closed by now; none if it is still there.
fn sent_away(session: &mut Session) -> Option<u64> {
    let mut told = None;
    loop {
        match session.next() {
            Next::Says(frame) if frame["type"] == "reconnect" => {
                assert_eq!(frame["reason"], "rebalancing");
                told = frame["after_ms"].as_u64();
            }
            Next::Says(frame) if frame["type"] == "pong" => {
                assert_eq!(told, None, "told to go, and still there");
                return None;
            }
            Next::Says(_) | Next::Pong(_) => {}
            Next::Closes(code, reason) => {
                assert_eq!((code, reason.as_str()), (4001, "rebalancing"));
                return Some(told.expect("told before"));
            }
            Next::Ends => panic!("it ended without a close"),
        }
    }
}

#[test]
fn what_is_no_order_of_an_operator_is_refused_with_a_reason() {
    let node = Node::start(&[]);
    let mut session = Session::open(&node, "alice");
    let long = format!("{{\"share\": 1, \"within_ms\": 1000{}}}", " ".repeat(2_000));
    for (headers, body, status, why) in [
        ("", HALF, 415, "application/json"),
        (
            "Content-Type: text/plain\r\n",
            HALF,
            415,
            "application/json",
        ),
        (
            "Content-Type: application/jsonp\r\n",
            HALF,
            415,
            "application/json",
        ),
        (
            &*format!("{JSON}Origin: http://127.0.0.1:9100\r\n"),
            HALF,
            403,
            "browser",
        ),
        (JSON, "", 400, "JSON object"),
        (JSON, "[0.5, 1000]", 400, "JSON object"),
        (JSON, r#"{"within_ms": 1000}"#, 400, "missing field `share`"),
        (JSON, r#"{"share": "1"}"#, 400, "invalid type"),
        (
            JSON,
            r#"{"share": 1, "within": 1000}"#,
            400,
            "unknown field `within`",
        ),
        (JSON, r#"{"share": 0}"#, 400, "share must be"),
        (JSON, r#"{"share": 1.01}"#, 400, "share must be"),
        (
            JSON,
            r#"{"share": 1, "within_ms": 999}"#,
            400,
            "within_ms must be from 1000",
        ),
        (
            JSON,
            r#"{"share": 1, "within_ms": 600001}"#,
            400,
            "to 600000",
        ),
        (JSON, r#"{"share": 1, "share": 1}"#, 400, "duplicate field"),
        (JSON, &*long, 413, "larger"),
    ] {
        let answer = post(&node, headers, body);
        assert_eq!(answer.status, status, "{headers}{body}: {answer:?}");
        assert!(answer.body.contains(why), "{headers}{body}: {answer:?}");
    }
    session.send_text(r#"{"type":"ping","id":"x"}"#);
    assert_eq!(sent_away(&mut session), None);
}

#[test]
fn only_the_operators_listener_takes_it_and_only_as_a_post_of_known_length() {
    let node = Node::start(&[]);
    let chunked = format!(
        "POST /rebalance HTTP/1.1\r\nHost: x\r\n{JSON}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    );
    assert_eq!(Line::open(node.ops).ask(chunked).status, 411);
    for method in ["GET", "PUT", "OPTIONS"] {
        let request =
            format!("{method} /rebalance HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
        let answer = Line::open(node.ops).ask(request);
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.header("allow"), Some("POST"));
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
    let public =
        format!("POST /rebalance HTTP/1.1\r\nHost: x\r\n{JSON}Content-Length: 2\r\n\r\n{{}}");
    assert_eq!(node.ask(public).status, 404);
}

#[test]
fn the_command_asks_and_tells() {
    let mut node = Node::start(&["--drain-ms", "3000"]);
    // One of so many is there for most of the drain.
    let mut crowd: Vec<_> = (0..30)
        .map(|at| Session::open(&node, &format!("user-{at}")))
        .collect();
    let asked = command(&node, &["--share", "1", "--within", "600s"]);
    assert!(asked.status.success(), "{asked:?}");
    let told = String::from_utf8(asked.stdout).unwrap();
    assert_eq!(
        told,
        "30 of 30 sessions are told to go, spread over 600 s\n"
    );
    let refused = |arguments: &[&str]| {
        let asked = command(&node, arguments);
        assert!(
            !asked.status.success() && asked.stdout.is_empty(),
            "{asked:?}"
        );
        String::from_utf8(asked.stderr).unwrap()
    };
    assert!(refused(&["--share", "1"]).contains("under way"));
    assert!(refused(&["--share", "2"]).contains("share must be above 0 and at most 1"));
    assert!(refused(&["--share", "1", "--within", "1h"]).contains("such as 30s"));
    node.terminate();
    until("the drain has begun", || {
        let body = node.ask_ops("/metrics").body;
        body.contains("\nroomcast_draining 1\n").then_some(())
    });
    assert!(refused(&["--share", "1"]).contains("the node drains"));
    // The drain decides, though ten minutes were told at first.
    for session in &mut crowd {
        let (told, code) = farewell(session);
        assert_eq!((told["reason"].as_str(), code), (Some("draining"), 4000));
    }
    assert_eq!(node.ended().code(), Some(0));
}
