//! SIGTERM (P11): nobody new comes in, everybody is told when to come back, what was said is answered.

use serde_json::json;

use crate::node::{Node, until};
use crate::session::{Next, Session, upgrade};

/// What is heard until the close: frames, and the code.
fn hear_out(session: &mut Session) -> (Vec<serde_json::Value>, Option<u16>) {
    let mut said = Vec::new();
    loop {
        match session.next() {
            Next::Says(frame) => said.push(frame),
            Next::Closes(code, _) => return (said, Some(code)),
            Next::Ends => return (said, None),
            Next::Pong(_) => {}
        }
    }
}

#[test]
fn a_draining_node_sends_everybody_away_and_exits_with_0() {
    let mut node = Node::start(&["--drain-ms", "1500"]);
    let mut idle: Vec<_> = (0..8)
        .map(|at| Session::open(&node, &format!("idle-{at}")))
        .collect();
    let mut busy = Session::open(&node, "busy");
    busy.ask(&json!({"type": "join", "id": "join", "room": "lobby"}));
    node.terminate();
    // The greatest delay of nine is hardly ever a small part of the window, but the others' doors
    // close only when all are gone, so this is asked as long as somebody is there.
    until("the drain has begun", || {
        node.log().contains("draining").then_some(())
    });
    let mut sent = 0;
    for id in 0..50 {
        busy.send_text(
            &json!({"type": "chat", "id": id, "room": "lobby", "message": "Still here"})
                .to_string(),
        );
        sent += 1;
    }
    let mut delays = Vec::new();
    for session in &mut idle {
        let (said, code) = hear_out(session);
        assert_eq!(code, Some(4000), "{said:?}");
        let reconnect = said
            .iter()
            .find(|frame| frame["type"] == "reconnect")
            .expect("told first");
        assert_eq!(reconnect["reason"], "draining");
        delays.push(reconnect["after_ms"].as_u64().unwrap());
    }
    assert!(delays.iter().all(|delay| *delay <= 1_500), "{delays:?}");
    delays.dedup();
    assert!(delays.len() > 1, "not all at one moment: {delays:?}");
    let (said, code) = hear_out(&mut busy);
    assert_eq!(code, Some(4000));
    assert!(said.iter().any(|frame| frame["type"] == "reconnect"));
    let count = |kind: &str| said.iter().filter(|frame| frame["type"] == kind).count();
    // Whatever was read was answered, and what was acknowledged was also told.
    assert!(count("ack") + count("error") <= sent);
    assert_eq!(count("ack"), count("chat"), "{said:?}");
    assert_eq!(node.ended().code(), Some(0));
}

#[test]
fn while_a_node_drains_it_says_so_to_all_who_ask() {
    let mut node = Node::start(&["--drain-ms", "3000"]);
    // One of so many is there for most of the window.
    let mut held: Vec<_> = (0..30)
        .map(|at| Session::open(&node, &format!("held-{at}")))
        .collect();
    node.terminate();
    until("the drain has begun", || {
        (node.ask_ops("/readyz").status == 404).then_some(())
    });
    assert_eq!(node.ask_ops("/livez").status, 200);
    let public = node.ask("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(public.status, 404, "{public:?}");
    let answer = node.ask(upgrade("/v1/ws?user=late", ""));
    assert_eq!(
        (answer.status, answer.problem()),
        (503, Some(502)),
        "{answer:?}"
    );
    assert!(answer.header("retry-after").is_some(), "{answer:?}");
    for session in &mut held {
        assert_eq!(hear_out(session).1, Some(4000));
    }
    assert_eq!(node.ended().code(), Some(0));
}

#[test]
fn a_node_nobody_uses_ends_at_once_and_half_heads_do_not_hold_it() {
    let mut node = Node::start(&["--drain-ms", "3600000", "--handshake-ms", "60000"]);
    let mut half = node.line();
    half.send("GET / HTTP/1.1\r\n");
    node.terminate();
    assert_eq!(
        node.ended().code(),
        Some(0),
        "long before the hour of the window"
    );
}
