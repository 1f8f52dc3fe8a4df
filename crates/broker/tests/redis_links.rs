//! P7: links to Redis break and come back; whoever listens is told, and the log has the rest.

use std::time::Duration;

use roomcast_broker::conformance::{RedisProcess, RedisStage, draft, redis_config, room, until};
use roomcast_broker::{Broker as _, BrokerError, Health};
use roomcast_protocol::RoomName;
use tokio::time::{sleep, timeout};

fn cut_the_feed(stage: &RedisStage) {
    stage.redis.run(&["CLIENT", "KILL", "TYPE", "pubsub"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p7_a_cut_feed_says_so_when_every_room_is_subscribed_again() {
    let mut stage = RedisStage::start().await;
    let rooms: Vec<RoomName> = (0..1_500).map(|n| room(&format!("room-{n}"))).collect();
    for room in &rooms {
        stage.listen(room).await;
    }
    stage.redis.run(&["CONFIG", "RESETSTAT"]);
    cut_the_feed(&stage);
    assert_eq!(stage.until_interrupted(0).await, []);
    let commands = stage.calls("ssubscribe");
    assert!(
        (1..10).contains(&commands),
        "{commands} commands for 1,500 rooms"
    );
    for room in &rooms {
        stage.say(room, "after").await;
        let told = stage.message().await;
        assert_eq!((&told.room, told.position.seq.value()), (room, 1));
    }
    assert_eq!(stage.broker.stats().subscriptions, 1_500);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p7_what_is_said_while_the_feed_is_cut_is_in_the_log() {
    let mut stage = RedisStage::start().await;
    let lobby = room("lobby");
    stage.listen(&lobby).await;
    stage.say(&lobby, "before").await;
    stage.message().await;
    stage
        .redis
        .run(&["ACL", "SETUSER", "default", "-ssubscribe"]);
    cut_the_feed(&stage);
    for n in 0..5 {
        stage.say(&lobby, &format!("meanwhile {n}")).await;
    }
    stage
        .redis
        .run(&["ACL", "SETUSER", "default", "+ssubscribe"]);
    assert_eq!(stage.until_interrupted(0).await, []);
    let after = stage.say(&lobby, "after").await;
    assert_eq!(stage.message().await.position, after.position);
    assert_eq!(after.position.seq.value(), 7);
    let texts = stage.texts(&lobby).await;
    assert_eq!(
        (texts.len(), &*texts[0], &*texts[5]),
        (7, "before", "meanwhile 4")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p7_a_subscription_that_redis_refuses_is_tried_ever_more_seldom() {
    let mut stage = RedisStage::start().await;
    stage.listen(&room("lobby")).await;
    stage
        .redis
        .run(&["ACL", "SETUSER", "default", "-ssubscribe"]);
    cut_the_feed(&stage);
    let before = stage.info("total_connections_received");
    sleep(Duration::from_secs(3)).await;
    let tries = stage.info("total_connections_received") - before;
    assert!(tries < 40, "{tries} connections in 3 s");
    let refused = stage.broker.subscribe(&room("other")).await;
    assert!(
        matches!(refused, Err(BrokerError::Unavailable(_))),
        "{refused:?}"
    );
    stage
        .redis
        .run(&["ACL", "SETUSER", "default", "+ssubscribe"]);
    stage.until_interrupted(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p7_every_feed_is_told_of_an_interruption() {
    let redis = RedisProcess::start();
    let config = redis_config(&redis.url());
    let mut stage = RedisStage::with(redis, config, 4).await;
    stage.listen(&room("lobby")).await;
    cut_the_feed(&stage);
    for feed in 0..4 {
        assert_eq!(stage.until_interrupted(feed).await, []);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p7_a_room_joined_while_there_is_no_link_is_subscribed_when_it_comes() {
    let mut stage = RedisStage::start().await;
    let lobby = room("lobby");
    stage
        .redis
        .run(&["ACL", "SETUSER", "default", "-ssubscribe"]);
    cut_the_feed(&stage);
    let (broker, joined) = (stage.broker.clone(), lobby.clone());
    let joining = tokio::spawn(async move { while broker.subscribe(&joined).await.is_err() {} });
    sleep(Duration::from_millis(300)).await;
    assert!(!joining.is_finished(), "nothing can be subscribed to yet");
    stage
        .redis
        .run(&["ACL", "SETUSER", "default", "+ssubscribe"]);
    timeout(Duration::from_secs(15), joining)
        .await
        .expect("in time")
        .expect("joined");
    let said = stage.say(&lobby, "hello").await;
    assert_eq!(stage.message().await.position, said.position);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_count_of_subscriptions_follows_comings_and_goings() {
    let stage = RedisStage::start().await;
    for n in 0..10 {
        stage.listen(&room(&format!("room-{n}"))).await;
    }
    assert_eq!(stage.broker.stats().subscriptions, 10);
    for n in 0..10 {
        stage.broker.unsubscribe(&room(&format!("room-{n}"))).await;
    }
    until("nothing is subscribed", || {
        stage.broker.stats().subscriptions == 0
    })
    .await;
    assert!(
        stage
            .redis
            .run(&["PUBSUB", "SHARDCHANNELS", "rc:{room-*"])
            .starts_with("*0")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p7_a_command_link_that_is_cut_comes_back() {
    let stage = RedisStage::start().await;
    let lobby = room("lobby");
    stage.say(&lobby, "before").await;
    stage
        .redis
        .run(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    let after = stage.say_at_last(&lobby, "after").await;
    assert_eq!(after.position.seq.value(), 2);
    assert!(stage.broker.stats().reconnects > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p5_a_redis_that_stands_still_delays_nobody_for_long_and_a_retry_is_kept_once() {
    let mut stage = RedisStage::start().await;
    let lobby = room("lobby");
    stage.listen(&lobby).await;
    stage.say(&lobby, "before").await;
    let once = draft(&lobby, "alice", Some("k1"), "once");
    stage.redis.freeze();
    // The link notices after two to three seconds; the rest is for a slow machine.
    let refused = timeout(Duration::from_secs(8), stage.broker.publish(&once, None)).await;
    assert!(
        matches!(refused, Ok(Err(BrokerError::Unavailable(_)))),
        "{refused:?}"
    );
    sleep(Duration::from_secs(4)).await;
    let refused = timeout(Duration::from_secs(8), stage.broker.publish(&once, None)).await;
    assert!(
        matches!(refused, Ok(Err(BrokerError::Unavailable(_)))),
        "{refused:?}"
    );
    stage.redis.thaw();
    stage.until_interrupted(0).await;
    stage.say_at_last(&lobby, "after").await;
    let retry = stage.broker.publish(&once, None).await.expect("published");
    let again = stage.broker.publish(&once, None).await.expect("published");
    assert!(again.duplicate && again.position == retry.position);
    let texts = stage.texts(&lobby).await;
    assert_eq!(
        texts.iter().filter(|text| *text == "once").count(),
        1,
        "{texts:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_is_lost_with_redis_and_comes_back_with_it() {
    let stage = RedisStage::start().await;
    until("ready after the start", || {
        stage.broker.health() == Health::Ready
    })
    .await;
    stage.redis.freeze();
    until("broken", || stage.broker.health() == Health::Broken).await;
    stage.redis.thaw();
    until("ready again", || stage.broker.health() == Health::Ready).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_see_which_links_are_up() {
    let mut stage = RedisStage::start().await;
    let up = |stage: &RedisStage| -> Vec<(String, bool)> {
        let links = stage.broker.links().into_iter();
        links
            .map(|link| (link.name, link.up == link.wanted))
            .collect()
    };
    let all = |commands, feed| {
        vec![
            ("0/commands".to_owned(), commands),
            ("0/feed".to_owned(), feed),
        ]
    };
    until("all are up", || up(&stage) == all(true, true)).await;
    let deny = ["ACL", "SETUSER", "default", "-ssubscribe"];
    stage.redis.run(&deny);
    cut_the_feed(&stage);
    until("the feed hears nothing", || up(&stage) == all(true, false)).await;
    stage.redis.kill();
    until("none is up", || up(&stage) == all(false, false)).await;
    stage.redis.restart();
    until("all are up again", || up(&stage) == all(true, true)).await;
}
