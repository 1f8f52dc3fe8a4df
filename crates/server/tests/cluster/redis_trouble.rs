//! Redis cuts links, stands still or dies while everybody talks, and keeps what it was told (P7). No
//! client's connection is closed for it.

use std::time::Duration;

use roomcast_broker::conformance::RedisProcess;
use tokio::time::sleep;

use crate::audit::Allowed;
use crate::cluster::Cluster;
use crate::fleet::{BUSY, Crowd, Fleet, cast, nobody_was_cut_off, rooms};
use crate::http::post;
use crate::ledger::Ledger;

/// What is written before it is answered survives the death of the process: with the default,
/// `everysec`, a slow disk may hold writes back for a moment, and this moment may be lost.
const EVERY_WRITE: &[&str] = &[
    "--save",
    "",
    "--appendonly",
    "yes",
    "--appendfsync",
    "always",
];

/// A node compares every room with its log each 30 s in any case, the first time 30 s after its start.
/// A missed word that comes only then would hide that the return of the feed repaired nothing; what
/// comes by itself comes within a second.
const BEFORE_THE_ROUTINE: Duration = Duration::from_secs(20);

/// Trouble that nobody noticed would prove nothing.
async fn was_felt(cluster: &Cluster, counter: &str) {
    assert!(cluster.counter(counter).await > 0.0, "{counter} is 0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_that_is_cut_again_and_again_loses_and_repeats_nothing() {
    let cluster = Cluster::start(&[]).await;
    let fleet = Fleet::busy(&cluster).await;
    for _ in 0..6 {
        cluster.redis.run(&["CLIENT", "KILL", "TYPE", "pubsub"]);
        sleep(Duration::from_millis(300)).await;
    }
    let ledgers = fleet.finish(&cluster, Allowed::Nothing).await;
    was_felt(&cluster, "roomcast_store_reconnects_total").await;
    was_felt(&cluster, "roomcast_messages_repaired_total").await;
    nobody_was_cut_off(&ledgers);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn publishers_whose_links_are_cut_say_everything_once() {
    let cluster = Cluster::start(&[]).await;
    let fleet = Fleet::busy(&cluster).await;
    for _ in 0..6 {
        cluster.redis.run(&["CLIENT", "KILL", "TYPE", "normal"]);
        sleep(Duration::from_millis(200)).await;
    }
    let ledgers = fleet.finish(&cluster, Allowed::Nothing).await;
    was_felt(&cluster, "roomcast_store_reconnects_total").await;
    nobody_was_cut_off(&ledgers);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_stands_still_for_five_seconds_costs_nothing_but_time() {
    let cluster = Cluster::start(&[]).await;
    let fleet = Fleet::busy(&cluster).await;
    cluster.redis.freeze();
    sleep(Duration::from_secs(5)).await;
    cluster.redis.thaw();
    let ledgers = fleet.finish(&cluster, Allowed::Nothing).await;
    was_felt(&cluster, "roomcast_store_unavailable_total").await;
    was_felt(&cluster, "roomcast_store_reconnects_total").await;
    nobody_was_cut_off(&ledgers);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_dies_and_comes_back_with_its_file_loses_and_repeats_nothing() {
    let mut cluster = Cluster::on(RedisProcess::with(EVERY_WRITE), &[]).await;
    let fleet = Fleet::busy(&cluster).await;
    cluster.redis.kill();
    sleep(Duration::from_secs(1)).await;
    cluster.redis.restart();
    let ledgers = fleet.finish(&cluster, Allowed::Nothing).await;
    was_felt(&cluster, "roomcast_store_unavailable_total").await;
    was_felt(&cluster, "roomcast_store_reconnects_total").await;
    nobody_was_cut_off(&ledgers);
}

/// P7: where nobody speaks afterwards, no later message shows that one is missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_word_in_an_idle_room_arrives_though_the_feed_was_cut() {
    let cluster = Cluster::start(&[]).await;
    let idle = rooms(4);
    let quiet = Crowd {
        members: 6,
        talking_rooms: 1,
        senders_a_room: 0,
        ..BUSY
    };
    let fleet = Fleet::join(&cluster, cast(&cluster, &idle, quiet)).await;
    for round in 0..5 {
        for room in &idle {
            // As fast as possible one after the other: most posts meet a feed that isn't there.
            cluster.redis.run(&["CLIENT", "KILL", "TYPE", "pubsub"]);
            let (node, key) = (cluster.nodes[round % 3].address, format!("k{round}"));
            post(node, room, &key, "is anybody there?").await;
        }
    }
    let heard_all = |ledger: &Ledger| idle.iter().all(|room| ledger.heard(room).count() == 5);
    fleet
        .within(BEFORE_THE_ROUTINE, &cluster, "all is heard", heard_all)
        .await;
    let ledgers = fleet.finish(&cluster, Allowed::Nothing).await;
    was_felt(&cluster, "roomcast_messages_repaired_total").await;
    nobody_was_cut_off(&ledgers);
}
