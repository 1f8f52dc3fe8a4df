//! The operators' listener: its routes, and nothing of the public ones; the public one has none of these
//! but `/readyz`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::line::Line;
use crate::node::Node;
use crate::session::{Neighbour, Session, upgrade};

#[test]
fn a_node_is_alive_and_ready() {
    let node = Node::start(&[]);
    for path in ["/livez", "/readyz", "/metrics"] {
        assert_eq!(node.ask_ops(path).status, 200, "{path}");
        let mut line = Line::open(node.ops);
        line.send(format!(
            "HEAD {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        ));
        let head = String::from_utf8(line.until_closed()).unwrap();
        assert!(
            head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"),
            "{head}"
        );
    }
}

#[test]
fn each_listener_answers_its_own_routes_only() {
    let node = Node::start(&[]);
    for path in [
        "/",
        "/web/app.js",
        "/v1/ws?user=alice",
        "/v1/rooms/lobby/messages",
        "/x",
    ] {
        assert_eq!(node.ask_ops(path).status, 404, "{path}");
    }
    assert_eq!(
        Line::open(node.ops)
            .ask(upgrade("/v1/ws?user=alice", ""))
            .status,
        404
    );
    for method in ["POST", "PUT", "DELETE"] {
        let request = format!("{method} /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
        let status = Line::open(node.ops).ask(request).status;
        assert!([404, 405].contains(&status), "{method}: {status}");
    }
    for (path, status) in [("/livez", 404), ("/metrics", 404), ("/readyz", 200)] {
        let answer = node.ask(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
        assert_eq!(answer.status, status, "{path}");
    }
}

/// The names and values of the text exposition format, version 0.0.4, which says: HELP and TYPE of
/// a metric come once, before its samples.
fn parse(text: &str) -> BTreeMap<String, f64> {
    let (mut helped, mut typed) = (BTreeSet::new(), BTreeMap::new());
    let mut samples = BTreeMap::new();
    assert!(text.ends_with('\n'), "the last line ends, too");
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, sentence) = help.split_once(' ').expect(line);
            assert!(sentence.len() > 10 && helped.insert(name), "{line}");
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').expect(line);
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert!(typed.insert(name, kind).is_none(), "{line}");
        } else {
            let (sample, value) = line.rsplit_once(' ').expect(line);
            let name = sample.split('{').next().unwrap();
            let parts = ["_bucket", "_sum", "_count"];
            let family = parts.iter().find_map(|part| name.strip_suffix(part));
            let family = family
                .filter(|family| typed.get(family) == Some(&"histogram"))
                .unwrap_or(name);
            assert!(
                helped.contains(family) && typed.contains_key(family),
                "no HELP: {line}"
            );
            assert!(
                family.starts_with("roomcast_") || family.starts_with("process_"),
                "{line}"
            );
            let counts = typed[family] == "counter";
            assert_eq!(
                counts,
                family.ends_with("_total"),
                "counters, and only they, end so: {line}"
            );
            samples.insert(sample.to_owned(), value.parse().expect(line));
        }
    }
    samples
}

#[test]
fn every_metric_says_what_it_is() {
    let node = Node::start(&["--connections-max", "50"]);
    let mut neighbour = Neighbour::of(&node);
    neighbour.feels_nothing();
    let mut stranger = Session::open(&node, "stranger");
    stranger.ask(&json!({"type": "dance", "id": 1}));
    stranger.ask(&json!({"type": "who", "id": 2, "room": "elsewhere"}));
    let answer = node.ask_ops("/metrics");
    assert!(
        answer
            .header("content-type")
            .unwrap()
            .starts_with("text/plain")
    );
    let samples = parse(&answer.body);
    for (sample, value) in [
        ("roomcast_sessions", 2.0),
        ("roomcast_ready", 1.0),
        ("roomcast_connections", 2.0),
        ("roomcast_connections_max", 50.0),
        ("roomcast_messages_published_total", 1.0),
        ("roomcast_sessions_opened_total", 2.0),
        // The neighbour's room, and everybody's inbox.
        ("roomcast_joins_total{result=\"fresh\"}", 3.0),
        ("roomcast_refusals_total{code=\"unknown_type\"}", 1.0),
        ("roomcast_refusals_total{code=\"not_joined\"}", 1.0),
        ("roomcast_publish_seconds_count", 1.0),
    ] {
        assert_eq!(samples.get(sample), Some(&value), "{sample}");
    }
    let names = ["stranger", "neighbour", "next-door", "elsewhere"];
    assert!(
        !names.iter().any(|name| answer.body.contains(name)),
        "no label names a user or room"
    );
}
