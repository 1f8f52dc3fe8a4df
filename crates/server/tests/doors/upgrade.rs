//! What asks for a session and doesn't get one: HTTP says so before the upgrade.

use crate::node::Node;
use crate::session::{KEY, Neighbour, Next, Session, upgrade};

const PATH: &str = "/v1/ws?user=alice";

/// A proper handshake with one line of it changed.
fn changed(from: &str, to: &str) -> String {
    let head = upgrade(PATH, "");
    assert!(head.contains(from));
    head.replace(from, to)
}

#[test]
fn what_is_no_handshake_is_told_what_would_be_one() {
    let node = Node::start(&[]);
    let mut neighbour = Neighbour::of(&node);
    for (from, to) in [
        ("Connection: keep-alive, Upgrade\r\n", ""),
        (
            "Connection: keep-alive, Upgrade\r\n",
            "Connection: keep-alive\r\n",
        ),
        ("Upgrade: WebSocket\r\n", ""),
        ("Upgrade: WebSocket\r\n", "Upgrade: h2c\r\n"),
        ("Sec-WebSocket-Version: 13\r\n", ""),
        (
            "Sec-WebSocket-Version: 13\r\n",
            "Sec-WebSocket-Version: 12\r\n",
        ),
        (
            "Sec-WebSocket-Version: 13\r\n",
            "Sec-WebSocket-Version: 13, 8\r\n",
        ),
    ] {
        let answer = node.ask(changed(from, to));
        assert_eq!(answer.status, 426, "{to}: {answer:?}");
        assert_eq!(answer.header("upgrade"), Some("websocket"));
        assert_eq!(answer.header("sec-websocket-version"), Some("13"));
        answer.problem();
        neighbour.feels_nothing();
    }
}

#[test]
fn a_key_is_sixteen_bytes_given_once() {
    let node = Node::start(&[]);
    let key = format!("Sec-WebSocket-Key: {KEY}\r\n");
    let doubled = key.repeat(2);
    for to in [
        "",
        &doubled,
        "Sec-WebSocket-Key:\r\n",
        "Sec-WebSocket-Key: c2hvcnQ=\r\n",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ\r\n",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j!!==\r\n",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSBub25jZQ==\r\n",
    ] {
        let answer = node.ask(changed(&key, to));
        assert_eq!(answer.status, 400, "{to}: {answer:?}");
        answer.problem();
    }
}

#[test]
fn http_1_0_upgrades_nothing() {
    let node = Node::start(&[]);
    let answer = node.ask(upgrade(PATH, "").replace("HTTP/1.1", "HTTP/1.0"));
    assert!([400, 426].contains(&answer.status), "{answer:?}");
}

#[test]
fn a_foreign_page_is_refused_and_the_own_page_is_not() {
    let node = Node::start(&["--origins", "https://chat.example"]);
    let own = format!("http://{}", node.address);
    for origin in ["https://chat.example", &own] {
        Session::open_with(&node, PATH, &format!("Origin: {origin}\r\n")).still_works();
    }
    for origin in [
        "https://evil.example",
        "http://chat.example",
        "https://chat.example:8443",
        "https://chat.example.evil.example",
        "https://sub.chat.example",
        "null",
        "",
        "*",
        "https://chat.example, https://evil.example",
    ] {
        let answer = node.ask(upgrade(PATH, &format!("Origin: {origin}\r\n")));
        assert_eq!(answer.status, 403, "{origin}: {answer:?}");
        answer.problem();
    }
    let two = "Origin: https://chat.example\r\nOrigin: https://evil.example\r\n";
    assert_eq!(node.ask(upgrade(PATH, two)).status, 403);
}

#[test]
fn who_does_not_say_a_proper_name_is_not_let_in() {
    let node = Node::start(&[]);
    let long = "x".repeat(128);
    for query in [
        "",
        "?",
        "?user=",
        "?user",
        "?User=alice",
        "?user=al%20ice",
        "?user=a&user=b",
        "?user=%",
        "?user=%ff",
        "?user=a%00b",
        "?user=%F0%9F%90%9D",
        "?user=alice&name=%01",
        "?user=a&name=%E2%80%AE",
        &format!("?user={long}"),
    ] {
        let answer = node.ask(upgrade(&format!("/v1/ws{query}"), ""));
        assert!([400, 401].contains(&answer.status), "{query}: {answer:?}");
        answer.problem();
    }
    Session::open(&node, &"x".repeat(127)).still_works();
}

#[test]
fn one_session_too_many_is_closed_with_a_code_a_browser_can_read() {
    let node = Node::start(&["--sessions-per-user-max", "2"]);
    let mut inside = [Session::open(&node, "alice"), Session::open(&node, "alice")];
    let closes = Next::Closes(4401, "too_many_sessions".into());
    assert_eq!(Session::shake(&node, PATH, "").next(), closes);
    Session::open(&node, "bob").still_works();
    for session in &mut inside {
        session.still_works();
    }
}

#[test]
fn frames_sent_right_behind_the_handshake_are_heard() {
    let node = Node::start(&[]);
    let mut line = node.line();
    let mut bytes = upgrade(PATH, "").into_bytes();
    bytes.extend(crate::session::frame(0x81, br#"{"type":"ping","id":1}"#));
    assert_eq!(line.ask(bytes).status, 101);
    let mut session = Session { line };
    let said = session.until_answer(&1.into());
    let kinds = said.iter().map(|frame| frame["type"].as_str().unwrap());
    // The inbox is joined when the store has answered: before the pong, or later.
    let told: Vec<_> = kinds.filter(|kind| *kind != "joined").collect();
    assert_eq!(told, ["connected", "pong"]);
}
