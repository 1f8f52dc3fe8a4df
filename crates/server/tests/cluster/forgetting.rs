//! Redis comes back having forgotten: everything, or the last it was told (P8). Everybody is told, also
//! where nobody talks, and no position is given to two messages in one epoch.

use std::time::Duration;

use roomcast_broker::conformance::RedisProcess;
use tokio::time::sleep;

use crate::audit::Allowed;
use crate::cluster::Cluster;
use crate::fleet::{BUSY, Fleet, cast, nobody_was_cut_off, rooms};
use crate::http::post;
use crate::ledger::{Ledger, Line};

/// Writes to disk only when told to.
const SNAPSHOTS: &[&str] = &["--save", "", "--appendonly", "no"];

/// Whether a gap was told in every room, live or at a resume.
fn is_told(ledger: &Ledger) -> bool {
    let gap = |line: &Line| matches!(line, Line::Gap { .. } | Line::Joined { gap: Some(_), .. });
    ledger.rooms.values().all(|lines| lines.iter().any(gap))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_forgets_everything_is_told_to_everybody_in_every_room() {
    let cluster = Cluster::start(&[]).await;
    // The last but one has a past, the last has none.
    let rooms = rooms(7);
    let fleet = Fleet::join(&cluster, cast(&cluster, &rooms, BUSY)).await;
    post(cluster.nodes[0].address, &rooms[5], "before", "before").await;
    fleet.talk();
    fleet.acked(&cluster, 100).await;
    assert_eq!(cluster.redis.run(&["FLUSHALL"]), "+OK\r\n");
    fleet
        .until(&cluster, "everybody is told of the gap", is_told)
        .await;
    post(cluster.nodes[1].address, &rooms[5], "after", "after").await;
    post(cluster.nodes[2].address, &rooms[6], "after", "after").await;
    let ledgers = fleet.finish(&cluster, Allowed::NewEpochs).await;
    nobody_was_cut_off(&ledgers);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_resumes_after_redis_forgot_everything_is_told_at_the_resume() {
    let mut cluster = Cluster::start(&[]).await;
    let fleet = Fleet::busy(&cluster).await;
    cluster.nodes[1].kill().await;
    assert_eq!(cluster.redis.run(&["FLUSHALL"]), "+OK\r\n");
    fleet
        .until(&cluster, "everybody is told of the gap", is_told)
        .await;
    fleet.finish(&cluster, Allowed::NewEpochs).await;
}

/// The log is the same life as before and shorter: the most treacherous way to forget.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_lost_its_last_writes_gives_no_position_twice() {
    let mut cluster = Cluster::on(RedisProcess::with(SNAPSHOTS), &[]).await;
    let fleet = Fleet::busy(&cluster).await;
    assert_eq!(cluster.redis.run(&["SAVE"]), "+OK\r\n");
    // Lost later: in the busy rooms, and the only word in the idle one.
    post(cluster.nodes[0].address, &rooms(6)[5], "lost", "lost").await;
    fleet.acked(&cluster, 250).await;
    cluster.redis.kill();
    sleep(Duration::from_millis(500)).await;
    cluster.redis.restart();
    fleet
        .until(&cluster, "everybody is told of the gap", is_told)
        .await;
    post(cluster.nodes[1].address, &rooms(6)[5], "after", "after").await;
    let ledgers = fleet.finish(&cluster, Allowed::NewEpochs).await;
    nobody_was_cut_off(&ledgers);
}
