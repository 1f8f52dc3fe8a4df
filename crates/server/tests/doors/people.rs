//! What back ends learn of people: who is in a room, how far they have read, where they are (issue 4).

use roomcast_gateway::now_ms;
use serde_json::{Value, json};

use crate::back_end::{get, post};
use crate::line::Answer;
use crate::node::{Node, until};
use crate::session::{Next, Session};
use crate::stage::Stage;

fn json(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// Opens a session of this user's that is in the lobby.
fn in_lobby(node: &Node, user: &str) -> Session {
    let mut session = Session::open(node, user);
    let joined = session.ask(&json!({"type": "join", "id": "join", "room": "lobby"}));
    assert_eq!(joined["type"], "joined", "{joined}");
    session
}

/// All pages of a list, each asked for after the last user of the one before.
fn pages(node: &Node, path: &str, list: &str, limit: usize) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    loop {
        let after = all.last().map(|last| last["user"].as_str().unwrap());
        let after = after.map_or(String::new(), |user| format!("&after={user}"));
        let page = json(&get(node, &format!("{path}?limit={limit}{after}")));
        let users = page[list].as_array().unwrap();
        assert!(users.len() <= limit, "{page}");
        all.extend(users.iter().cloned());
        if page["more"] == false {
            return all;
        }
        assert_eq!(users.len(), limit, "more, and yet not a whole page: {page}");
    }
}

#[test]
fn members_come_page_by_page_in_the_order_of_their_ids_each_once() {
    Stage::each(&["--page-members-max", "3"], |stage| {
        let nobody = json(&get(stage.here(), "/v1/rooms/lobby/members"));
        assert_eq!(
            nobody,
            json!({"room": "lobby", "count": 0, "members": [], "more": false})
        );
        let users = ["dave", "alice", "carol", "Zoe", "bob"];
        let mut sessions: Vec<_> = users
            .iter()
            .map(|user| in_lobby(stage.here(), user))
            .collect();
        sessions.push(in_lobby(stage.there(), "alice"));
        let path = "/v1/rooms/lobby/members";
        let ids = ["Zoe", "alice", "bob", "carol", "dave"].map(|user| json!({"user": user}));
        for node in [stage.here(), stage.there()] {
            for limit in [1, 2, 3] {
                assert_eq!(pages(node, path, "members", limit), ids);
            }
            let most = json(&get(node, &format!("{path}?limit=1000")));
            assert_eq!(
                most["members"].as_array().unwrap().len(),
                3,
                "a node's own bound"
            );
            assert_eq!((&most["count"], &most["more"]), (&json!(5), &json!(true)));
        }
        let mut eve = Session::open_with(stage.there(), "/v1/ws?user=eve&name=Eve%20E", "");
        eve.ask(&json!({"type": "join", "id": 1, "room": "den"}));
        let den = json(&get(stage.here(), "/v1/rooms/den/members"));
        assert_eq!(den["members"], json!([{"user": "eve", "name": "Eve E"}]));
    });
}

#[test]
fn read_marks_come_page_by_page_and_never_stand_past_the_head() {
    Stage::each(&[], |stage| {
        let mut readers = ["bob", "alice", "carol"].map(|user| in_lobby(stage.there(), user));
        let mut epoch = Value::Null;
        for _ in 0..3 {
            let body = r#"{"from":"robot","message":"Read me"}"#;
            epoch = json(&post(stage.here(), "/v1/rooms/lobby/messages", body))["epoch"].clone();
        }
        let path = "/v1/rooms/lobby/reads";
        let none = json(&get(stage.here(), path));
        assert_eq!(none, json!({"room": "lobby", "marks": [], "more": false}));
        for (reader, seq) in readers.iter_mut().zip([2, 3, 999]) {
            // What is read has been heard: the node has seen the head.
            while heard(reader) < 3 {}
            let ok =
                reader.ask(&json!({"type": "read", "id": "read", "room": "lobby", "seq": seq}));
            assert_eq!(ok["type"], "ok", "{ok}");
        }
        let mark = |user: &str, seq: u64| json!({"user": user, "epoch": epoch, "seq": seq});
        let marks = [mark("alice", 3), mark("bob", 2), mark("carol", 3)];
        for node in [stage.here(), stage.there()] {
            for limit in [1, 2, 200] {
                assert_eq!(pages(node, path, "marks", limit), marks);
            }
        }
    });
}

/// The `seq` of the next message it hears.
fn heard(session: &mut Session) -> u64 {
    loop {
        match session.next() {
            Next::Says(frame) if frame["type"] == "chat" => return frame["seq"].as_u64().unwrap(),
            Next::Says(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_user_is_found_with_all_sessions_and_was_last_seen_when_the_last_one_went() {
    Stage::each(&["--grace-ms", "300"], |stage| {
        let path = "/v1/users/alice";
        let never = json!({"user": "alice", "online": false, "sessions": 0, "nodes": []});
        assert_eq!(json(&get(stage.here(), path)), never);
        let none = json!({"user": "alice", "sessions": [], "more": false});
        assert_eq!(json(&get(stage.here(), "/v1/users/alice/sessions")), none);

        let open = |node| {
            let (session, [connected, _]) = Session::greeted(node, "/v1/ws?user=alice", "");
            (session, connected["session"].clone())
        };
        let before_ms = now_ms();
        let (first, first_id) = open(stage.here());
        let (second, second_id) = open(stage.there());
        let there = stage.name_there();
        let mut ids = [(json!("here"), first_id), (json!(there), second_id.clone())];
        ids.sort_by_key(|(node, id)| (node.to_string(), id.to_string()));
        for node in [stage.here(), stage.there()] {
            let found = json(&get(node, path));
            assert_eq!(
                (&found["online"], &found["sessions"], found.get("last_seen")),
                (&json!(true), &json!(2), None),
                "{found}"
            );
            let nodes = found["nodes"].as_array().unwrap();
            assert!(nodes.contains(&json!("here")) && nodes.contains(&json!(there)));
            assert_eq!(nodes.len(), if there == "here" { 1 } else { 2 });
            let listed = json(&get(node, "/v1/users/alice/sessions"));
            let list = ids
                .each_ref()
                .map(|(node, id)| json!({"session": id, "node": node}));
            assert_eq!(listed["sessions"], json!(list), "{listed}");
            assert_eq!(listed["more"], false);
        }

        drop(first);
        let left = until("one session is left", || {
            let listed = json(&get(stage.here(), "/v1/users/alice/sessions"));
            let sessions = listed["sessions"].as_array().unwrap().clone();
            (sessions.len() == 1).then_some(sessions)
        });
        assert_eq!(left, [json!({"session": second_id, "node": there})]);
        drop(second);
        let seen = until("it is noted when she was seen", || {
            let found = json(&get(stage.here(), path));
            found["last_seen"].as_u64().inspect(|_| {
                assert_eq!(found["online"], false, "{found}");
                assert_eq!(found["nodes"], json!([]), "{found}");
            })
        });
        assert!(
            (before_ms..=now_ms()).contains(&seen),
            "milliseconds: {seen}"
        );
    });
}
