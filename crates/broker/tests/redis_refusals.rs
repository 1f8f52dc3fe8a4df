//! P12: a Redis that answers no is told apart from one that doesn't answer, and a no leaves nothing
//! half done behind.

use std::time::Duration;

use roomcast_broker::conformance::{RedisProcess, RedisStage, draft, room, until};
use roomcast_broker::{Broker as _, BrokerError, FeedEvent, Health, Published, RefusedBy};
use roomcast_protocol::RoomName;
use tokio::time::sleep;

/// A room in which something was said, and what.
async fn a_room_with_a_past(stage: &RedisStage) -> (RoomName, Published) {
    let lobby = room("lobby");
    stage.listen(&lobby).await;
    stage.say(&lobby, "first").await;
    let last = stage.say(&lobby, "second").await;
    (lobby, last)
}

fn by(answer: Result<Published, BrokerError>) -> RefusedBy {
    match answer {
        Err(BrokerError::Refused { by, .. }) => by,
        other => panic!("not refused: {other:?}"),
    }
}

/// Breaks Redis, asserts the refusal, heals it, and asserts that nothing was half done.
async fn refuses(mut stage: RedisStage, fault: &[&str], why: RefusedBy, healing: &[&str]) {
    let (lobby, last) = a_room_with_a_past(&stage).await;
    until("ready", || stage.broker.health() == Health::Ready).await;
    let answer = stage.redis.run(fault);
    assert!(answer.starts_with('+'), "{answer}");
    let keyed = draft(&lobby, "alice", Some("k1"), "refused");
    assert_eq!(by(stage.broker.publish(&keyed, None).await), why);
    assert_eq!(by(stage.try_say(&room("new"), "refused").await), why);
    let entries = stage.redis.run(&["XLEN", "rc:{lobby}:log"]);
    assert_eq!(entries, ":2\r\n", "what was kept stays");
    let answer = stage.redis.run(healing);
    assert!(answer.starts_with('+'), "{answer}");
    let published = stage.broker.publish(&keyed, None).await.expect("published");
    assert_eq!(
        (published.position.epoch, published.duplicate),
        (last.position.epoch, false)
    );
    assert_eq!(published.position.seq.value(), 3);
    assert_eq!(stage.texts(&lobby).await, ["first", "second", "refused"]);
    assert_eq!(stage.say(&room("new"), "x").await.position.seq.value(), 1);
    for seq in 1..=3 {
        let FeedEvent::Message(message) = stage.event(0).await else {
            panic!("a no is no interruption")
        };
        assert_eq!(message.position.seq.value(), seq);
    }
    let stats = stage.broker.stats();
    assert_eq!((stats.refused, stats.reconnects), (2, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_out_of_memory_refuses_and_keeps_no_half() {
    let full = ["CONFIG", "SET", "maxmemory", "1"];
    let roomy = ["CONFIG", "SET", "maxmemory", "0"];
    refuses(
        RedisStage::start().await,
        &full,
        RefusedBy::OutOfMemory,
        &roomy,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_with_too_few_replicas_refuses_and_keeps_no_half() {
    let strict = ["CONFIG", "SET", "min-replicas-to-write", "1"];
    let lax = ["CONFIG", "SET", "min-replicas-to-write", "0"];
    refuses(
        RedisStage::start().await,
        &strict,
        RefusedBy::ReadOnly,
        &lax,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_who_may_not_run_scripts_is_refused_for_that() {
    let deny = ["ACL", "SETUSER", "default", "-evalsha"];
    let allow = ["ACL", "SETUSER", "default", "+evalsha"];
    refuses(
        RedisStage::start().await,
        &deny,
        RefusedBy::NoPermission,
        &allow,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_who_may_not_write_the_log_is_refused_and_the_log_stays() {
    let deny = ["ACL", "SETUSER", "default", "-xadd"];
    let allow = ["ACL", "SETUSER", "default", "+xadd"];
    refuses(
        RedisStage::start().await,
        &deny,
        RefusedBy::NoPermission,
        &allow,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_can_not_write_its_disk_refuses_for_that() {
    let redis = RedisProcess::with(&["--save", "3600 1000000", "--dir", "/proc"]);
    let stage = RedisStage::on(redis).await;
    let (lobby, last) = a_room_with_a_past(&stage).await;
    stage.redis.run(&["BGSAVE"]);
    until("the save fails", || {
        stage
            .redis
            .run(&["INFO", "persistence"])
            .contains("rdb_last_bgsave_status:err")
    })
    .await;
    assert_eq!(
        by(stage.try_say(&lobby, "refused").await),
        RefusedBy::DiskFailure
    );
    stage.redis.run(&["CONFIG", "SET", "save", ""]);
    let next = stage.say(&lobby, "third").await.position;
    assert_eq!(
        (next.epoch, next.seq),
        (last.position.epoch, last.position.seq.next())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_demoted_redis_refuses_as_read_only_and_is_not_stormed_by_connections() {
    let stage = RedisStage::start().await;
    let (lobby, last) = a_room_with_a_past(&stage).await;
    // Nobody is on port 1: a replica whose master has gone.
    stage.redis.run(&["REPLICAOF", "127.0.0.1", "1"]);
    let before = stage.info("total_connections_received");
    let mut read_only = 0;
    for _ in 0..200 {
        match stage.try_say(&lobby, "refused").await {
            Err(BrokerError::Refused { by, .. }) => {
                assert_eq!(by, RefusedBy::ReadOnly);
                read_only += 1;
            }
            // Between two links.
            Err(BrokerError::Unavailable(_)) => {}
            other => panic!("{other:?}"),
        }
        sleep(Duration::from_millis(10)).await;
    }
    assert!(read_only > 0);
    let connections = stage.info("total_connections_received") - before;
    assert!(connections < 50, "{connections} connections in two seconds");
    stage.redis.run(&["REPLICAOF", "NO", "ONE"]);
    let next = stage.say_at_last(&lobby, "third").await.position;
    assert_eq!(
        (next.epoch, next.seq),
        (last.position.epoch, last.position.seq.next())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_full_from_the_start_refuses_and_the_links_stay() {
    let stage = RedisStage::on(RedisProcess::with(&["--save", "", "--maxmemory", "1"])).await;
    let before = stage.info("total_connections_received");
    for _ in 0..20 {
        let answer = stage.try_say(&room("lobby"), "refused").await;
        assert_eq!(by(answer), RefusedBy::OutOfMemory);
        sleep(Duration::from_millis(100)).await;
    }
    let connections = stage.info("total_connections_received") - before;
    assert!(connections < 20, "{connections} connections in two seconds");
    assert_eq!(stage.broker.stats().reconnects, 0);
    stage.redis.run(&["CONFIG", "SET", "maxmemory", "0"]);
    stage.say(&room("lobby"), "first").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_may_not_hear_itself_is_broken_but_neither_down_nor_a_storm() {
    let stage = RedisStage::start().await;
    until("ready", || stage.broker.health() == Health::Ready).await;
    stage.redis.run(&["ACL", "SETUSER", "default", "-spublish"]);
    let before = stage.info("total_connections_received");
    until("broken", || stage.broker.health() == Health::Broken).await;
    // Looking at the counter is a connection too, and so is each command of this test.
    let connections = stage.info("total_connections_received") - before;
    assert!(connections < 50, "{connections} connections");
    stage.redis.run(&["ACL", "SETUSER", "default", "+spublish"]);
    until("ready again", || stage.broker.health() == Health::Ready).await;
    stage.say(&room("lobby"), "first").await;
}
