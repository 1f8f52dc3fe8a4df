//! P10: a node that doesn't read its feed costs bounded memory and loses nothing for good.

use std::time::Duration;

use roomcast_broker::conformance::{RedisProcess, RedisStage, redis_config, room, until};
use roomcast_broker::{Broker as _, FeedEvent, LogConfig, RedisConfig, Span};
use roomcast_protocol::Seq;
use tokio::time::sleep;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p10_a_feed_that_is_not_read_is_cut_and_the_log_has_what_it_missed() {
    let redis = RedisProcess::with(&[
        "--save",
        "",
        "--client-output-buffer-limit",
        "pubsub 256kb 0 0",
    ]);
    let log = LogConfig {
        history_messages: 20_000,
        ..LogConfig::default()
    };
    let config = RedisConfig {
        log,
        ..redis_config(&redis.url())
    };
    let mut stage = RedisStage::with(redis, config, 1).await;
    let lobby = room("lobby");
    stage.listen(&lobby).await;
    let (small, large) = ("s".repeat(10), "l".repeat(65_536));
    let mut said = 0_u64;
    // The feed's own queue fills with small ones, the buffers of the system with large ones.
    while !stage
        .redis
        .run(&["CLIENT", "LIST", "TYPE", "pubsub"])
        .starts_with("$0")
    {
        let text = if said < 5_000 { &small } else { &large };
        for _ in 0..100 {
            said = stage.say(&lobby, text).await.position.seq.value();
        }
        assert!(
            said < 10_000,
            "Redis should have cut a feed that nobody reads"
        );
    }
    assert!(stage.feeds[0].len() <= stage.feeds[0].max_capacity());
    let told = stage.until_interrupted(0).await;
    let told: Vec<u64> = told
        .iter()
        .map(|event| match event {
            FeedEvent::Message(message) => message.position.seq.value(),
            other => panic!("{other:?}"),
        })
        .collect();
    let last = told.len() as u64;
    assert!(told.into_iter().eq(1..=last), "in order until it was cut");
    assert!(last < said, "something was missed");
    let mut after = Seq::try_from(last).unwrap();
    while after.value() < said {
        let span = Span::From { after, limit: 200 };
        for message in stage
            .broker
            .read(&lobby, span)
            .await
            .unwrap()
            .unwrap()
            .messages
        {
            assert_eq!(message.position.seq, after.next(), "the log has no hole");
            after = message.position.seq;
        }
    }
    let next = stage.say(&lobby, "next").await;
    assert_eq!(stage.message().await.position, next.position);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p10_a_feed_that_was_full_for_long_does_not_cost_the_link() {
    let mut stage = RedisStage::start().await;
    let lobby = room("lobby");
    stage.listen(&lobby).await;
    let full = stage.feeds[0].max_capacity();
    for _ in 0..full {
        stage.say(&lobby, "unread").await;
    }
    until("the feed is full", || stage.feeds[0].len() == full).await;
    // Tells every feed of an interruption, for which there is no place.
    stage.redis.run(&["FLUSHALL"]);
    sleep(Duration::from_secs(4)).await;
    assert_eq!(stage.until_interrupted(0).await.len(), full);
    let next = stage.say(&lobby, "next").await;
    let FeedEvent::Message(told) = stage.event(0).await else {
        panic!("it was this node that stood still, not Redis")
    };
    assert_eq!(told.position, next.position);
    assert_eq!(stage.broker.stats().reconnects, 0);
}
