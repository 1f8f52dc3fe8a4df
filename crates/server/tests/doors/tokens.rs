//! Sessions by signed token: where one may stand, what a bad one meets, what happens at its end.

use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use serde_json::json;

use crate::node::Node;
use crate::session::{Session, upgrade};

const KEY: &str = "hs256:of these tests, and of no other use";

fn start(flags: &[&str]) -> Node {
    Node::start(&[&["--token-keys", KEY, "--token-leeway-ms", "0"], flags].concat())
}

/// A token of the program's own making.
fn token(key: &str, user: &str, ttl_s: u64) -> String {
    made(&["--key", key, "--user", user, "--ttl-s", &ttl_s.to_string()])
}

fn made(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_roomcast"))
        .arg("token")
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_token_opens_a_session_from_a_header_or_the_list_of_subprotocols() {
    let node = start(&[]);
    let token = token(KEY, "alice", 3_600);
    Session::open_with(
        &node,
        "/v1/ws",
        &format!("Authorization: Bearer {token}\r\n"),
    )
    .still_works();
    let list = format!("Sec-WebSocket-Protocol: roomcast.v1, bearer.{token}\r\n");
    let answer = node.ask(upgrade("/v1/ws", &list));
    assert_eq!(answer.status, 101);
    assert_eq!(
        answer.header("sec-websocket-protocol"),
        Some("roomcast.v1"),
        "never the token"
    );
    assert!(!node.log().contains(&token), "no token reaches a log");
}

#[test]
fn without_a_good_token_the_answer_is_401_before_the_upgrade() {
    let node = start(&[]);
    let good = token(KEY, "alice", 3_600);
    let (head, signature) = good.rsplit_once('.').unwrap();
    let foreign = token("hs256:another secret, also of enough bytes", "alice", 3_600);
    let reversed: String = signature.chars().rev().collect();
    let bearer = |token: &str| format!("Authorization: Bearer {token}\r\n");
    for lines in [
        String::new(),
        bearer(""),
        bearer("a.b.c"),
        bearer(head),
        bearer(&format!("{head}.")),
        bearer(&format!("{head}.{reversed}")),
        bearer(&foreign),
        // {"alg":"none"}
        bearer(&format!(
            "eyJhbGciOiJub25lIn0.{}.",
            good.split('.').nth(1).unwrap()
        )),
        format!("Authorization: Basic {good}\r\n"),
        format!(
            "{}Sec-WebSocket-Protocol: roomcast.v1, bearer.{good}\r\n",
            bearer(&good)
        ),
        bearer(&good).repeat(2),
    ] {
        let answer = node.ask(upgrade("/v1/ws?user=alice", &lines));
        assert_eq!(answer.status, 401, "{lines}: {answer:?}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        answer.problem();
    }
}

#[test]
fn a_token_in_the_query_is_refused_unless_allowed_and_never_logged() {
    let token = token(KEY, "alice", 3_600);
    let path = format!("/v1/ws?token={token}");
    let node = start(&[]);
    let answer = node.ask(upgrade(&path, ""));
    assert_eq!(answer.status, 401, "{answer:?}");
    assert!(!answer.body.contains(&token));
    let open = start(&["--allow-query-token"]);
    let mut session = Session::open_with(&open, &path, "");
    session.still_works();
    for node in [&node, &open] {
        let log = node.log();
        let signature = token.rsplit('.').next().unwrap();
        assert!(!log.contains(signature), "a token reached the log:\n{log}");
    }
}

#[test]
fn a_session_ends_with_its_token_unless_a_fresh_one_came() {
    let node = start(&[]);
    let open = |ttl_s| {
        let bearer = format!("Authorization: Bearer {}\r\n", token(KEY, "alice", ttl_s));
        Session::open_with(&node, "/v1/ws", &bearer)
    };
    let ttl_s = 5;
    let (mut ending, mut renewed) = (open(ttl_s), open(ttl_s));
    for (fresh, code) in [
        (token(KEY, "bob", 3_600), json!(203)),
        ("rubbish".to_owned(), json!(203)),
        (
            token("hs256:another secret, also of enough bytes", "alice", 3_600),
            json!(203),
        ),
    ] {
        let error = ending.ask(&json!({"type": "auth", "id": 1, "token": fresh}));
        assert_eq!(error["code"], code, "{error}");
    }
    let fresh = token(KEY, "alice", 3_600);
    let done = renewed.ask(&json!({"type": "auth", "id": 1, "token": fresh}));
    assert_eq!(done["type"], "ok", "{done}");
    assert_eq!(ending.close_code(), Some(4400));
    // Both tokens were made within a second of each other.
    sleep(Duration::from_secs(2));
    renewed.still_works();
    assert!(!node.log().contains(&fresh), "no token reaches a log");
}

#[test]
fn a_token_says_whom_its_user_may_write_to() {
    let node = start(&[]);
    let alices = |direct: &[&str]| {
        let mut arguments = vec!["--key", KEY, "--user", "alice"];
        arguments.extend(direct.iter().flat_map(|pattern| ["--direct", pattern]));
        made(&arguments)
    };
    let bearer = format!("Authorization: Bearer {}\r\n", alices(&["staff.*", "bob"]));
    let mut alice = Session::open_with(&node, "/v1/ws", &bearer);
    let mut write_to = |user: &str| {
        let direct = json!({"type": "direct", "id": 1, "to": user, "message": "Psst"});
        let answer = alice.ask(&direct);
        (answer["type"].clone(), answer["code"].clone())
    };
    let acked = (json!("ack"), json!(null));
    for user in ["bob", "staff.7", "alice"] {
        assert_eq!(write_to(user), acked, "{user}");
    }
    for user in ["carol", "bobby", "staff"] {
        assert_eq!(write_to(user), (json!("error"), json!(200)), "{user}");
    }
    let renewed = alice.ask(&json!({"type": "auth", "id": 2, "token": alices(&[])}));
    assert_eq!(renewed["type"], "ok", "{renewed}");
    let direct = json!({"type": "direct", "id": 3, "to": "carol", "message": "Psst"});
    assert_eq!(alice.ask(&direct)["type"], "ack", "from now on everybody");
}
