//! Several independent Redises: one that is away costs its own rooms, and no node.

use std::time::Duration;

use roomcast_broker::conformance::{
    ClusterProcesses, RedisProcess, draft, redis_config, room, until,
};
use roomcast_broker::{Broker as _, BrokerError, ConnectError, Health, RedisBroker, RedisConfig};
use roomcast_protocol::RoomName;
use roomcast_redis::Address;
use tokio::time::sleep;

fn config(urls: &[String]) -> RedisConfig {
    let addresses = urls.iter().map(|url| Address::parse(url));
    RedisConfig {
        addresses: addresses.collect::<Result<_, _>>().expect("addresses"),
        ..redis_config("redis://unused")
    }
}

/// Enough that each has some.
fn rooms() -> Vec<RoomName> {
    (0..24).map(|n| room(&format!("room-{n}"))).collect()
}

/// Rooms in which nobody can speak.
async fn mute(broker: &RedisBroker) -> Vec<RoomName> {
    let mut mute = Vec::new();
    for room in rooms() {
        let draft = draft(&room, "alice", None, "hello");
        match broker.publish(&draft, None).await {
            Ok(_) => {}
            Err(BrokerError::Unavailable(_)) => mute.push(room),
            Err(error) => panic!("{error}"),
        }
    }
    mute
}

async fn until_nobody_is_mute(broker: &RedisBroker) {
    while !mute(broker).await.is_empty() {
        sleep(Duration::from_millis(50)).await;
    }
    for room in rooms() {
        broker.subscribe(&room).await.expect("subscribed");
    }
}

/// Longer than a silence may be that counts as health.
const LONG: Duration = Duration::from_millis(6_000);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_starts_and_stays_ready_without_one_of_three() {
    let mut servers = [
        RedisProcess::start(),
        RedisProcess::start(),
        RedisProcess::start(),
    ];
    let urls: Vec<String> = servers.iter().map(RedisProcess::url).collect();
    servers[2].kill();
    let started = RedisBroker::connect(config(&urls), 1).await;
    let (broker, _feeds) = started.expect("two are there");
    let waiting = mute(&broker).await;
    assert!(!waiting.is_empty() && waiting.len() < rooms().len());
    until("ready", || broker.health() == Health::Ready).await;
    servers[2].restart();
    until_nobody_is_mute(&broker).await;
    servers[0].kill();
    sleep(LONG).await;
    until("still ready", || broker.health() == Health::Ready).await;
    servers[1].kill();
    until("most are gone", || broker.health() == Health::Broken).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_among_them_that_is_away_joins_later() {
    let alone = RedisProcess::start();
    let cluster = tokio::task::block_in_place(ClusterProcesses::start);
    cluster.nodes.iter().for_each(RedisProcess::freeze);
    let started = RedisBroker::connect(config(&[alone.url(), cluster.url()]), 1).await;
    cluster.nodes.iter().for_each(RedisProcess::thaw);
    let (broker, _feeds) = started.expect("one is there");
    until_nobody_is_mute(&broker).await;
    until("ready", || broker.health() == Health::Ready).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_can_not_keep_the_promises_is_refused_though_the_others_can() {
    let good = RedisProcess::start();
    let forgets = RedisProcess::with(&["--save", "", "--maxmemory-policy", "allkeys-lru"]);
    let urls = [good.url(), good.url(), forgets.url()];
    let started = RedisBroker::connect(config(&urls), 1).await;
    let Err(error) = started else {
        panic!("connected")
    };
    assert!(matches!(error, ConnectError::Unsuitable { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_away_and_comes_back_unsuitable_gets_no_rooms() {
    let good = RedisProcess::start();
    let mut forgets = RedisProcess::with(&["--save", "", "--maxmemory-policy", "allkeys-lru"]);
    forgets.kill();
    let urls = [good.url(), forgets.url()];
    let (broker, _feeds) = RedisBroker::connect(config(&urls), 1).await.expect("one");
    forgets.restart();
    until("it is refused", || broker.stats().refused > 0).await;
    assert!(!mute(&broker).await.is_empty());
    assert_eq!(forgets.run(&["DBSIZE"]), ":0\r\n");
}
