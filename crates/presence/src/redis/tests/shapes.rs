//! The Redis keeper before the examiner where Redis is a master that sentinels watch, and a Cluster.

use roomcast_redis::processes::{ClusterProcesses, Together, Turn, Turns, WatchedProcesses};
use tokio::task::block_in_place;

use super::open;
use crate::config::PresenceConfig;
use crate::conformance::{Node, Stage, occupant, quick, room};

/// A cluster of nodes over processes that are one Redis.
struct Shaped<P>(Turn<P>);

impl<P: Together> Stage for Shaped<P> {
    async fn node(&self, name: &str, config: PresenceConfig) -> Node {
        open(name, config, &[self.0.url()]).await
    }
}

macro_rules! all_suites {
    ($shape:ident: $processes:ident) => {
        mod $shape {
            use roomcast_redis::processes::{$processes, Turns};

            use super::{Shaped, on};
            use crate::conformance::bans::bans_suite;
            use crate::conformance::inbox::inbox_suite;
            use crate::conformance::many_nodes::many_nodes_suite;
            use crate::conformance::marks::marks_suite;
            use crate::conformance::one_node::one_node_suite;
            use crate::conformance::revisions::revisions_suite;

            static TURNS: Turns<$processes> = Turns::new();

            async fn stage() -> Shaped<$processes> {
                on(&TURNS).await
            }

            one_node_suite!(stage().await);
            many_nodes_suite!(stage().await);
            inbox_suite!(stage().await);
            bans_suite!(stage().await);
            marks_suite!(stage().await);
            revisions_suite!(stage().await);
            inbox_suite!(cluster stage().await);
            bans_suite!(cluster stage().await);
            revisions_suite!(cluster stage().await);
        }
    };
}

async fn on<P: Together>(turns: &Turns<P>) -> Shaped<P> {
    Shaped(turns.take().await)
}

all_suites!(sentinels: WatchedProcesses);
all_suites!(cluster: ClusterProcesses);

/// A failover is shorter than a lease, as the documentation advises; by default it is not.
fn patient() -> PresenceConfig {
    PresenceConfig {
        lease_ms: 20_000,
        ..quick()
    }
}

const ROOMS: [&str; 4] = ["lobby", "den", "attic", "cellar"];

/// Alice is on one node and bob on the other, in every room.
async fn two_nodes(url: &str) -> [Node; 2] {
    let urls = [url.to_owned()];
    let [mut one, mut other] = [
        open("one", patient(), &urls).await,
        open("other", patient(), &urls).await,
    ];
    for (number, room) in (0..).zip(ROOMS) {
        one.enter(room, 10 + number, "alice").await;
        other.enter(room, 20 + number, "bob").await;
        one.told().await;
        other.told().await;
    }
    [one, other]
}

/// All are still there, nobody was told gone, and somebody new is let in as soon as that is possible.
async fn all_stay([mut one, mut other]: [Node; 2]) {
    for room in ROOMS {
        one.comes_to_see(room, &["alice", "bob"]).await;
    }
    one.hears_nothing().await;
    other.hears_nothing().await;
    for (number, room) in (0..).zip(ROOMS) {
        one.enter(room, 30 + number, "carol").await;
        assert_eq!(one.told().await, format!("+carol in {room} of 3"));
        other.comes_to_see(room, &["alice", "bob", "carol"]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_leaves_because_a_master_behind_sentinels_died() {
    let mut watched = block_in_place(WatchedProcesses::start);
    let nodes = two_nodes(&watched.url()).await;
    let master = watched.master();
    watched.servers[master].kill();
    block_in_place(|| watched.until_promoted(master));
    all_stay(nodes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_leaves_because_a_master_of_a_cluster_died_or_slots_moved() {
    for master in 0..3 {
        let mut cluster = block_in_place(ClusterProcesses::start);
        let nodes = two_nodes(&cluster.url()).await;
        block_in_place(|| {
            let other = (master + 1) % 3;
            cluster.reshard(other, master, 50);
            cluster.nodes[master].kill();
            cluster.until_master(3 + master);
        });
        all_stay(nodes).await;
    }
}

fn keeper_of(cluster: &ClusterProcesses, key: &str) -> Option<usize> {
    (0..3).find(|node| cluster.nodes[*node].run(&["EXISTS", key]).starts_with(":1"))
}

/// Where the one lease of this node is.
fn keeper_of_lease(cluster: &ClusterProcesses, node: &str) -> Option<usize> {
    let lease = format!("rc:node:{node}:????????????????");
    (0..3).find(|node| {
        cluster.nodes[*node]
            .run(&["KEYS", &lease])
            .starts_with("*1")
    })
}

/// Nobody takes the place of the one that is away; the other nodes are well all the while.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_lease_is_at_a_master_that_is_away_goes_on_with_the_others() {
    let settings = ["--cluster-require-full-coverage", "no"];
    let mut cluster = block_in_place(|| ClusterProcesses::with(&settings));
    let config = PresenceConfig {
        lease_ms: 5_000,
        ..quick()
    };
    let urls = [cluster.url()];
    let mut other = open("other", config.clone(), &urls).await;
    let nodes_at = keeper_of(&cluster, "rc:nodes").expect("somewhere");
    let (mut one, away) = loop {
        let one = open("one", config.clone(), &urls).await;
        let lease_at = keeper_of_lease(&cluster, "one");
        match lease_at.filter(|at| *at != nodes_at) {
            Some(away) => break (one, away),
            None => one.presence.retire().await,
        }
    };
    for (number, room) in (0..).zip(ROOMS) {
        one.enter(room, 10 + number, "alice").await;
        other.enter(room, 20 + number, "bob").await;
        one.told().await;
        other.told().await;
    }
    let keys = ROOMS.map(|room| format!("rc:{{{room}}}:online"));
    let is_here = |key: &String| keeper_of(&cluster, key).is_some_and(|at| at != away);
    let here: Vec<&str> = keys
        .iter()
        .zip(ROOMS)
        .filter(|(key, _)| is_here(key))
        .map(|(_, room)| room)
        .collect();
    assert!(!here.is_empty(), "some rooms are at other masters");
    cluster.nodes[3 + away].freeze();
    cluster.nodes[away].kill();
    tokio::time::sleep(3 * config.lease()).await;
    for (number, room) in (0..).zip(here) {
        one.enter(room, 30 + number, "carol").await;
        assert_eq!(one.told().await, format!("+carol in {room} of 3"));
        other.comes_to_see(room, &["alice", "bob", "carol"]).await;
    }
    one.hears_nothing().await;
    other.hears_nothing().await;
}

/// An open slot stays so until an operator mends it; beats go on as if it were not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_for_a_slot_on_the_move_do_not_hurry_the_beat() {
    let cluster = block_in_place(ClusterProcesses::start);
    let one = open("one", quick(), &[cluster.url()]).await;
    one.enter("lobby", 1, "alice").await;
    let from = keeper_of(&cluster, "rc:{lobby}:online").expect("somewhere");
    let told = cluster.nodes[from].run(&["CLUSTER", "KEYSLOT", "rc:{lobby}"]);
    let slot = told.trim().trim_start_matches(':');
    let id = cluster.nodes[(from + 1) % 3].run(&["CLUSTER", "MYID"]);
    let id = id.lines().nth(1).unwrap_or_default();
    let done = cluster.nodes[from].run(&["CLUSTER", "SETSLOT", slot, "MIGRATING", id]);
    assert!(done.starts_with("+OK"), "{done}");
    let all = |command: &[&str]| -> Vec<String> {
        cluster.nodes.iter().map(|node| node.run(command)).collect()
    };
    all(&["CONFIG", "RESETSTAT"]);
    let begun = tokio::time::Instant::now();
    for number in 2..5 {
        let bob = occupant(number, "bob");
        let refused = one.presence.enter(&room("lobby"), &bob).await;
        assert!(refused.is_err(), "a key of it is not there: {refused:?}");
    }
    let beats = begun.elapsed().as_millis() / quick().beat().as_millis() + 2;
    let asked: usize = all(&["INFO", "commandstats"])
        .iter()
        .filter_map(|told| told.split_once("cmdstat_cluster|slots:calls="))
        .filter_map(|(_, rest)| rest.split_once(',')?.0.parse::<usize>().ok())
        .sum();
    assert!(asked as u128 <= 3 * beats, "{asked} times in {beats} beats");
}
