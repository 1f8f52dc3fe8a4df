//! P4, P8: what Redis keeps survives its process, and what it forgets is noticed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use roomcast_broker::conformance::{RedisProcess, RedisStage, room};
use roomcast_broker::{Broker as _, BrokerError, Continuation, FeedEvent, Span};
use roomcast_protocol::Since;
use tokio::time::{sleep, timeout};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p4_acked_messages_survive_a_killed_redis_with_an_append_only_file() {
    let mut stage = RedisStage::on(RedisProcess::with_append_only_file()).await;
    let lobby = room("lobby");
    stage.listen(&lobby).await;
    let going = Arc::new(AtomicBool::new(true));
    let (broker, name, still) = (stage.broker.clone(), lobby.clone(), going.clone());
    let speaking = tokio::spawn(async move {
        let (mut acked, mut failed) = (Vec::new(), 0_u32);
        for n in 0.. {
            if !still.load(Ordering::Relaxed) {
                break;
            }
            let draft = roomcast_broker::conformance::draft(&name, "alice", None, &format!("m{n}"));
            match broker.publish(&draft, None).await {
                Ok(published) => acked.push((published.position, published.id)),
                Err(BrokerError::Unavailable(_)) => failed += 1,
                Err(error) => panic!("{error}"),
            }
            sleep(Duration::from_millis(2)).await;
        }
        (acked, failed)
    });
    sleep(Duration::from_millis(150)).await;
    stage.redis.kill();
    let refused = timeout(Duration::from_secs(8), stage.try_say(&lobby, "lost")).await;
    assert!(
        matches!(refused, Ok(Err(BrokerError::Unavailable(_)))),
        "{refused:?}"
    );
    stage.redis.restart();
    stage.until_interrupted(0).await;
    let after = stage.say_at_last(&lobby, "after").await;
    going.store(false, Ordering::Relaxed);
    let (acked, failed) = speaking.await.expect("no panic");
    assert!(
        acked.len() > 10 && failed > 0,
        "{} acked, {failed} failed",
        acked.len()
    );
    assert!(
        acked
            .iter()
            .all(|(position, _)| position.epoch == after.position.epoch)
    );
    let mut acked = acked.into_iter().rev().take(150);
    let kept = stage.log(&lobby).await.messages;
    assert!(acked.all(|place| kept.iter().any(|m| (m.position, m.id) == place)));
    while stage.message().await.position != after.position {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p8_a_redis_that_comes_back_empty_begins_a_new_epoch_at_one() {
    let mut stage = RedisStage::start().await;
    let lobby = room("lobby");
    stage.listen(&lobby).await;
    let before = stage.say(&lobby, "before").await;
    stage.message().await;
    stage.redis.restart();
    assert_eq!(stage.until_interrupted(0).await, []);
    let after = stage.say_at_last(&lobby, "after").await;
    assert_ne!(after.position.epoch, before.position.epoch);
    assert_eq!(after.position.seq.value(), 1);
    assert_eq!(stage.message().await.position, after.position);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p8_a_flushed_redis_is_noticed_by_every_node_though_nobody_speaks_and_no_link_drops() {
    let mut stage = RedisStage::start().await;
    let (other, mut other_feed) = stage.another_node("other").await;
    let lobby = room("lobby");
    let before = stage.say(&lobby, "before").await;
    stage.listen(&lobby).await;
    other.subscribe(&lobby).await.expect("subscribed");
    assert_eq!(
        other_feed.recv().await,
        Some(FeedEvent::Interrupted),
        "the start"
    );
    // Both have looked for the witness once.
    sleep(Duration::from_millis(1_500)).await;
    stage.redis.run(&["FLUSHALL"]);
    assert_eq!(stage.until_interrupted(0).await, []);
    let told = timeout(Duration::from_secs(15), other_feed.recv()).await;
    assert_eq!(told, Ok(Some(FeedEvent::Interrupted)));
    assert_eq!(
        (stage.broker.stats().reconnects, other.stats().reconnects),
        (0, 0)
    );
    assert_eq!(
        stage.broker.read(&lobby, Span::Latest { limit: 1 }).await,
        Ok(None)
    );
    let after = stage.say(&lobby, "after").await;
    assert_ne!(after.position.epoch, before.position.epoch);
    assert_eq!(after.position.seq.value(), 1);
    assert_eq!(stage.message().await.position, after.position);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p8_a_log_without_its_head_is_of_another_life() {
    let stage = RedisStage::start().await;
    let lobby = room("lobby");
    for n in 0..3 {
        stage.say(&lobby, &format!("old {n}")).await;
    }
    let old = stage.log(&lobby).await.head;
    stage.redis.run(&["DEL", "rc:{lobby}:meta"]);
    assert_eq!(
        stage.broker.read(&lobby, Span::Latest { limit: 1 }).await,
        Ok(None)
    );
    let new = stage.say(&lobby, "new").await;
    assert_ne!(new.position.epoch, old.epoch);
    assert_eq!(new.position.seq.value(), 1);
    assert_eq!(stage.texts(&lobby).await, ["new"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p8_a_head_that_fell_behind_its_log_goes_on_in_a_new_epoch() {
    let mut stage = RedisStage::start().await;
    let lobby = room("lobby");
    stage.listen(&lobby).await;
    for n in 0..5 {
        stage.say(&lobby, &format!("old {n}")).await;
        stage.message().await;
    }
    let old = stage.log(&lobby).await.head;
    stage.redis.run(&["HSET", "rc:{lobby}:meta", "seq", "2"]);
    let new = stage.say(&lobby, "new").await;
    assert_ne!(new.position.epoch, old.epoch);
    assert_eq!(stage.message().await.position, new.position);
    let slice = stage.log(&lobby).await;
    assert_eq!(
        (slice.head.epoch, slice.head.seq),
        (new.position.epoch, new.position.seq)
    );
    assert_eq!(slice.head.base, new.position.seq.previous());
    assert_eq!(stage.texts(&lobby).await, ["new"]);
    assert_eq!(
        stage.say(&lobby, "next").await.position.seq,
        new.position.seq.next()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p6_a_head_without_its_log_goes_on_and_says_what_is_missing() {
    let stage = RedisStage::start().await;
    let lobby = room("lobby");
    let seen = stage.say(&lobby, "seen").await;
    stage.say(&lobby, "lost").await;
    stage.say(&lobby, "lost").await;
    stage.redis.run(&["DEL", "rc:{lobby}:log"]);
    let since = Since {
        epoch: seen.position.epoch,
        seq: seen.position.seq,
        id: Some(seen.id),
    };
    for (said, missing) in [(0, (2, 3)), (1, (2, 3))] {
        let span = Span::After { since, limit: 10 };
        let slice = stage
            .broker
            .read(&lobby, span)
            .await
            .expect("readable")
            .expect("there");
        let Continuation::Trimmed(gap, left) = slice.continue_from(&since) else {
            panic!("something is missing")
        };
        assert_eq!(
            (gap.from.value(), gap.to.value(), left.len()),
            (missing.0, missing.1, said)
        );
        let next = stage.say(&lobby, "next").await.position;
        assert_eq!(
            (next.epoch, next.seq.value()),
            (seen.position.epoch, 4 + said as u64)
        );
    }
}

/// The meta key knows of a time to live that was the log's before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_begins_anew_does_not_stay_for_good() {
    let spoiled: [&[&str]; 2] = [
        &["DEL", "rc:{lobby}:log"],
        // As if the meta key were of an older backup than the log.
        &["HSET", "rc:{lobby}:meta", "seq", "1"],
    ];
    for command in spoiled {
        let stage = RedisStage::start().await;
        let lobby = room("lobby");
        for text in ["one", "two", "three"] {
            stage.say(&lobby, text).await;
        }
        stage.redis.run(command);
        stage.say(&lobby, "anew").await;
        assert_eq!(stage.redis.run(&["XLEN", "rc:{lobby}:log"]), ":1\r\n");
        let ttl = stage.redis.run(&["PTTL", "rc:{lobby}:log"]);
        assert!(!ttl.starts_with(":-"), "{command:?}: {ttl}");
    }
}
