//! What a node says to its operator when it starts: yes, or what to change.

use roomcast_broker::conformance::{
    RedisProcess, RedisStage, draft, redis_config, room, until, why_not,
};
use roomcast_broker::{
    Broker as _, ConnectError, FeedEvent, Health, RedisBroker, RedisConfig, Span,
};

/// All that the keeper asks of Redis; the durable mode wants WAIT and UNWATCH too. HELLO and AUTH
/// are everybody's.
const LEAST: [&str; 19] = [
    "-@all",
    "+ping",
    "+info",
    "+script|load",
    "+evalsha",
    "+time",
    "+get",
    "+set",
    "+del",
    "+pexpire",
    "+pttl",
    "+hmget",
    "+hset",
    "+xadd",
    "+xrange",
    "+xrevrange",
    "+spublish",
    "+ssubscribe",
    "+sunsubscribe",
];

fn with_login(redis: &RedisProcess, login: &str) -> String {
    format!("redis://{login}@127.0.0.1:{}", redis.port())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_may_evict_what_was_acked_is_refused_with_the_remedy() {
    for policy in ["allkeys-lru", "allkeys-random"] {
        let redis = RedisProcess::with(&["--save", "", "--maxmemory-policy", policy]);
        let error = why_not(&redis.url()).await;
        let sentence = error.to_string();
        assert!(
            matches!(error, ConnectError::Unsuitable { .. }),
            "{sentence}"
        );
        for word in [policy, "maxmemory-policy to noeviction", &redis.url()] {
            assert!(sentence.contains(word), "{word:?} in {sentence:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_password_in_the_address_opens_both_kinds_of_link() {
    let redis = RedisProcess::start();
    redis.run(&["ACL", "SETUSER", "default", "resetpass", ">s3cret"]);
    let config = redis_config(&with_login(&redis, ":s3cret"));
    let mut stage = RedisStage::with(redis, config, 1).await;
    stage.listen(&room("lobby")).await;
    let said = stage.say(&room("lobby"), "hello").await;
    assert_eq!(stage.message().await.position, said.position);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_with_the_least_rights_can_do_everything() {
    let redis = RedisProcess::start();
    let user = [
        "ACL",
        "SETUSER",
        "roomcast",
        "on",
        ">s3cret",
        "resetkeys",
        "~rc:*",
        "resetchannels",
        "&rc:*",
    ];
    let answer = redis.run(&[&user[..], &LEAST].concat());
    assert_eq!(answer, "+OK\r\n");
    let config = redis_config(&with_login(&redis, "roomcast:s3cret"));
    let mut stage = RedisStage::with(redis, config, 1).await;
    let lobby = room("lobby");
    stage.broker.open(&lobby, None).await.expect("opened");
    stage.listen(&lobby).await;
    for _ in 0..2 {
        let keyed = draft(&lobby, "alice", Some("k1"), "once");
        stage.broker.publish(&keyed, None).await.expect("published");
    }
    let head = stage.log(&lobby).await.head;
    stage
        .broker
        .open(&lobby, Some(head.epoch))
        .await
        .expect("fenced");
    assert!(matches!(stage.event(0).await, FeedEvent::Message(_)));
    assert_eq!(stage.event(0).await, FeedEvent::Fenced(lobby.clone()));
    let span = Span::Before {
        before: head.seq.next(),
        limit: 1,
    };
    let slice = stage
        .broker
        .read(&lobby, span)
        .await
        .expect("readable")
        .expect("there");
    assert_eq!(slice.messages.len(), 1);
    stage.broker.unsubscribe(&lobby).await;
    until("ready", || stage.broker.health() == Health::Ready).await;
    let stats = stage.broker.stats();
    assert_eq!((stats.reconnects, stats.refused), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_or_missing_password_is_said_at_once_and_never_shown() {
    let redis = RedisProcess::start();
    redis.run(&["ACL", "SETUSER", "default", "resetpass", ">right"]);
    for login in [":wr0ng", "nobody:wr0ng"] {
        let error = why_not(&with_login(&redis, login)).await;
        let sentence = error.to_string();
        assert!(
            matches!(error, ConnectError::Unsuitable { .. }),
            "{sentence}"
        );
        assert!(sentence.contains("password"), "{sentence}");
        assert!(!sentence.contains("wr0ng"), "{sentence}");
    }
    let error = why_not(&redis.url()).await;
    assert!(matches!(error, ConnectError::Unsuitable { .. }), "{error}");
    assert!(error.to_string().contains("password"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_without_a_right_that_is_needed_is_refused_at_once() {
    let redis = RedisProcess::start();
    redis.run(&["ACL", "SETUSER", "default", "-script|load"]);
    let error = why_not(&redis.url()).await;
    assert!(matches!(error, ConnectError::Unsuitable { .. }), "{error}");
    assert!(error.to_string().contains("script|load"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_waits_for_a_redis_that_starts_after_it() {
    let mut redis = RedisProcess::start();
    redis.kill();
    let config = redis_config(&redis.url());
    let connecting = tokio::spawn(RedisBroker::connect(config, 1));
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert!(!connecting.is_finished());
    redis.restart();
    let (broker, _feeds) = connecting.await.expect("no panic").expect("connected");
    let draft = draft(&room("lobby"), "alice", None, "hello");
    broker.publish(&draft, None).await.expect("published");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_address_at_all_is_refused_with_what_is_expected() {
    let config = RedisConfig {
        addresses: Vec::new(),
        ..redis_config("redis://127.0.0.1:1")
    };
    let Err(error) = RedisBroker::connect(config, 1).await else {
        panic!("connected to nothing")
    };
    assert!(error.to_string().contains("redis://"), "{error}");
}
