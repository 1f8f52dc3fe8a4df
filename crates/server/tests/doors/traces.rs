//! Where a collector is set, one message is one trace over all nodes; where none is, or none that
//! works, chat is as ever.

use std::time::Duration;

use roomcast_broker::conformance::RedisProcess;
use roomcast_redis::processes::Certificate;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::back_end::post_with;
use crate::collector::{Collector, Mood, Told};
use crate::node::{Node, until};
use crate::session::{Next, Session};

const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN_ID: &str = "00f067aa0ba902b7";

fn everything(collector: &str) -> [&str; 6] {
    let sample = ["--trace-sample", "1", "--traces-per-second-max", "100000"];
    let [sample, all, limit, high] = sample;
    ["--otlp-endpoint", collector, sample, all, limit, high]
}

fn join(session: &mut Session, room: &str) {
    let joined = session.ask(&json!({"type": "join", "id": "join", "room": room}));
    assert_eq!(joined["type"], "joined", "{joined}");
}

fn say(session: &mut Session, text: &str) -> Value {
    let ack = session.ask(&json!({"type": "chat", "id": text, "room": "lobby", "message": text}));
    assert_eq!(ack["type"], "ack", "{ack}");
    ack
}

/// Waits until this is said in the room.
fn hear(session: &mut Session, text: &str) {
    loop {
        match session.next() {
            Next::Says(frame) if frame["message"] == text => return,
            Next::Says(_) => {}
            other => panic!("{other:?} instead of {text:?}"),
        }
    }
}

fn counted(node: &Node, sample: &str) -> u64 {
    let metrics = node.ask_ops("/metrics").body;
    let value = metrics.lines().find_map(|line| line.strip_prefix(sample));
    let value = value.unwrap_or_else(|| panic!("no {sample} in {metrics}"));
    value.trim().parse().unwrap()
}

fn named<'a>(spans: &'a [Told], name: &str, node: &str) -> Vec<&'a Told> {
    let is_it = |told: &&Told| told.span.name == name && told.node == node;
    spans.iter().filter(is_it).collect()
}

fn the<'a>(spans: &'a [Told], name: &str, node: &str) -> &'a Told {
    match named(spans, name, node)[..] {
        [one] => one,
        ref other => panic!("{} of {name} on {node}: {spans:#?}", other.len()),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn one_chat_is_one_trace_over_two_nodes() {
    let collector = Collector::start(Mood::Takes);
    let redis = RedisProcess::start();
    let (url, at) = (redis.url(), collector.url());
    let start = |name| {
        let flags = [
            "--node",
            name,
            "--redis",
            &url,
            "--otlp-headers",
            "x-tenant=chat",
        ];
        Node::start(&[&flags[..], &everything(&at)].concat())
    };
    let (here, there) = (start("here"), start("there"));
    let mut alice = Session::open(&here, "alice");
    let mut bob = Session::open(&there, "bob");
    join(&mut alice, "lobby");
    join(&mut bob, "lobby");
    say(&mut alice, "hello");
    hear(&mut bob, "hello");
    let spans = collector.until("six spans", |spans| spans.len() >= 6);
    assert_eq!(spans.len(), 6, "{spans:#?}");

    let publish = the(&spans, "publish", "here");
    assert!(publish.span.parent_span_id.is_empty());
    assert_eq!(publish.fact("roomcast.entrance").as_deref(), Some("chat"));
    let store = the(&spans, "store", "here");
    assert_eq!(store.fact("roomcast.duplicate").as_deref(), Some("false"));
    assert!(store.fact("roomcast.message_id").is_some());
    assert_eq!(store.span.parent_span_id, publish.span.span_id);
    for node in ["here", "there"] {
        let relay = the(&spans, "relay", node);
        assert_eq!(relay.span.parent_span_id, publish.span.span_id);
        assert_eq!(relay.fact("roomcast.source").as_deref(), Some("feed"));
        assert_eq!(relay.fact("roomcast.members").as_deref(), Some("1"));
        let deliver = the(&spans, "deliver", node);
        assert_eq!(deliver.span.parent_span_id, relay.span.span_id);
        assert_eq!(deliver.fact("roomcast.rank").as_deref(), Some("1"));
    }
    for Told { span, .. } in &spans {
        assert_eq!(span.trace_id, publish.span.trace_id);
        assert_eq!((span.trace_id.len(), span.span_id.len()), (16, 8));
        assert!(span.start_time_unix_nano <= span.end_time_unix_nano);
        assert!(span.start_time_unix_nano >= publish.span.start_time_unix_nano);
        // Rooms and users may be personal.
        let text = format!("{span:?}");
        assert!(
            !["lobby", "alice", "bob", "hello"]
                .iter()
                .any(|word| text.contains(word))
        );
    }
    let head = collector.heads().remove(0).to_lowercase();
    assert!(head.starts_with("post /v1/traces http/1.1\r\n"), "{head}");
    assert!(head.contains("x-tenant: chat\r\n"), "{head}");
    assert!(
        head.contains("content-type: application/x-protobuf\r\n"),
        "{head}"
    );
    let of_both = [&here, &there].map(|node| counted(node, "roomcast_spans_exported_total"));
    assert_eq!(of_both, [4, 2]);
}

#[test]
fn a_back_end_goes_on_with_its_own_trace_and_decides_whether_there_is_one() {
    let collector = Collector::start(Mood::Takes);
    let at = collector.url();
    let node = Node::start(&[
        "--node",
        "here",
        "--otlp-endpoint",
        &at,
        "--trace-sample",
        "0",
    ]);
    let path = "/v1/rooms/lobby/messages";
    let body = br#"{"from": "robot", "message": "hello"}"#;
    let traced = format!("00-{TRACE_ID}-{SPAN_ID}-01");
    let untraced = format!("00-{TRACE_ID}-{SPAN_ID}-00");
    for more in [
        String::new(),
        format!("traceparent: {untraced}\r\n"),
        format!("traceparent: {traced}-more\r\n"),
        format!("traceparent: {traced}\r\ntraceparent: {traced}\r\n"),
        format!("traceparent: {traced}\r\n"),
    ] {
        let answer = post_with(&node, path, &more, body);
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let spans = collector.until("two spans", |spans| spans.len() >= 2);
    assert_eq!(spans.len(), 2, "only the last is traced: {spans:#?}");
    let publish = the(&spans, "publish", "here");
    assert_eq!(hex(&publish.span.trace_id), TRACE_ID);
    assert_eq!(hex(&publish.span.parent_span_id), SPAN_ID);
    assert_eq!(publish.fact("roomcast.entrance").as_deref(), Some("http"));
}

#[test]
fn without_a_collector_nothing_is_carried_whatever_a_back_end_says() {
    let redis = RedisProcess::start();
    let node = Node::start(&["--redis", &redis.url(), "--trace-sample", "1"]);
    let mut alice = Session::open(&node, "alice");
    join(&mut alice, "lobby");
    say(&mut alice, "hello");
    let traced = format!("traceparent: 00-{TRACE_ID}-{SPAN_ID}-01\r\n");
    let body = br#"{"from": "robot", "message": "hello"}"#;
    let answer = post_with(&node, "/v1/rooms/lobby/messages", &traced, body);
    assert_eq!(answer.status, 200, "{answer:?}");
    let entries = redis.run(&["XRANGE", "rc:{lobby}:log", "-", "+"]);
    assert_eq!(
        entries.matches("*6\r\n").count(),
        2,
        "t, i and b: {entries}"
    );
    assert!(!entries.contains(TRACE_ID), "{entries}");
}

/// Chats under a collector that does not work, as fast as it can: memory stays, nothing is lost.
fn nobody_feels(mood: Mood) -> Node {
    let collector = Collector::start(mood);
    let at = collector.url();
    let hasty = [
        "--commands-per-second",
        "100000",
        "--commands-burst",
        "1000000",
    ];
    let node = Node::start_with(&[&everything(&at)[..], &hasty].concat(), "info");
    let mut alice = Session::open(&node, "alice");
    let mut bob = Session::open(&node, "bob");
    join(&mut alice, "lobby");
    join(&mut bob, "lobby");
    let begun = Instant::now();
    for n in 0..2_000 {
        let ack = say(&mut alice, &n.to_string());
        assert_eq!(ack["seq"], n + 1);
    }
    hear(&mut bob, "1999");
    let took = begun.elapsed();
    assert!(
        took < Duration::from_secs(30),
        "2,000 messages took {took:?}"
    );
    until("what does not fit is dropped", || {
        let sample = r#"roomcast_spans_dropped_total{reason="queue_full"}"#;
        (counted(&node, sample) > 1_000).then_some(())
    });
    assert_eq!(counted(&node, "roomcast_spans_exported_total"), 0);
    node
}

#[test]
fn a_collector_that_never_answers_is_not_felt_and_holds_up_no_end() {
    let mut node = nobody_feels(Mood::IsSilent);
    let begun = Instant::now();
    node.terminate();
    assert!(node.ended().success());
    // The drain of two sessions that do not go takes its window, and their end as long again.
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(40), "the end took {took:?}");
}

#[test]
fn a_collector_that_refuses_is_told_of_once() {
    let node = nobody_feels(Mood::Refuses(503));
    let sample = r#"roomcast_spans_dropped_total{reason="not_taken"}"#;
    until("a batch is given up", || {
        (counted(&node, sample) > 0).then_some(())
    });
    until("it is logged", || node.log().contains("503").then_some(()));
    let said = node
        .log()
        .matches("the collector does not take traces")
        .count();
    assert_eq!(said, 1, "{}", node.log());
}

#[test]
fn a_collector_that_comes_back_gets_spans_again_and_is_believed_when_it_rejects_some() {
    let collector = Collector::start(Mood::Refuses(400));
    let node = Node::start(&everything(&collector.url()));
    let mut alice = Session::open(&node, "alice");
    join(&mut alice, "lobby");
    say(&mut alice, "one");
    let not_taken = r#"roomcast_spans_dropped_total{reason="not_taken"}"#;
    let exported = "roomcast_spans_exported_total";
    until("four spans are dropped", || {
        (counted(&node, not_taken) == 4).then_some(())
    });
    assert_eq!(counted(&node, exported), 0);
    collector.set_mood(Mood::TakesButOne);
    say(&mut alice, "two");
    until("three are taken", || {
        (counted(&node, exported) == 3).then_some(())
    });
    assert_eq!(counted(&node, not_taken), 5);
    collector.set_mood(Mood::Takes);
    say(&mut alice, "three");
    until("all are", || (counted(&node, exported) == 7).then_some(()));
    until("it is logged", || {
        node.log().contains("takes traces again").then_some(())
    });
}

#[test]
fn what_is_recorded_last_is_sent_before_the_end() {
    let collector = Collector::start(Mood::Takes);
    let at = collector.url();
    let mut node = Node::start(&[&everything(&at)[..], &["--drain-ms", "0"]].concat());
    let mut alice = Session::open(&node, "alice");
    join(&mut alice, "lobby");
    say(&mut alice, "the last word");
    drop(alice);
    node.terminate();
    assert!(node.ended().success());
    let names: Vec<_> = collector
        .spans()
        .into_iter()
        .map(|told| told.span.name)
        .collect();
    assert!(names.contains(&"publish".to_owned()), "{names:?}");
}

#[test]
fn a_collector_behind_tls_is_believed_by_its_certificate_alone() {
    let certificate = Certificate::make();
    let collector = Collector::start_with(&certificate);
    let at = collector.url();
    let talks = |node: &Node| {
        let mut alice = Session::open(node, "alice");
        join(&mut alice, "lobby");
        say(&mut alice, "hello");
    };
    let stranger = Node::start(&everything(&at));
    talks(&stranger);
    let not_taken = r#"roomcast_spans_dropped_total{reason="not_taken"}"#;
    until("what it was not sent is dropped", || {
        (counted(&stranger, not_taken) == 4).then_some(())
    });
    assert!(stranger.log().contains("certificate"), "{}", stranger.log());
    assert!(collector.spans().is_empty());
    let friend = Node::start_believing(&certificate.root(), &everything(&at));
    talks(&friend);
    collector.until("four spans", |spans| spans.len() == 4);
}
