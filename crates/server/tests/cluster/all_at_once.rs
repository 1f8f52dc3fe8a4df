//! Troubles on top of each other, while people come in and talk: nothing acked is lost, nothing comes
//! twice.

use std::time::Duration;

use roomcast_broker::conformance::RedisProcess;
use tokio::time::sleep;

use crate::audit::Allowed;
use crate::cluster::Cluster;
use crate::fleet::{BUSY, Crowd, Fleet, PATIENCE, cast, rooms};

/// Come in while nothing works.
const LATE: Crowd = Crowd {
    members: 9,
    senders_a_room: 1,
    says: 5,
    ..BUSY
};

/// P1 to P7, P11.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_node_a_drain_and_a_redis_that_stands_still_dies_and_cuts_links() {
    let every_write = &[
        "--save",
        "",
        "--appendonly",
        "yes",
        "--appendfsync",
        "always",
    ];
    let flags = &["--join-messages-max", "5", "--drain-ms", "500"];
    let mut cluster = Cluster::on(RedisProcess::with(every_write), flags).await;
    let long = Crowd { says: 40, ..BUSY };
    let fleet = Fleet::join(&cluster, cast(&cluster, &rooms(6), long)).await;
    fleet.talk();
    fleet.acked(&cluster, 150).await;

    cluster.redis.freeze();
    let late: Vec<_> = cast(&cluster, &rooms(6), LATE)
        .into_iter()
        .map(|mut part| {
            part.user = format!("late-{}", part.user);
            part
        })
        .collect();
    cluster.nodes[1].kill().await;
    let thaw = async {
        sleep(Duration::from_secs(2)).await;
        cluster.redis.thaw();
        cluster.redis.run(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    };
    let (late, ()) = tokio::join!(Fleet::join(&cluster, late), thaw);
    late.talk();

    cluster.redis.kill();
    cluster.redis.restart();
    cluster.nodes[0].terminate();
    let status = cluster.nodes[0].ended(PATIENCE).await;
    assert_eq!(status.code(), Some(0), "{}", cluster.nodes[0].tail());

    late.acked(
        &cluster,
        LATE.talking_rooms * LATE.senders_a_room * LATE.says,
    )
    .await;
    fleet.finish(&cluster, Allowed::Nothing).await;
    late.finish(&cluster, Allowed::Nothing).await;
}
