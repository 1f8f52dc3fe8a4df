//! P1, P4, P5: one order, kept before acked, said once.

use std::collections::HashMap;

use roomcast_protocol::{Draft, Signal, SpanId, TraceContext, TraceId, TypingSeen};

use super::{Stage, draft, room};
use crate::port::{FeedEvent, Span};

/// P1: a fresh room starts at 1, and its feed tells what was stamped, in order.
pub async fn p1_positions_are_contiguous_from_one_and_told_in_order(mut stage: Stage) {
    let lobby = room("lobby");
    stage.broker.subscribe(&lobby).await.expect("subscribed");
    for n in 1..=20 {
        let published = stage.say(&lobby, &format!("m{n}")).await;
        assert_eq!(published.position.seq.value(), n);
        let FeedEvent::Message(message) = stage.told().await else {
            panic!("no message")
        };
        assert_eq!(
            (message.position, message.id),
            (published.position, published.id)
        );
        assert_eq!(message.timestamp_ms, published.timestamp_ms);
        assert_eq!(message.to_chat().message, format!("m{n}"));
    }
}

/// P1: however many publish at once, the feed has every position once, in order.
pub async fn p1_many_publishers_make_one_order_without_a_hole(mut stage: Stage) {
    let lobby = room("lobby");
    stage.broker.subscribe(&lobby).await.expect("subscribed");
    let mut publishers = tokio::task::JoinSet::new();
    for publisher in 0..10 {
        let (broker, lobby) = (stage.broker.clone(), lobby.clone());
        publishers.spawn(async move {
            let mut acked = Vec::new();
            for n in 0..20 {
                let draft = draft(&lobby, "bob", None, &format!("{publisher}-{n}"));
                let published = broker.publish(&draft, None).await.expect("published");
                acked.push((published.position.seq.value(), published.id));
            }
            assert!(
                acked.is_sorted(),
                "one publisher's own messages keep their order"
            );
            acked
        });
    }
    let mut told = Vec::new();
    while told.len() < 200 {
        let FeedEvent::Message(message) = stage.told().await else {
            panic!("no message")
        };
        told.push((message.position.seq.value(), message.id));
    }
    assert!(told.iter().map(|(seq, _)| *seq).eq(1..=200));
    let acked: HashMap<_, _> = publishers.join_all().await.into_iter().flatten().collect();
    assert_eq!(acked, told.into_iter().collect());
}

/// A feed is silent about rooms before they are subscribed and after they no longer are.
pub async fn p1_the_feed_tells_only_subscribed_rooms(mut stage: Stage) {
    let (here, there) = (room("here"), room("there"));
    stage.broker.subscribe(&here).await.expect("subscribed");
    stage.say(&there, "unheard").await;
    stage.say(&here, "heard").await;
    let FeedEvent::Message(message) = stage.told().await else {
        panic!("no message")
    };
    assert_eq!(message.room, here);
    stage.broker.unsubscribe(&here).await;
    // A later answer of the same server means that the unsubscribe has been seen there; so many
    // rooms have one on each of the few servers a stage may have.
    for n in 0..20 {
        let barrier = room(&format!("barrier-{n}"));
        stage.broker.subscribe(&barrier).await.expect("subscribed");
    }
    stage.say(&here, "unheard").await;
    stage.hears_nothing().await;
    stage
        .broker
        .subscribe(&here)
        .await
        .expect("subscribed again");
    let published = stage.say(&here, "heard").await;
    let FeedEvent::Message(message) = stage.told().await else {
        panic!("no message")
    };
    assert_eq!(message.position, published.position);
}

/// P4: once publish has returned, the log has the message.
pub async fn p4_what_was_acked_can_be_read(stage: Stage) {
    let lobby = room("lobby");
    for n in 1..=5 {
        let published = stage.say(&lobby, &format!("m{n}")).await;
        let slice = stage.broker.read(&lobby, Span::Latest { limit: 1 }).await;
        let slice = slice.expect("readable").expect("there");
        assert_eq!(slice.messages[0].position, published.position);
        assert_eq!(slice.messages[0].id, published.id);
        assert_eq!(slice.head.seq, published.position.seq);
    }
}

/// P5: the same key from the same user gets the first ack back.
pub async fn p5_a_retry_gets_the_first_place_and_is_not_told_twice(mut stage: Stage) {
    let lobby = room("lobby");
    stage.broker.subscribe(&lobby).await.expect("subscribed");
    let first_draft = draft(&lobby, "alice", Some("k1"), "once");
    let first = stage
        .broker
        .publish(&first_draft, None)
        .await
        .expect("published");
    stage.say(&lobby, "in between").await;
    let retry_draft = draft(&lobby, "alice", Some("k1"), "once");
    let retry = stage
        .broker
        .publish(&retry_draft, None)
        .await
        .expect("published");
    assert!(!first.duplicate && retry.duplicate);
    assert_eq!((first.position, first.id), (retry.position, retry.id));
    assert_eq!(first.timestamp_ms, retry.timestamp_ms);
    stage.told().await;
    stage.told().await;
    stage.hears_nothing().await;
}

/// P5: a key is no other user's and no other room's.
pub async fn p5_a_key_is_one_users_in_one_room(stage: Stage) {
    let mut positions = Vec::new();
    for (name, user) in [("lobby", "alice"), ("lobby", "bob"), ("other", "alice")] {
        let draft = draft(&room(name), user, Some("k1"), "hello");
        let published = stage.broker.publish(&draft, None).await.expect("published");
        assert!(!published.duplicate, "{name} {user}");
        positions.push(published.position.seq.value());
    }
    assert_eq!(positions, [1, 2, 1]);
}

/// Signals reach whoever is subscribed and leave nothing behind.
pub async fn a_signal_is_told_and_not_kept(mut stage: Stage) {
    let lobby = room("lobby");
    stage.broker.subscribe(&lobby).await.expect("subscribed");
    let user = "alice".parse().expect("a user");
    let signal = Signal::Typing(TypingSeen {
        room: lobby.clone(),
        user,
        typing: true,
    });
    stage.broker.signal(&signal).await.expect("told");
    assert_eq!(stage.told().await, FeedEvent::Signal(signal));
    assert_eq!(stage.say(&lobby, "first").await.position.seq.value(), 1);
}

/// Nothing in a message is changed on its way.
pub async fn a_body_passes_byte_for_byte(mut stage: Stage) {
    let lobby = room("lobby");
    stage.broker.subscribe(&lobby).await.expect("subscribed");
    let text = "quotes \" and \\ and \u{1F41D} and \u{0} and\r\n new lines } ]";
    let sent = draft(&lobby, "alice", Some("k/1=~"), text);
    stage.broker.publish(&sent, None).await.expect("published");
    let FeedEvent::Message(told) = stage.told().await else {
        panic!("no message")
    };
    assert_eq!(told.body, sent.body);
    let slice = stage.broker.read(&lobby, Span::Latest { limit: 1 }).await;
    assert_eq!(
        slice.expect("readable").expect("there").messages[0].body,
        sent.body
    );
    assert_eq!(told.to_chat().message, text);
}

/// What is told and what is kept know their trace; a retry changes nothing of the first one's.
pub async fn a_trace_goes_with_its_message_and_with_no_other(mut stage: Stage) {
    let lobby = room("lobby");
    stage.broker.subscribe(&lobby).await.expect("subscribed");
    let trace = |trace_id: u128| {
        let context = TraceContext {
            trace_id: TraceId::from_bits(trace_id).expect("an id"),
            span_id: SpanId::from_bits(7).expect("an id"),
            sampled: true,
        };
        Some(Box::new(context))
    };
    let traced = |key, trace_id| Draft {
        trace: trace(trace_id),
        ..draft(&lobby, "alice", key, "traced")
    };
    let drafts = [
        draft(&lobby, "alice", None, "untraced"),
        traced(None, 0xa1),
        traced(Some("k1"), u128::MAX),
        traced(Some("k1"), 0xb2),
        draft(&lobby, "alice", Some("k1"), "traced"),
        draft(&lobby, "alice", Some("k2"), "untraced"),
    ];
    for draft in &drafts {
        let published = stage.broker.publish(draft, None).await;
        published.expect("a healthy keeper publishes");
    }
    let expected = [None, trace(0xa1), trace(u128::MAX), None];
    for trace in &expected {
        let FeedEvent::Message(message) = stage.told().await else {
            panic!("no message")
        };
        assert_eq!(message.trace, *trace);
    }
    stage.hears_nothing().await;
    let slice = stage.broker.read(&lobby, Span::Latest { limit: 9 }).await;
    let messages = slice.expect("readable").expect("there").messages;
    let kept: Vec<_> = messages.into_iter().map(|message| message.trace).collect();
    assert_eq!(kept, expected);
}
