//! P1, P4, P7, P8 where a master dies: the node follows its sentinels, nothing acked is told twice, and
//! what the promoted replica never had is told as lost, not passed over.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use roomcast_broker::conformance::{
    RedisProcess, RedisStage, WatchedProcesses, draft, node_at, redis_config, room, until, why_not,
};
use roomcast_broker::{
    Broker as _, BrokerError, FeedEvent, Health, RedisBroker, RedisConfig, Span,
};
use roomcast_protocol::{MessageId, Position, RoomName};
use tokio::time::{Instant, sleep, timeout};

async fn stage() -> RedisStage<WatchedProcesses> {
    let watched = WatchedProcesses::start();
    let config = redis_config(&watched.url());
    RedisStage::with(watched, config, 1).await
}

/// Says these, one after the other, each again with its key until it is acked; where each was put.
async fn say_all(broker: &Arc<RedisBroker>, room: &RoomName, who: &str, n: usize) -> Vec<Position> {
    let mut places = Vec::with_capacity(n);
    for n in 0..n {
        let key = format!("{who}-{n}");
        loop {
            let draft = draft(room, who, Some(&key), &key);
            match broker.publish(&draft, places.last().copied()).await {
                Ok(published) => break places.push(published.position),
                Err(BrokerError::Unavailable(_) | BrokerError::Refused { .. }) => {
                    sleep(Duration::from_millis(50)).await;
                }
                Err(error) => panic!("{error}"),
            }
        }
        sleep(Duration::from_millis(10)).await;
    }
    places
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p7_a_master_that_is_killed_is_followed_to_the_one_that_is_promoted() {
    let mut stage = stage().await;
    let lobby = room("lobby");
    stage.listen(&lobby).await;
    let before = stage.say(&lobby, "before").await;
    assert_eq!(stage.message().await.position, before.position);
    // Both replicas have it: nothing is lost in this story.
    let killed = stage.redis.master();
    for server in &stage.redis.servers[1..] {
        until("a replica has it", || {
            server.run(&["XLEN", "rc:{lobby}:log"]) == ":1\r\n"
        })
        .await;
    }
    stage.redis.servers[killed].kill();
    let killed_at = Instant::now();
    let refused = stage.try_say(&lobby, "meanwhile").await;
    assert!(
        matches!(refused, Err(BrokerError::Unavailable(_))),
        "{refused:?}"
    );
    stage.until_interrupted(0).await;
    let after = stage.say_at_last(&lobby, "after").await;
    let took = killed_at.elapsed();
    assert_eq!(
        after.position.epoch, before.position.epoch,
        "nothing was lost"
    );
    assert_eq!(stage.message().await.position, after.position);
    assert_eq!(stage.texts(&lobby).await, ["before", "after"]);
    until("ready again", || stage.broker.health() == Health::Ready).await;
    assert!(took < Duration::from_secs(15), "it took {took:?}");
    eprintln!("followed after {took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p1_one_order_is_told_on_all_nodes_through_a_failover() {
    let mut stage = stage().await;
    let lobby = room("lobby");
    stage.listen(&lobby).await;
    let (other, mut feed) = node_at(&stage.redis.url(), "other").await;
    other.subscribe(&lobby).await.expect("subscribed");
    let speaking = [(stage.broker.clone(), "a"), (other.clone(), "b")].map(|(broker, who)| {
        tokio::spawn({
            let lobby = lobby.clone();
            async move { say_all(&broker, &lobby, who, 150).await }
        })
    });
    sleep(Duration::from_millis(500)).await;
    let killed = stage.redis.master();
    stage.redis.servers[killed].kill();
    let mut places = Vec::new();
    for speaking in speaking {
        places.extend(speaking.await.expect("no panic"));
    }
    places.sort_by_key(|place| (place.epoch.to_string(), place.seq));
    let all = places.len();
    places.dedup();
    assert_eq!(places.len(), all, "no position was acked for two messages");
    // What was told while the feed was whole, in one order, and the same at each position.
    let tellings = [drain(&mut stage.feeds[0]).await, drain(&mut feed).await];
    for told in &tellings {
        assert!(told.len() > 20, "{} of {all}", told.len());
        for pair in told.windows(2) {
            let (one, next) = (pair[0].0, pair[1].0);
            let is_later = one.epoch != next.epoch || one.seq < next.seq;
            assert!(is_later, "{one:?} before {next:?}");
        }
    }
    let [here, there] = tellings.map(HashMap::from_iter);
    let ids: [&HashMap<Position, MessageId>; 2] = [&here, &there];
    let both = ids[0]
        .iter()
        .filter_map(|(at, id)| Some((id, ids[1].get(at)?)));
    let both: Vec<_> = both.collect();
    assert!(both.len() > 20, "{} were told on both", both.len());
    assert!(both.iter().all(|(here, there)| here == there), "{both:?}");
    // What the log has, each key once.
    let mut texts = stage.texts(&lobby).await;
    texts.sort();
    let kept = texts.len();
    texts.dedup();
    assert_eq!(texts.len(), kept, "nothing was kept twice");
}

async fn drain(feed: &mut roomcast_broker::Feed) -> Vec<(Position, MessageId)> {
    let mut told = Vec::new();
    while let Ok(Some(event)) = timeout(Duration::from_millis(300), feed.recv()).await {
        if let FeedEvent::Message(message) = event {
            told.push((message.position, message.id));
        }
    }
    told
}

fn replicas(watched: &WatchedProcesses, master: usize) -> impl Iterator<Item = &RedisProcess> {
    let servers = watched.servers.iter().enumerate();
    servers
        .filter(move |(index, _)| *index != master)
        .map(|(_, server)| server)
}

/// From now on nothing reaches the replicas, as if the network between them and the master were gone.
/// A frozen one alone would still find in its socket what was said meanwhile.
fn cut_off(watched: &WatchedProcesses, master: usize) {
    replicas(watched, master).for_each(RedisProcess::freeze);
    watched.servers[master].run(&["CLIENT", "KILL", "TYPE", "replica"]);
}

/// Both replicas stand still while more is acked, so that none of it reaches them; then the master dies.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p8_a_promoted_replica_that_lost_writes_names_no_position_twice() {
    let mut stage = stage().await;
    let lobby = room("lobby");
    stage.listen(&lobby).await;
    stage.say(&lobby, "kept").await;
    for server in &stage.redis.servers[1..] {
        until("a replica has it", || {
            server.run(&["XLEN", "rc:{lobby}:log"]) == ":1\r\n"
        })
        .await;
    }
    let before = stage.redis.master();
    cut_off(&stage.redis, before);
    let mut lost = Vec::new();
    for n in 0..5 {
        lost.push(stage.say(&lobby, &format!("lost {n}")).await.position);
    }
    stage.redis.servers[before].kill();
    let others = replicas(&stage.redis, before);
    others.for_each(RedisProcess::thaw);
    let promoted = stage.redis.until_promoted(before);
    stage.until_interrupted(0).await;
    assert_eq!(
        stage.redis.servers[promoted].run(&["XLEN", "rc:{lobby}:log"]),
        ":1\r\n"
    );
    // A publisher says how far it has seen: that is how the loss is noticed.
    let floor = lost.last().copied();
    let after = loop {
        let draft = draft(&lobby, "alice", None, "after");
        match stage.broker.publish(&draft, floor).await {
            Ok(published) => break published.position,
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    };
    assert_ne!(after.epoch, lost[0].epoch, "another life of the log");
    assert!(!lost.contains(&after));
    assert_eq!(stage.texts(&lobby).await, ["kept", "after"]);
    let span = Span::Latest { limit: 0 };
    let head = stage.broker.read(&lobby, span).await.expect("readable");
    assert_eq!(head.expect("it is there").head.epoch, after.epoch);
}

/// The durable mode where the master is cut off from its replicas, then dies: who was on its side of the
/// network gets no ack that the failover takes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p4_in_the_durable_mode_a_master_alone_acks_nothing_that_its_death_would_lose() {
    let watched = WatchedProcesses::start();
    let config = RedisConfig {
        durable_replicas: 1,
        ..redis_config(&watched.url())
    };
    let mut stage = RedisStage::with(watched, config, 1).await;
    let lobby = room("lobby");
    let mut acked = Vec::new();
    for n in 0..10 {
        stage.say(&lobby, &format!("acked {n}")).await;
        acked.push(format!("acked {n}"));
    }
    let before = stage.redis.master();
    cut_off(&stage.redis, before);
    for n in 0..3 {
        let refused = stage.try_say(&lobby, &format!("unsure {n}")).await;
        assert!(
            matches!(refused, Err(BrokerError::Unavailable(_))),
            "acked alone: {refused:?}"
        );
    }
    stage.redis.servers[before].kill();
    let others = replicas(&stage.redis, before);
    others.for_each(RedisProcess::thaw);
    stage.redis.until_promoted(before);
    stage.say_at_last(&lobby, "after").await;
    let texts = stage.texts(&lobby).await;
    for text in &acked {
        assert!(texts.contains(text), "{text} was acked: {texts:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sentinels_that_want_a_password_get_their_own_or_say_so_at_once() {
    let watched = WatchedProcesses::start();
    watched.lock_sentinels("s3+cret");
    let said = why_not(&watched.url()).await.to_string();
    assert!(said.contains("sentinel_password="), "{said}");
    let wrong = format!("{}?sentinel_password=canary", watched.url());
    let said = why_not(&wrong).await.to_string();
    assert!(said.contains("user and password"), "{said}");
    assert!(!said.contains("canary"), "{said}");
    let config = redis_config(&format!("{}?sentinel_password=s3+cret", watched.url()));
    let stage = RedisStage::with(watched, config, 1).await;
    stage.say(&room("lobby"), "hello").await;
}
