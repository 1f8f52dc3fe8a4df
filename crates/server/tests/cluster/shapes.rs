//! The same promises where Redis is a master that sentinels watch, or a Cluster: in calm, when slots
//! move, and when a master dies (P1 to P5, P7).

use std::time::Duration;

use roomcast_redis::processes::{ClusterProcesses, WatchedProcesses};
use tokio::task::block_in_place;

use crate::audit::Allowed;
use crate::cluster::Nodes;
use crate::fleet::{Crowd, Fleet, cast, nobody_was_cut_off, rooms};

/// Talks for about six seconds.
const TALK: Crowd = Crowd {
    members: 30,
    talking_rooms: 6,
    senders_a_room: 3,
    says: 60,
    pause: Duration::from_millis(100),
    window: 1,
};

/// What a master acks, its replica has before it dies: what else a failover may lose is `forgetting`'s.
const DURABLE: &[&str] = &["--redis-durable-replicas", "1"];

async fn talking(url: &str, flags: &[&str]) -> (Nodes, Fleet) {
    let nodes = Nodes::at(url, flags).await;
    let fleet = Fleet::join(&nodes, cast(&nodes, &rooms(6), TALK)).await;
    fleet.talk();
    fleet.acked(&nodes, 100).await;
    (nodes, fleet)
}

async fn all_is_well(nodes: &Nodes, fleet: Fleet) {
    let ledgers = fleet.finish(nodes, Allowed::Nothing).await;
    nobody_was_cut_off(&ledgers);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_dies_behind_sentinels_costs_nothing_but_time() {
    let mut watched = block_in_place(WatchedProcesses::start);
    let (nodes, fleet) = talking(&watched.url(), DURABLE).await;
    let master = watched.master();
    watched.servers[master].kill();
    all_is_well(&nodes, fleet).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slots_of_a_cluster_that_move_cost_nothing() {
    let mut cluster = block_in_place(ClusterProcesses::start);
    let (nodes, fleet) = talking(&cluster.url(), &[]).await;
    block_in_place(|| {
        let fresh = cluster.grow();
        cluster.reshard(0, fresh, 600);
        cluster.reshard(1, fresh, 600);
    });
    all_is_well(&nodes, fleet).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_of_a_cluster_that_dies_costs_nothing_but_time() {
    let mut cluster = block_in_place(ClusterProcesses::start);
    let (nodes, fleet) = talking(&cluster.url(), DURABLE).await;
    cluster.nodes[1].kill();
    // It comes back as the replica of its replica; till then nothing in its rooms is acked.
    block_in_place(|| {
        cluster.until_master(4);
        cluster.nodes[1].restart();
    });
    all_is_well(&nodes, fleet).await;
}
