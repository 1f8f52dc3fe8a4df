//! From how many users on a room is told of them in summaries: what the settings say (issue 4).

use serde_json::{Value, json};

use crate::node::Node;
use crate::session::{Next, Session};

fn in_lobby(node: &Node, user: &str) -> Session {
    let mut session = Session::open(node, user);
    let joined = session.ask(&json!({"type": "join", "id": "join", "room": "lobby"}));
    assert_eq!(joined["type"], "joined", "{joined}");
    session
}

/// What the room is told until a frame is this one.
fn until(session: &mut Session, last: &Value) -> Vec<Value> {
    let mut told = Vec::new();
    loop {
        match session.next() {
            Next::Says(frame) => {
                let is_last = frame == *last;
                told.push(frame);
                if is_last {
                    return told;
                }
            }
            other => panic!("{other:?} instead of {last}, after {told:?}"),
        }
    }
}

#[test]
fn a_room_is_told_of_each_then_of_names_then_of_numbers_as_it_grows() {
    let node = Node::start(&[
        "--presence-each-max",
        "2",
        "--presence-named-max",
        "3",
        "--presence-every-ms",
        "10",
        "--grace-ms",
        "0",
    ]);
    let mut watcher = in_lobby(&node, "watcher");
    let room = |kind: &str| json!({"type": kind, "room": "lobby"});
    let with = |mut frame: Value, more: Value| {
        let more = more.as_object().unwrap().clone();
        frame.as_object_mut().unwrap().extend(more);
        frame
    };
    let _second = in_lobby(&node, "b");
    let each = with(room("user_joined"), json!({"user": "b", "count": 2}));
    until(&mut watcher, &each);
    let _third = in_lobby(&node, "c");
    let named = with(
        room("presence"),
        json!({"joined": [{"user": "c"}], "count": 3}),
    );
    until(&mut watcher, &named);
    let _fourth = in_lobby(&node, "d");
    until(&mut watcher, &with(room("presence"), json!({"count": 4})));
}

#[test]
fn typing_ends_by_itself_and_of_many_typists_only_the_number_is_told() {
    let node = Node::start(&[
        "--typists-named-max",
        "1",
        "--presence-every-ms",
        "10",
        "--typing-ttl-ms",
        "3000",
        "--typing-repeat-ms",
        "2999",
    ]);
    let mut watcher = in_lobby(&node, "watcher");
    let mut typists = ["b", "c"].map(|user| in_lobby(&node, user));
    let typing = json!({"type": "typing", "room": "lobby", "typing": true}).to_string();
    for typist in &mut typists {
        typist.send_text(&typing);
    }
    let number = json!({"type": "typists", "room": "lobby", "count": 2});
    until(&mut watcher, &number);
    // Nobody repeats it, and nobody ends it.
    loop {
        match watcher.next() {
            Next::Says(frame) if frame["type"] == "typists" && frame["count"] == 0 => break,
            Next::Says(frame) if frame["type"] == "typing" && frame["typing"] == false => break,
            Next::Says(_) => {}
            other => panic!("{other:?}"),
        }
    }
}
