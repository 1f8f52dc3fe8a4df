//! What a node records of messages that are traced, and that it leaves the others alone.

use std::sync::{Arc, Mutex};

use roomcast_gateway::{Deed, Entrance, Source, Span, SpanSink, Tracing};
use roomcast_protocol::{ErrorCode, TraceContext};

use crate::double::FeedPlan;
use crate::stage::{Stage, keeping, limits, room, say_in, settle};

/// Keeps what it is given.
#[derive(Default)]
struct Spans(Mutex<Vec<Span>>);

impl SpanSink for Spans {
    fn record(&self, span: Span) {
        self.0.lock().unwrap().push(span);
    }
}

impl Spans {
    fn take(&self) -> Vec<Span> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn traced(sample: f64) -> (Stage, Arc<Spans>) {
    let spans = Arc::<Spans>::default();
    let tracing = Tracing {
        sink: spans.clone(),
        sample,
        traces_per_second_max: 1_000,
    };
    let stage = Stage::traced(limits(), keeping(1_000), 0, Some(tracing));
    (stage, spans)
}

fn caller(sampled: bool) -> TraceContext {
    let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
    TraceContext {
        sampled,
        ..text.parse().unwrap()
    }
}

fn the<'a>(spans: &'a [Span], what: &str, is: impl Fn(&Deed) -> bool) -> &'a Span {
    let mut found = spans.iter().filter(|span| is(&span.deed));
    let (one, more) = (found.next(), found.next());
    assert!(more.is_none(), "one {what}: {spans:#?}");
    one.unwrap_or_else(|| panic!("a {what}: {spans:#?}"))
}

#[tokio::test(start_paused = true)]
async fn a_chat_is_one_trace_from_its_gate_to_each_socket() {
    let (stage, spans) = traced(1.0);
    let lobby = room("lobby");
    let (mut alice, mut bob) = (stage.enter("alice"), stage.enter("bob"));
    alice.join(&lobby).await;
    bob.join(&lobby).await;
    assert_eq!(spans.take(), [], "only messages are traced");
    let ack = alice.chat(&lobby, "hello").await.unwrap();
    bob.listen().await;
    let spans = spans.take();
    assert_eq!(spans.len(), 5, "{spans:#?}");
    let publish = the(&spans, "publish", |deed| {
        matches!(deed, Deed::Publish { .. })
    });
    assert_eq!(publish.parent, None);
    let entrance = Entrance::Chat;
    let outcome = Some(Ok(()));
    assert_eq!(publish.deed, Deed::Publish { entrance, outcome });
    let store = the(&spans, "store", |deed| matches!(deed, Deed::Store { .. }));
    let Deed::Store {
        outcome: Ok(stored),
    } = &store.deed
    else {
        panic!("{store:?}")
    };
    assert!(!stored.duplicate && !ack.duplicate);
    let relay = the(&spans, "relay", |deed| matches!(deed, Deed::Relay { .. }));
    let (source, members) = (Source::Feed, 2);
    assert_eq!(relay.deed, Deed::Relay { source, members });
    for child in [store, relay] {
        assert_eq!(child.parent, Some(publish.span_id));
    }
    for wanted in [1, 2] {
        let is_it = |deed: &Deed| *deed == Deed::Deliver { rank: wanted };
        assert_eq!(the(&spans, "deliver", is_it).parent, Some(relay.span_id));
    }
    for span in &spans {
        assert_eq!(span.trace_id, publish.trace_id);
        assert!(publish.began_ns <= span.began_ns && span.began_ns <= span.ended_ns);
    }
}

#[tokio::test(start_paused = true)]
async fn a_direct_is_one_trace_through_both_inboxes() {
    let (stage, spans) = traced(1.0);
    let mut alice = stage.enter("alice");
    let mut bob = stage.enter("bob");
    alice.listen().await;
    bob.listen().await;
    alice.ask("direct", r#""to":"bob","message":"psst""#).await;
    alice.listen().await;
    bob.listen().await;
    let spans = spans.take();
    let publish = the(&spans, "publish", |deed| {
        matches!(deed, Deed::Publish { .. })
    });
    let count = |is: fn(&Deed) -> bool| spans.iter().filter(|span| is(&span.deed)).count();
    assert_eq!(count(|deed| matches!(deed, Deed::Store { .. })), 2);
    assert_eq!(
        count(|deed| matches!(deed, Deed::Relay { members: 1, .. })),
        2
    );
    assert_eq!(count(|deed| matches!(deed, Deed::Deliver { rank: 1 })), 2);
    assert!(spans.iter().all(|span| span.trace_id == publish.trace_id));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_and_a_call_given_up_end_their_span_too() {
    let (stage, spans) = traced(1.0);
    let lobby = room("lobby");
    let mut alice = stage.enter("alice");
    alice.chat(&lobby, "too early").await.unwrap_err();
    let spans_of_one = spans.take();
    let publish = the(&spans_of_one, "span", |_| true);
    let entrance = Entrance::Chat;
    let outcome = Some(Err(ErrorCode::NotJoined));
    assert_eq!(publish.deed, Deed::Publish { entrance, outcome });

    alice.join(&lobby).await;
    stage.double.script().publishes.shut();
    let said = alice
        .session
        .receive(r#"{"type":"chat","id":9,"room":"lobby","message":"m"}"#);
    let given_up = tokio::time::timeout(std::time::Duration::from_millis(5), said).await;
    given_up.unwrap_err();
    let spans = spans.take();
    let publish = the(&spans, "publish", |deed| {
        matches!(deed, Deed::Publish { .. })
    });
    let (entrance, outcome) = (Entrance::Chat, None);
    assert_eq!(publish.deed, Deed::Publish { entrance, outcome });
}

#[tokio::test(start_paused = true)]
async fn a_callers_trace_goes_on_and_who_does_not_trace_is_left_alone() {
    let (stage, spans) = traced(0.0);
    let lobby = room("lobby");
    stage.enter("alice").join(&lobby).await;
    for untraced in [None, Some(caller(false))] {
        say_in(&stage.node, &lobby, "untraced", untraced).await;
        settle().await;
        assert_eq!(spans.take(), []);
    }
    say_in(&stage.node, &lobby, "traced", Some(caller(true))).await;
    settle().await;
    let spans = spans.take();
    let publish = the(&spans, "publish", |deed| {
        matches!(deed, Deed::Publish { .. })
    });
    let (entrance, outcome) = (Entrance::BackEnd, Some(Ok(())));
    assert_eq!(publish.deed, Deed::Publish { entrance, outcome });
    assert_eq!(publish.trace_id, caller(true).trace_id);
    assert_eq!(publish.parent, Some(caller(true).span_id));
}

#[tokio::test(start_paused = true)]
async fn what_the_feed_missed_is_relayed_from_the_log_in_the_same_trace() {
    let (stage, spans) = traced(1.0);
    let lobby = room("lobby");
    let mut alice = stage.enter("alice");
    alice.join(&lobby).await;
    let drop_one_in = |drop_one_in| FeedPlan {
        drop_one_in,
        ..FeedPlan::default()
    };
    stage.double.script().plan_feed(drop_one_in(1));
    say_in(&stage.node, &lobby, "missed", None).await;
    settle().await;
    let missed = spans.take();
    let publish = the(&missed, "publish", |deed| {
        matches!(deed, Deed::Publish { .. })
    });
    assert_eq!(missed.len(), 2, "not relayed: {missed:#?}");
    stage.double.script().plan_feed(drop_one_in(0));
    say_in(&stage.node, &lobby, "heard", None).await;
    alice.listen().await;
    let spans = spans.take();
    let from_log = |deed: &Deed| {
        matches!(
            deed,
            Deed::Relay {
                source: Source::Log,
                ..
            }
        )
    };
    let relays: Vec<_> = spans.iter().filter(|span| from_log(&span.deed)).collect();
    let first = relays.first().expect("a relay from the log");
    assert_eq!(
        (first.trace_id, first.parent),
        (publish.trace_id, Some(publish.span_id))
    );
}

#[tokio::test(start_paused = true)]
async fn a_large_room_makes_no_more_spans_than_a_small_one() {
    let (stage, spans) = traced(1.0);
    let lobby = room("lobby");
    let mut members: Vec<_> = (0..50).map(|n| stage.enter(&format!("u{n}"))).collect();
    for member in &mut members {
        member.join(&lobby).await;
    }
    stage.say(&lobby, "hello").await;
    for member in &mut members {
        member.listen().await;
    }
    let spans = spans.take();
    let rank = |span: &Span| match span.deed {
        Deed::Deliver { rank } => Some(rank),
        _ => None,
    };
    let ranks: Vec<u32> = spans.iter().filter_map(rank).collect();
    assert_eq!(ranks, [1, 9, 17, 25, 33, 41, 49, 50]);
    the(&spans, "relay", |deed| {
        matches!(deed, Deed::Relay { members: 50, .. })
    });
}

#[tokio::test(start_paused = true)]
async fn a_node_that_does_not_trace_carries_nothing() {
    let stage = Stage::new();
    let lobby = room("lobby");
    let mut alice = stage.enter("alice");
    alice.join(&lobby).await;
    alice.chat(&lobby, "hello").await.unwrap();
    say_in(&stage.node, &lobby, "hello", Some(caller(true))).await;
    let page = stage
        .node
        .page(&lobby, None, None, None)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(page.messages.len(), 2);
    assert!(page.messages.iter().all(|message| message.trace.is_none()));
}
