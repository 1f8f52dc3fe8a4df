//! What back ends do to people: end their sessions, take them out of rooms, ban them, on every node
//! (issue 4).

use serde_json::{Value, json};

use crate::back_end::{delete, get, post, put};
use crate::line::Answer;
use crate::node::{Node, until};
use crate::session::{Next, Session};
use crate::stage::Stage;

const DISCONNECT: &str = "/v1/users/alice/disconnect";
const MEMBER: &str = "/v1/rooms/lobby/members/alice";
const BAN: &str = "/v1/rooms/lobby/bans/alice";

fn json(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

fn join(session: &mut Session) -> Value {
    session.ask(&json!({"type": "join", "id": "join", "room": "lobby"}))
}

fn chat(session: &mut Session) -> Value {
    session.ask(&json!({"type": "chat", "id": "chat", "room": "lobby", "message": "Hi"}))
}

/// Opens a session of this user's that is in the lobby.
fn in_lobby(node: &Node, user: &str) -> Session {
    let mut session = Session::open(node, user);
    assert_eq!(join(&mut session)["type"], "joined");
    session
}

/// The next error that answers nothing; other frames are passed over.
fn told(session: &mut Session) -> Value {
    loop {
        match session.next() {
            Next::Says(frame) if frame["type"] == "error" => return frame,
            Next::Says(_) => {}
            other => panic!("{other:?} instead of an error"),
        }
    }
}

#[test]
fn who_is_disconnected_is_closed_on_every_node_with_what_the_back_end_says() {
    Stage::each(&[], |stage| {
        let mut bob = Session::open(stage.there(), "bob");
        for (body, code, reason) in [
            ("{}", 4402, "disconnected"),
            (r#"{"session":null,"code":null}"#, 4402, "disconnected"),
            (r#"{"code":4450}"#, 4450, "disconnected"),
            (
                r#"{"code":4099,"reason":"back in a minute \u00e4","note":"ignored"}"#,
                4099,
                "back in a minute ä",
            ),
            (r#"{"reason":""}"#, 4402, ""),
        ] {
            let mut sessions =
                [stage.here(), stage.there()].map(|node| Session::open(node, "alice"));
            let answer = json(&post(stage.here(), DISCONNECT, body));
            assert_eq!(answer, json!({"user": "alice", "sessions": 2}), "{body}");
            for session in &mut sessions {
                assert_eq!(session.close(), Some((code, reason.to_owned())), "{body}");
            }
            until("nobody is left of her", || {
                let found = json(&get(stage.here(), "/v1/users/alice"));
                (found["sessions"] == 0).then_some(())
            });
        }
        bob.still_works();
        let nobody = json(&post(stage.here(), DISCONNECT, "{}"));
        assert_eq!(nobody, json!({"user": "alice", "sessions": 0}));
        let closed = |node: &Node| {
            let metrics = node.ask_ops("/metrics").body;
            let counted = "roomcast_sessions_closed_total{reason=\"disconnected\"} ";
            let line = metrics.lines().find_map(|line| line.strip_prefix(counted));
            line.map_or(0, |count| count.parse().unwrap())
        };
        until("each close is counted under one name", || {
            let counts = [closed(stage.here()), closed(stage.there())];
            let alone = stage.name_there() == "here";
            let expected = if alone { [10, 10] } else { [5, 5] };
            (counts == expected).then_some(())
        });
    });
}

#[test]
fn a_session_that_is_named_goes_alone() {
    Stage::each(&[], |stage| {
        let open = |node| {
            let (session, [connected, _]) = Session::greeted(node, "/v1/ws?user=alice", "");
            (session, connected["session"].as_str().unwrap().to_owned())
        };
        let ((mut first, _), (mut second, id)) = (open(stage.here()), open(stage.there()));
        let unknown = r#"{"session":"6513270e-269e-4d37-b2a7-4de452e6b438"}"#;
        let none = json(&post(stage.here(), DISCONNECT, unknown));
        assert_eq!(none, json!({"user": "alice", "sessions": 0}));
        let body = json!({"session": id, "code": 4150, "reason": "moved"}).to_string();
        let others = json(&post(stage.here(), "/v1/users/bob/disconnect", &body));
        assert_eq!(others["sessions"], 0, "it is alice's");
        let one = json(&post(stage.here(), DISCONNECT, &body));
        assert_eq!(one, json!({"user": "alice", "sessions": 1}));
        assert_eq!(second.close(), Some((4150, "moved".to_owned())));
        first.still_works();
    });
}

#[test]
fn a_close_that_cannot_be_sent_is_refused_and_nobody_goes() {
    let node = Node::start(&[]);
    let mut alice = Session::open(&node, "alice");
    let long = format!(r#"{{"reason":"{}"}}"#, "ä".repeat(62));
    for (body, code) in [
        (r#"{"code":4500}"#, 104),
        (r#"{"code":1000}"#, 104),
        (r#"{"code":4000}"#, 104),
        (r#"{"code":4400}"#, 104),
        (r#"{"code":4100}"#, 104),
        (r#"{"code":0}"#, 104),
        (long.as_str(), 104),
        (r#"{"code":65536}"#, 100),
        (r#"{"code":"4450"}"#, 100),
        (r#"{"session":"mine"}"#, 100),
        (r#"{"reason":7}"#, 100),
        (r#"{"code":4450,"code":4450}"#, 100),
        ("[]", 100),
        ("", 100),
        ("null", 100),
    ] {
        let answer = post(&node, DISCONNECT, body);
        assert_eq!(
            (answer.status, answer.problem()),
            (400, Some(code)),
            "{body}: {answer:?}"
        );
        alice.still_works();
    }
    let longest = format!(r#"{{"reason":"{}x"}}"#, "ä".repeat(61));
    assert_eq!(json(&post(&node, DISCONNECT, &longest))["sessions"], 1);
    assert_eq!(alice.close(), Some((4402, "ä".repeat(61) + "x")));
}

#[test]
fn who_is_taken_out_is_told_so_hears_no_more_and_may_come_again() {
    Stage::each(&[], |stage| {
        let mut alices = [stage.here(), stage.there()].map(|node| in_lobby(node, "alice"));
        let mut bob = in_lobby(stage.there(), "bob");
        let answer = json(&delete(stage.here(), MEMBER));
        assert_eq!(answer, json!({"room": "lobby", "user": "alice"}));
        for alice in &mut alices {
            let error = told(alice);
            assert_eq!(
                (&error["code"], &error["room"], error.get("id")),
                (&json!(205), &json!("lobby"), None),
                "{error}"
            );
            let refused = chat(alice);
            assert_eq!(refused["code"], 201, "{refused}");
        }
        assert_eq!(chat(&mut bob)["type"], "ack");
        for alice in &mut alices {
            let heard = alice.still_works();
            assert!(
                heard.iter().all(|frame| frame["room"] != "lobby"),
                "{heard:?}"
            );
            let joined = join(alice);
            assert_eq!(joined["type"], "joined", "{joined}");
            assert_eq!(chat(alice)["type"], "ack");
        }
        // Who is not there is as good as out.
        assert_eq!(
            delete(stage.here(), "/v1/rooms/lobby/members/eve").status,
            200
        );
    });
}

#[test]
fn who_is_banned_is_out_and_stays_out_on_every_node_until_the_ban_ends() {
    Stage::each(&[], |stage| {
        let mut alices = [stage.here(), stage.there()].map(|node| in_lobby(node, "alice"));
        let ban = json(&put(
            stage.here(),
            BAN,
            r#"{"for_ms":600000,"why":"ignored"}"#,
        ));
        let until_ms = ban["until"].as_u64().expect("milliseconds");
        assert_eq!(
            ban,
            json!({"room": "lobby", "user": "alice", "until": until_ms})
        );
        let left_ms = |error: &Value| {
            let left_ms = error["retry_after_ms"].as_u64().expect("when it ends");
            assert!((1..=600_000).contains(&left_ms), "{error}");
        };
        for alice in &mut alices {
            let error = told(alice);
            assert_eq!(
                (&error["code"], &error["room"], error.get("id")),
                (&json!(204), &json!("lobby"), None),
                "{error}"
            );
            left_ms(&error);
            assert_eq!(chat(alice)["code"], 201);
        }
        // Also who comes only now.
        let mut late = [stage.here(), stage.there()].map(|node| Session::open(node, "alice"));
        for alice in alices.iter_mut().chain(&mut late) {
            let refused = join(alice);
            assert_eq!(refused["code"], 204, "{refused}");
            left_ms(&refused);
            let elsewhere = json!({"type": "join", "id": 2, "room": "elsewhere"});
            assert_eq!(alice.ask(&elsewhere)["type"], "joined");
        }
        let bans = json(&get(stage.there(), "/v1/rooms/lobby/bans"));
        let listed = json!([{"user": "alice", "until": until_ms}]);
        assert_eq!(
            bans,
            json!({"room": "lobby", "bans": listed, "more": false})
        );
        let ended = json(&delete(stage.there(), BAN));
        assert_eq!(ended, json!({"room": "lobby", "user": "alice"}));
        for alice in alices.iter_mut().chain(&mut late) {
            let joined = join(alice);
            assert_eq!(joined["type"], "joined", "{joined}");
        }
        let twice = delete(stage.here(), BAN);
        assert_eq!((twice.status, twice.problem()), (404, None), "{twice:?}");
    });
}

#[test]
fn a_ban_ends_by_itself_and_the_last_one_counts() {
    Stage::each(&[], |stage| {
        let mut alice = in_lobby(stage.there(), "alice");
        put(stage.here(), BAN, r#"{"for_ms":600000}"#);
        assert_eq!(told(&mut alice)["code"], 204);
        let shorter = put(stage.here(), BAN, r#"{"for_ms":500}"#);
        assert_eq!(shorter.status, 200, "{shorter:?}");
        until("she may come again", || {
            (join(&mut alice)["type"] == "joined").then_some(())
        });
        let none = json(&get(stage.here(), "/v1/rooms/lobby/bans"));
        assert_eq!(none["bans"], json!([]));
    });
}

#[test]
fn bans_come_page_by_page_in_the_order_of_ids() {
    Stage::each(&[], |stage| {
        for user in ["carol", "alice", "bob"] {
            let path = format!("/v1/rooms/lobby/bans/{user}");
            json(&put(stage.here(), &path, r#"{"for_ms":600000}"#));
        }
        let page = |query: &str| {
            let page = json(&get(
                stage.there(),
                &format!("/v1/rooms/lobby/bans?{query}"),
            ));
            let bans = page["bans"].as_array().unwrap().clone();
            let users = bans.into_iter().map(|ban| ban["user"].clone());
            (Value::Array(users.collect()), page["more"].clone())
        };
        assert_eq!(page("limit=2"), (json!(["alice", "bob"]), json!(true)));
        assert_eq!(page("limit=2&after=bob"), (json!(["carol"]), json!(false)));
        assert_eq!(page("after=carol"), (json!([]), json!(false)));
    });
}

#[test]
fn a_ban_that_is_none_and_an_inbox_are_refused() {
    let node = Node::start(&[]);
    for (body, code) in [
        ("{}", 100),
        (r#"{"for_ms":null}"#, 100),
        (r#"{"for_ms":"1000"}"#, 100),
        (r#"{"for_ms":-1}"#, 100),
        (r#"{"for_ms":1.5}"#, 100),
        (r#"{"for_ms":1,"for_ms":2}"#, 100),
        ("[1000]", 100),
        (r#"{"for_ms":0}"#, 104),
        (r#"{"for_ms":315360000001}"#, 104),
        (r#"{"for_ms":18446744073709551615}"#, 104),
    ] {
        let answer = put(&node, BAN, body);
        assert_eq!(
            (answer.status, answer.problem()),
            (400, Some(code)),
            "{body}: {answer:?}"
        );
    }
    assert_eq!(json(&get(&node, "/v1/rooms/lobby/bans"))["bans"], json!([]));
    for answer in [
        delete(&node, "/v1/rooms/@alice/members/alice"),
        put(&node, "/v1/rooms/@alice/bans/bob", r#"{"for_ms":1000}"#),
        delete(&node, "/v1/rooms/@alice/bans/bob"),
        get(&node, "/v1/rooms/@alice/bans"),
    ] {
        assert_eq!(
            (answer.status, answer.problem()),
            (403, Some(200)),
            "{answer:?}"
        );
    }
}
