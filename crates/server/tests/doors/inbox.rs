//! `?inbox=`: who comes back to their inbox gets what came meanwhile, in order and once (P6).

use serde_json::{Value, json};

use crate::back_end::post;
use crate::node::Node;
use crate::session::{Next, Session, upgrade};
use crate::stage::Stage;

fn say(node: &Node, text: &str) {
    let body = json!({"from": "robot", "message": text}).to_string();
    let answer = post(node, "/v1/users/alice/messages", &body);
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// The next message it hears.
fn heard(session: &mut Session) -> Value {
    loop {
        match session.next() {
            Next::Says(frame) if frame["type"] == "chat" => return frame,
            Next::Says(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

fn texts(joined: &Value) -> Vec<&str> {
    let messages = joined["messages"].as_array().unwrap();
    messages
        .iter()
        .map(|message| message["message"].as_str().unwrap())
        .collect()
}

#[test]
fn what_came_to_an_inbox_meanwhile_is_there_in_order_and_once() {
    Stage::each(&[], |stage| {
        let (mut first, [_, joined]) = Session::greeted(stage.here(), "/v1/ws?user=alice", "");
        assert_eq!(
            (&joined["seq"], &joined["recovered"]),
            (&json!(0), &json!(false)),
            "{joined}"
        );
        say(stage.there(), "One");
        let last = heard(&mut first);
        assert_eq!(
            (&last["message"], &last["to"]),
            (&json!("One"), &json!("alice"))
        );
        drop(first);
        say(stage.here(), "Two");
        say(stage.there(), "Three");
        let text = |name: &str| last[name].as_str().unwrap().to_owned();
        let position = format!("{}:{}", text("epoch"), last["seq"]);
        for since in [position.clone(), format!("{position}:{}", text("id"))] {
            let path = format!("/v1/ws?user=alice&inbox={since}");
            let (mut back, [_, joined]) = Session::greeted(stage.there(), &path, "");
            assert_eq!(texts(&joined), ["Two", "Three"], "{joined}");
            assert_eq!(
                (&joined["seq"], &joined["recovered"], joined.get("gap")),
                (&json!(3), &json!(true), None),
                "{joined}"
            );
            assert!(
                back.still_works()
                    .iter()
                    .all(|frame| frame["type"] != "chat")
            );
        }
        let mut live = Session::open_with(
            stage.there(),
            &format!("/v1/ws?user=alice&inbox={}:3", text("epoch")),
            "",
        );
        say(stage.here(), "Four");
        assert_eq!(heard(&mut live)["seq"], 4, "and then live");
    });
}

#[test]
fn a_position_of_another_log_is_a_gap_and_never_somebody_elses_inbox() {
    let node = Node::start(&[]);
    say(&node, "Only for alice");
    let since = "6f1c2a9be4d07735:7";
    let path = format!("/v1/ws?user=alice&inbox={since}");
    let (_, [_, joined]) = Session::greeted(&node, &path, "");
    assert_eq!(joined["recovered"], false, "{joined}");
    assert!(joined["gap"].is_object(), "{joined}");
    let (_, [_, bobs]) = Session::greeted(&node, &path.replace("alice", "bob"), "");
    assert_eq!((&bobs["room"], texts(&bobs)), (&json!("@bob"), vec![]));
}

#[test]
fn a_position_that_is_none_is_refused_before_the_upgrade() {
    let node = Node::start(&[]);
    let good = "6f1c2a9be4d07735:1";
    Session::open_with(&node, &format!("/v1/ws?user=alice&inbox={good}"), "").still_works();
    for query in [
        "inbox=",
        "inbox",
        "inbox=7",
        "inbox=6F1C2A9BE4D07735:1",
        "inbox=6f1c2a9be4d07735",
        "inbox=6f1c2a9be4d07735:",
        "inbox=6f1c2a9be4d07735:-1",
        "inbox=6f1c2a9be4d07735:9007199254740992",
        "inbox=6f1c2a9be4d07735:1:",
        "inbox=6f1c2a9be4d07735:1:x",
        "inbox=6f1c2a9be4d07735:1:6513270e-269e-4d37-b2a7-4de452e6b438:2",
        &format!("inbox={good}&inbox={good}"),
    ] {
        let answer = node.ask(upgrade(&format!("/v1/ws?user=alice&{query}"), ""));
        assert_eq!(
            (answer.status, answer.problem()),
            (400, Some(104)),
            "{query}: {answer:?}"
        );
    }
}
