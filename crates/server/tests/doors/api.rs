//! The HTTP API met by back ends with bad manners, and by strangers without the key.

use serde_json::json;

use crate::back_end::{get, head, post, post_with};
use crate::node::{API_KEY, Node};
use crate::session::{Neighbour, Session};

const MESSAGES: &str = "/v1/rooms/lobby/messages";

#[test]
fn what_is_said_properly_is_kept_and_read_and_told() {
    let node = Node::start(&[]);
    let mut alice = Session::open(&node, "alice");
    alice.ask(&json!({"type": "join", "id": 1, "room": "lobby"}));
    alice.ask(&json!({"type": "join", "id": 2, "room": "@alice"}));
    let body = r#"{"from":"robot","name":"Robot","message":"Hi","data":{"a":1.50}}"#;
    let key = "Idempotency-Key: k-1\r\n";
    let first = post_with(&node, MESSAGES, key, body.as_bytes());
    assert_eq!(first.status, 200, "{first:?}");
    assert_eq!(
        (&first.json()["seq"], &first.json()["duplicate"]),
        (&json!(1), &json!(false))
    );
    let again = post_with(&node, MESSAGES, key, body.as_bytes());
    assert_eq!(
        (&again.json()["seq"], &again.json()["duplicate"]),
        (&json!(1), &json!(true))
    );
    assert_eq!(again.json()["id"], first.json()["id"]);
    let direct = post(
        &node,
        "/v1/users/alice/messages",
        r#"{"from":"robot","message":"Psst"}"#,
    );
    assert_eq!(direct.json()["room"], "@alice", "{direct:?}");
    let page = get(&node, "/v1/rooms/lobby/messages?after=0&limit=5");
    assert!(
        page.body.contains(r#""data":{"a":1.50}"#),
        "byte for byte: {page:?}"
    );
    assert_eq!(
        (&page.json()["seq"], &page.json()["more"]),
        (&json!(1), &json!(false))
    );
    let said = crate::node::until("both are told", {
        let mut said = Vec::new();
        move || {
            said.extend(
                alice
                    .still_works()
                    .into_iter()
                    .filter(|frame| frame["type"] == "chat"),
            );
            (said.len() == 2).then(|| said.clone())
        }
    });
    assert!(
        said.iter()
            .any(|chat| chat["room"] == "lobby" && chat["id"] == first.json()["id"])
    );
    assert!(
        said.iter()
            .any(|chat| chat["room"] == "@alice" && chat["to"] == "alice")
    );
}

#[test]
fn without_the_key_nothing_is_read_and_no_body_is_taken() {
    let node = Node::start(&[]);
    let key = API_KEY.replace(' ', "-");
    for authorization in [
        "",
        "Bearer",
        "Bearer wrong",
        "bearer",
        &format!("Basic {key}"),
        &format!("Bearer {key}x"),
    ] {
        for request in ["GET", "POST"] {
            let answer = node.ask(format!(
                "{request} {MESSAGES} HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\n\
                 Content-Length: 60000\r\n\r\n"
            ));
            // The body was never sent: the answer didn't wait for it.
            assert_eq!(answer.status, 401, "{authorization}: {answer:?}");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
            answer.problem();
        }
    }
}

#[test]
fn a_body_that_is_no_message_is_told_why() {
    let node = Node::start(&[]);
    let mut neighbour = Neighbour::of(&node);
    let say = |more: &str| format!(r#"{{"from":"robot","message":"Hi"{more}}}"#);
    let deep = |levels| format!(r#","data":{}{}"#, "[".repeat(levels), "]".repeat(levels));
    let long = "x".repeat(16_385);
    for (body, status, code) in [
        (String::new(), 400, 100),
        ("null".into(), 400, 100),
        ("[]".into(), 400, 100),
        (r#"["robot",null,"Hi"]"#.into(), 400, 100),
        ("{".into(), 400, 100),
        ("{}".into(), 400, 100),
        ("message=Hi&from=robot".into(), 400, 100),
        (say("} {"), 400, 100),
        (say(r#","message":"twice""#), 400, 100),
        (say(r#","name":7"#), 400, 100),
        (say(r#","name":"\u0000""#), 400, 100),
        (say(r#","data":01"#), 400, 100),
        (say(&deep(32)), 400, 103),
        (say(&deep(3_000)), 400, 103),
        (r#"{"from":"robot"}"#.into(), 400, 100),
        (r#"{"message":"Hi"}"#.into(), 400, 100),
        (r#"{"from":"ro bot","message":"Hi"}"#.into(), 400, 100),
        (r#"{"from":"","message":"Hi"}"#.into(), 400, 100),
        (r#"{"from":"robot","message":"\ud800"}"#.into(), 400, 100),
        (r#"{"from":"robot","message":["Hi"]}"#.into(), 400, 100),
        (r#"{"from":"robot","message":""}"#.into(), 400, 104),
        (
            format!(r#"{{"from":"robot","message":"{long}"}}"#),
            413,
            301,
        ),
        (say(&format!(r#","data":"{long}""#)), 413, 301),
    ] {
        let answer = post(&node, MESSAGES, &body);
        let shown: String = body.chars().take(80).collect();
        assert_eq!(
            (answer.status, answer.problem()),
            (status, Some(code)),
            "{shown}: {answer:?}"
        );
        neighbour.feels_nothing();
    }
    let not_utf8 = post_with(
        &node,
        MESSAGES,
        "",
        b"{\"from\":\"robot\",\"message\":\"\xff\"}",
    );
    assert_eq!((not_utf8.status, not_utf8.problem()), (400, Some(100)));
    assert_eq!(
        post(&node, MESSAGES, &say(&deep(31))).status,
        200,
        "as deep as a frame may be"
    );
}

#[test]
fn a_body_without_a_length_or_too_large_is_refused_unread() {
    let node = Node::start(&[]);
    for more in ["", "Transfer-Encoding: chunked\r\n"] {
        let mut line = node.line();
        let answer = line.ask(head("POST", MESSAGES, more));
        assert_eq!(answer.status, 411, "{answer:?}");
        answer.problem();
    }
    for length in [65_537_u64, u64::MAX] {
        let answer = node.ask(head(
            "POST",
            MESSAGES,
            &format!("Content-Length: {length}\r\n"),
        ));
        // hyper itself takes no length beyond its own.
        assert!([413, 431].contains(&answer.status), "{length}: {answer:?}");
    }
}

#[test]
fn a_body_that_never_comes_is_given_up() {
    let node = Node::start(&[]);
    let mut neighbour = Neighbour::of(&node);
    let mut line = node.line();
    line.send(head("POST", MESSAGES, "Content-Length: 100\r\n"));
    line.send(r#"{"from":"robot","#);
    neighbour.feels_nothing();
    let answer = line.answer().expect("an answer");
    assert_eq!(answer.status, 408, "{answer:?}");
    answer.problem();
    assert!(
        line.until_closed().is_empty(),
        "the rest of the body would be taken for a request"
    );
}

#[test]
fn a_name_that_is_none_is_told_in_any_spelling() {
    let node = Node::start(&[]);
    let body = r#"{"from":"robot","message":"Hi"}"#;
    let long = "r".repeat(129);
    for name in [
        "a%20b",
        "a%2Fb",
        "%00",
        "%",
        "%f",
        "%ff",
        "%7B",
        "a%0Ab",
        "%E2%98%83",
        "a+b&c",
        "a;b",
        &long,
    ] {
        for answer in [
            get(&node, &format!("/v1/rooms/{name}/messages")),
            post(&node, &format!("/v1/rooms/{name}/messages"), body),
            post(&node, &format!("/v1/users/{name}/messages"), body),
        ] {
            assert_eq!(
                (answer.status, answer.problem()),
                (400, Some(104)),
                "{name}: {answer:?}"
            );
        }
    }
    let spelled = post(&node, "/v1/rooms/%6cobb%79%23%40/messages", body);
    assert_eq!(spelled.json()["room"], "lobby#@", "{spelled:?}");
    let inbox = post(&node, "/v1/rooms/@alice/messages", body);
    assert_eq!(
        (inbox.status, inbox.problem()),
        (403, Some(200)),
        "{inbox:?}"
    );
    assert_eq!(get(&node, "/v1/rooms/never/messages").status, 404);
}

#[test]
fn a_query_or_key_that_is_none_is_told() {
    let node = Node::start(&[]);
    assert_eq!(
        post(&node, MESSAGES, r#"{"from":"robot","message":"Hi"}"#).status,
        200
    );
    for query in [
        "after=1&before=2",
        "after=-1",
        "after=1.5",
        "after=",
        "after=x",
        "after=9007199254740992",
        "after=18446744073709551616",
        "limit=-1",
        "limit=x",
        "page=2",
        "=",
        "after=1;before=2",
        "after=%00",
        "after=%ff",
    ] {
        let answer = get(&node, &format!("{MESSAGES}?{query}"));
        assert_eq!(
            (answer.status, answer.problem()),
            (400, Some(104)),
            "{query}: {answer:?}"
        );
    }
    for query in [
        "",
        "limit=0",
        "limit=4294967296",
        "after=9007199254740991",
        "before=0",
    ] {
        assert_eq!(
            get(&node, &format!("{MESSAGES}?{query}")).status,
            200,
            "{query}"
        );
    }
    let long = "k".repeat(65);
    for key in ["", "a b", "{a}", "\u{e4}", &long] {
        let header = format!("Idempotency-Key: {key}\r\n");
        let answer = post_with(
            &node,
            MESSAGES,
            &header,
            br#"{"from":"robot","message":"Hi"}"#,
        );
        assert_eq!(
            (answer.status, answer.problem()),
            (400, Some(104)),
            "{key}: {answer:?}"
        );
    }
    let two = "Idempotency-Key: a\r\nIdempotency-Key: b\r\n";
    let answer = post_with(&node, MESSAGES, two, br#"{"from":"robot","message":"Hi"}"#);
    assert_eq!(
        (answer.status, answer.problem()),
        (400, Some(104)),
        "which of the two? {answer:?}"
    );
}
