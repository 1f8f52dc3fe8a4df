//! Several events in one message, for clients that ask for it.

use serde_json::{Value, json};

use crate::node::Node;
use crate::session::{FIN, Next, Session, TEXT, frame};

/// Reads messages until so many events of a type have come; the messages.
fn messages(session: &mut Session, events: usize, kind: &str) -> Vec<Vec<Value>> {
    let mut messages: Vec<Vec<Value>> = Vec::new();
    let is_one = |event: &&Value| event["type"] == kind;
    while messages.iter().flatten().filter(is_one).count() < events {
        match session.next() {
            Next::Says(Value::Array(events)) => messages.push(events),
            Next::Says(event) => messages.push(vec![event]),
            other => panic!("{other:?} after {messages:?}"),
        }
    }
    messages
}

fn requests(count: u32, request: impl Fn(u32) -> Value) -> Vec<u8> {
    let text = |id| request(id).to_string();
    (0..count)
        .flat_map(|id| frame(FIN | TEXT, text(id).as_bytes()))
        .collect()
}

#[test]
fn what_has_queued_for_a_client_of_batches_comes_in_one_message() {
    let node = Node::start(&[]);
    let mut session = Session::open_with(&node, "/v1/ws?user=eager&batch=1", "");
    let pings = requests(20, |id| json!({"type": "ping", "id": id}));
    session.line.send(&pings);
    let batches = messages(&mut session, 20, "pong");
    assert!(batches.len() < 20, "nothing went together: {batches:?}");
    let ids: Vec<_> = batches.iter().flatten().map(|pong| &pong["id"]).collect();
    assert_eq!(json!(ids), json!((0..20).collect::<Vec<_>>()));
    let mut plain = Session::open(&node, "plain");
    plain.line.send(&pings);
    let one_by_one = messages(&mut plain, 20, "pong");
    assert_eq!(one_by_one.len(), 20, "nobody else gets arrays");
}

#[test]
fn a_window_gathers_what_comes_within_it_and_keeps_the_order() {
    let node = Node::start(&["--batch-ms", "50"]);
    let mut listener = Session::open_with(&node, "/v1/ws?user=listener&batch=1", "");
    let join = json!({"type": "join", "id": "join", "room": "lobby"});
    listener.send_text(&join.to_string());
    messages(&mut listener, 1, "joined");
    let mut talker = Session::open(&node, "talker");
    talker.ask(&join);
    let chats = requests(
        200,
        |id| json!({"type": "chat", "id": id, "room": "lobby", "message": "On and on"}),
    );
    talker.line.send(chats);
    let batches = messages(&mut listener, 200, "chat");
    let seqs: Vec<_> = batches
        .iter()
        .flatten()
        .filter(|event| event["type"] == "chat")
        .map(|chat| chat["seq"].as_u64().unwrap())
        .collect();
    assert_eq!(seqs, (1..=200).collect::<Vec<_>>());
    assert!(batches.len() < 100, "{} messages", batches.len());
}
