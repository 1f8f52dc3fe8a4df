//! P4, P8: in the durable mode an ack means that replicas have the message too.

use std::time::Duration;

use roomcast_broker::conformance::{RedisProcess, RedisStage, draft, redis_config, room, until};
use roomcast_broker::{Broker as _, BrokerError, RedisConfig};
use tokio::time::timeout;

const MASTER: [&str; 4] = ["--save", "", "--repl-diskless-sync-delay", "0"];

async fn durable(redis: RedisProcess) -> RedisStage {
    let config = RedisConfig {
        durable_replicas: 1,
        ..redis_config(&redis.url())
    };
    RedisStage::with(redis, config, 1).await
}

async fn replica_of(master: &RedisProcess) -> RedisProcess {
    let port = master.port().to_string();
    let replica = RedisProcess::with(&["--save", "", "--replicaof", "127.0.0.1", &port]);
    // "online" comes before the stream of commands does.
    master.run(&["SET", "follows", "yes"]);
    until("the replica follows", || {
        replica.run(&["GET", "follows"]).contains("yes")
    })
    .await;
    replica
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p4_what_is_acked_is_on_the_replica_already() {
    let master = RedisProcess::with(&MASTER);
    let replica = replica_of(&master).await;
    let mut stage = durable(master).await;
    let lobby = room("lobby");
    stage.listen(&lobby).await;
    for n in 1..=20 {
        let published = stage.say(&lobby, &format!("m{n}")).await;
        assert_eq!(published.position.seq.value(), n);
        assert_eq!(
            replica.run(&["XLEN", "rc:{lobby}:log"]),
            format!(":{n}\r\n")
        );
        assert_eq!(stage.message().await.position, published.position);
    }
    stage.redis.run(&["SCRIPT", "FLUSH"]);
    assert_eq!(stage.say(&lobby, "after").await.position.seq.value(), 21);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p5_without_a_replica_nothing_is_acked_and_a_retry_finds_what_was_kept() {
    let stage = durable(RedisProcess::with(&MASTER)).await;
    let lobby = room("lobby");
    let once = draft(&lobby, "alice", Some("k1"), "once");
    for _ in 0..2 {
        let refused = stage.broker.publish(&once, None).await;
        let Err(BrokerError::Unavailable(detail)) = refused else {
            panic!("acked without a replica: {refused:?}")
        };
        assert!(detail.contains("0 of 1 replicas"), "{detail}");
    }
    assert_eq!(stage.texts(&lobby).await, ["once"]);
    let _replica = replica_of(&stage.redis).await;
    let retry = stage.broker.publish(&once, None).await.expect("acked");
    assert!(retry.duplicate && retry.position.seq.value() == 1);
    assert_eq!(stage.texts(&lobby).await, ["once"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p4_a_replica_that_stands_still_holds_back_the_ack_and_no_more() {
    let master = RedisProcess::with(&MASTER);
    let replica = replica_of(&master).await;
    let stage = durable(master).await;
    let lobby = room("lobby");
    stage.say(&lobby, "first").await;
    replica.freeze();
    let refused = stage.try_say(&lobby, "second").await;
    let Err(BrokerError::Unavailable(detail)) = refused else {
        panic!("acked without a replica: {refused:?}")
    };
    assert!(detail.contains("0 of 1 replicas"), "{detail}");
    replica.thaw();
    stage.say_at_last(&lobby, "third").await;
    assert_eq!(stage.texts(&lobby).await[..2], ["first", "second"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_durable_publish_to_a_redis_that_stands_still_fails_in_time_and_works_again() {
    let master = RedisProcess::with(&MASTER);
    let _replica = replica_of(&master).await;
    let stage = durable(master).await;
    let lobby = room("lobby");
    // Several connections idle in the pool: not one patience each.
    let crowd = (0..10).map(|_| stage.say(&lobby, "first"));
    futures_util::future::join_all(crowd).await;
    stage.redis.freeze();
    let refused = timeout(Duration::from_secs(10), stage.try_say(&lobby, "second")).await;
    assert!(
        matches!(refused, Ok(Err(BrokerError::Unavailable(_)))),
        "{refused:?}"
    );
    stage.redis.thaw();
    stage.say_at_last(&lobby, "third").await;
}

/// Roles are changed while an ack waits: the message is kept, and may or may not be there afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_is_made_a_replica_while_an_ack_waits_leaves_it_open() {
    let master = RedisProcess::with(&MASTER);
    let replica = replica_of(&master).await;
    let stage = durable(master).await;
    let lobby = room("lobby");
    stage.say(&lobby, "first").await;
    replica.freeze();
    let (broker, room) = (stage.broker.clone(), lobby.clone());
    let waiting = tokio::spawn(async move {
        let draft = draft(&room, "alice", None, "second");
        broker.publish(&draft, None).await
    });
    until("it waits", || stage.info("blocked_clients") == 1).await;
    let port = replica.port().to_string();
    stage.redis.run(&["REPLICAOF", "127.0.0.1", &port]);
    let refused = waiting.await.expect("no panic");
    let Err(BrokerError::Unavailable(said)) = refused else {
        panic!("{refused:?}")
    };
    assert!(said.starts_with("kept"), "{said}");
    replica.thaw();
}
