//! Garbage instead of requests, on both listeners.

use std::net::SocketAddr;

use crate::line::Line;
use crate::node::Node;
use crate::session::Neighbour;

/// What is no request head at all. Each is answered 400 or just closed.
fn garbage() -> Vec<(&'static str, Vec<u8>)> {
    let text = |text: &str| text.as_bytes().to_vec();
    let mut noise = Vec::new();
    // A fixed sequence, so that a failure can be repeated: Knuth's MMIX constants.
    let mut state = 1_u64;
    for _ in 0..4_096 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        noise.push(state.to_be_bytes()[0]);
    }
    vec![
        ("noise", noise),
        ("zeros", vec![0; 2_048]),
        ("high bytes", vec![0xff; 2_048]),
        ("line ends", text("\r\n\r\n\r\n\r\n")),
        ("a TLS hello", vec![0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]),
        (
            "the HTTP/2 preface",
            text("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ),
        ("no version", text("GET /\r\n\r\n")),
        ("version 9", text("GET / HTTP/9.9\r\nHost: x\r\n\r\n")),
        (
            "a space in the path",
            text("GET /a b HTTP/1.1\r\nHost: x\r\n\r\n"),
        ),
        (
            "a control character in the path",
            text("GET /\u{1} HTTP/1.1\r\nHost: x\r\n\r\n"),
        ),
        (
            "a method with a slash",
            text("G/T / HTTP/1.1\r\nHost: x\r\n\r\n"),
        ),
        (
            "a header without a colon",
            text("GET / HTTP/1.1\r\nHost x\r\n\r\n"),
        ),
        (
            "a header with NUL",
            text("GET / HTTP/1.1\r\nHost: \0\r\n\r\n"),
        ),
        (
            "two lengths",
            text("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
        ),
        (
            "a negative length",
            text("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"),
        ),
        (
            "an endless length",
            text("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n"),
        ),
        (
            "an unknown coding",
            text("POST / HTTP/1.1\r\nTransfer-Encoding: rot13\r\n\r\n"),
        ),
    ]
}

fn both(node: &Node) -> [SocketAddr; 2] {
    [node.address, node.ops]
}

#[test]
fn garbage_is_answered_400_or_closed_on_both_listeners() {
    let node = Node::start(&["--handshake-ms", "300"]);
    let mut neighbour = Neighbour::of(&node);
    for address in both(&node) {
        for (what, bytes) in garbage() {
            let mut line = Line::open(address);
            line.send(bytes);
            line.end();
            let said = line.until_closed();
            let said = String::from_utf8_lossy(&said);
            let refused = ["400", "404", "501", "505"];
            let is_refusal = refused
                .iter()
                .any(|code| said.starts_with(&format!("HTTP/1.1 {code}")));
            assert!(said.is_empty() || is_refusal, "{what}: {said}");
            neighbour.feels_nothing();
        }
    }
}

#[test]
fn half_a_head_is_cut_when_its_time_is_over() {
    let node = Node::start(&["--handshake-ms", "300"]);
    let mut neighbour = Neighbour::of(&node);
    for address in both(&node) {
        for half in [
            "",
            "G",
            "GET / HTTP/1.1",
            "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: y",
        ] {
            let mut line = Line::open(address);
            line.send(half);
            let said = line.until_closed();
            let said = String::from_utf8_lossy(&said);
            assert!(
                said.is_empty() || said.starts_with("HTTP/1.1 408"),
                "{half}: {said}"
            );
        }
    }
    neighbour.feels_nothing();
}

#[test]
fn a_huge_head_is_refused() {
    let node = Node::start(&[]);
    let many = "X-Many: y\r\n".repeat(100);
    let long = format!("X-Long: {}\r\n", "y".repeat(100_000));
    let path = "p".repeat(100_000);
    for address in both(&node) {
        for head in [
            format!("GET / HTTP/1.1\r\nHost: x\r\n{many}\r\n"),
            format!("GET / HTTP/1.1\r\nHost: x\r\n{long}\r\n"),
            format!("GET /{path} HTTP/1.1\r\nHost: x\r\n\r\n"),
        ] {
            let mut line = Line::open(address);
            line.send(&head);
            // Closed over the rest of the head, the answer may be lost on its way.
            let said = line.until_closed();
            let said = String::from_utf8_lossy(&said);
            let refused = ["HTTP/1.1 431", "HTTP/1.1 414"]
                .iter()
                .any(|start| said.starts_with(start));
            assert!(said.is_empty() || refused, "{said}");
        }
    }
    Neighbour::of(&node).feels_nothing();
}

#[test]
fn a_wrong_path_is_404_and_a_wrong_method_405() {
    let node = Node::start(&[]);
    let ask = |method: &str, path: &str| {
        node.ask(format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
        ))
    };
    let paths = [
        "/v1",
        "/v1/",
        "/v1/ws/x",
        "/v2/ws",
        "//v1/ws",
        "/v1/rooms",
        "/v1/rooms/lobby",
        "/v1/rooms//messages",
        "/v1/users/",
        "/..",
        "/%2e%2e/etc/passwd",
        "/web/../Cargo.toml",
        "/web/%2e%2e/x",
        "/%",
        "/%zz",
        "/%00",
        "/nothing",
        "*",
        "/?user=alice/x",
    ];
    for path in paths {
        let answer = ask("GET", path);
        let is_page = path.starts_with("/?");
        let expected: &[u16] = if is_page { &[200] } else { &[400, 404] };
        assert!(expected.contains(&answer.status), "{path}: {answer:?}");
    }
    for method in [
        "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW", "CONNECT",
    ] {
        for path in [
            "/v1/ws",
            "/v1/rooms/lobby/messages",
            "/v1/users/bob/messages",
        ] {
            let answer = ask(method, path);
            assert!(
                [400, 405].contains(&answer.status),
                "{method} {path}: {answer:?}"
            );
        }
    }
    assert_eq!(ask("POST", "/v1/ws").status, 405);
    assert_eq!(ask("GET", "/v1/users/bob/messages").status, 405);
}
