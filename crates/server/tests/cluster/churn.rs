//! Hundreds of users with thousands of sessions come and go while nodes die, stand still and lose
//! their Redis; at rest every node, and every client by what it was told, knows who is there (P9).

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use roomcast_protocol::{RoomName, UserId};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::cluster::Cluster;
use crate::guest::{Guest, Phase};
use crate::http::ask_with_key;
use crate::view::Views;

const SESSIONS: usize = 2_000;
const USERS: usize = 700;
/// Rooms in which each coming and going is told; and one that is told in sums.
const ROOMS: usize = 60;
const HALL: &str = "hall";
const CHURN: Duration = Duration::from_secs(30);
/// The lease, the grace and the beats of the default settings, and time for a slow machine.
const REST_PATIENCE: Duration = Duration::from_secs(300);
const FLAGS: &[&str] = &[
    "--commands-per-second",
    "100",
    "--sessions-per-user-max",
    "50",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p9_after_churn_and_faults_every_roster_and_every_view_is_the_truth() {
    let mut cluster = Cluster::start(FLAGS).await;
    let nodes = cluster.addresses();
    let (phase, heard) = watch::channel(Phase::Churn);
    let views = Views::default();
    let mut guests = JoinSet::new();
    for n in 0..SESSIONS {
        let guest = Guest {
            number: n,
            user: format!("user-{}", n % USERS),
            nodes: nodes.clone(),
            rooms: rooms(n),
            rng: StdRng::seed_from_u64(n as u64),
            phase: heard.clone(),
            views: views.clone(),
        };
        guests.spawn(guest.run());
    }
    let begun = Instant::now();
    at(begun, 8).await;
    cluster.nodes[1].kill().await;
    at(begun, 12).await;
    cluster.nodes[2].freeze();
    at(begun, 18).await;
    // Presence and publishing lose their links, again and again; and once the feeds do.
    for _ in 0..10 {
        cluster.redis.run(&["CLIENT", "KILL", "TYPE", "normal"]);
        sleep(Duration::from_millis(300)).await;
    }
    cluster.redis.run(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    at(begun, 25).await;
    // Longer than its lease: the others have taken its people out.
    cluster.nodes[2].thaw();
    tokio::time::sleep_until(begun + CHURN).await;
    phase.send_replace(Phase::Rest);

    let result = rest(&cluster, &[nodes[0], nodes[2]], &views).await;
    phase.send_replace(Phase::End);
    while guests.join_next().await.is_some() {}
    if let Err(wrong) = result {
        panic!("{wrong}\n{}", cluster.tails());
    }
}

async fn at(begun: Instant, seconds: u64) {
    tokio::time::sleep_until(begun + Duration::from_secs(seconds)).await;
}

/// Four of the small rooms, and the hall.
fn rooms(n: usize) -> Vec<RoomName> {
    // A user's sessions are in different rooms, partly.
    let small = (0..4).map(|k| format!("room-{}", (n * 7 + k * k * 3) % ROOMS));
    let names: BTreeSet<String> = small.chain([HALL.to_owned()]).collect();
    names.iter().map(|name| name.parse().unwrap()).collect()
}

/// Waits until everything agrees; what does not, if it never does.
async fn rest(cluster: &Cluster, nodes: &[SocketAddr], views: &Views) -> Result<(), String> {
    let mut wrong = "nothing was looked at".to_owned();
    let agree = async {
        loop {
            sleep(Duration::from_secs(2)).await;
            match disagreement(nodes, views).await {
                None => return,
                Some(found) => wrong = found,
            }
        }
    };
    let in_time = timeout(REST_PATIENCE, agree).await.is_ok();
    for node in &cluster.nodes {
        assert!(!node.has_panicked(), "{}", node.tail());
    }
    in_time.then_some(()).ok_or(wrong)
}

/// The first thing that is not as it should be.
async fn disagreement(nodes: &[SocketAddr], views: &Views) -> Option<String> {
    let views = views.lock().clone();
    if views.len() < SESSIONS {
        return Some(format!(
            "{} of {SESSIONS} sessions are at rest",
            views.len()
        ));
    }
    let mut truth: BTreeMap<RoomName, BTreeSet<UserId>> = BTreeMap::new();
    for (n, rooms) in &views {
        let user: UserId = format!("user-{}", n % USERS).parse().unwrap();
        for room in rooms.keys() {
            truth.entry(room.clone()).or_default().insert(user.clone());
        }
    }
    for (n, rooms) in &views {
        for (room, view) in rooms {
            if let Some(wrong) = view.differs_from(&truth[room]) {
                return Some(format!("session {n} in {room}: {wrong}"));
            }
        }
    }
    for (room, users) in &truth {
        for node in nodes {
            let named = roster(*node, room).await;
            if named != *users {
                let missing: Vec<_> = users.difference(&named).collect();
                let ghosts: Vec<_> = named.difference(users).collect();
                return Some(format!(
                    "{node} in {room}: missing {missing:?}, ghosts {ghosts:?}"
                ));
            }
        }
    }
    None
}

/// Who is in a room, as a node tells back ends.
async fn roster(node: SocketAddr, room: &RoomName) -> BTreeSet<UserId> {
    let mut named: BTreeSet<UserId> = BTreeSet::new();
    loop {
        let after = named
            .last()
            .map_or(String::new(), |user| format!("?after={user}"));
        let path = format!("/v1/rooms/{room}/members{after}");
        let Some(answer) = ask_with_key(node, "GET", &path, None, "").await else {
            return named;
        };
        let members = answer.body["members"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let users = members
            .iter()
            .filter_map(|it| it["user"].as_str()?.parse().ok());
        named.extend(users);
        if answer.body["more"] != true {
            return named;
        }
    }
}
