//! What an idle cluster costs Redis, and what the death of one of its nodes does.
//!
//! `cargo bench -p roomcast-presence --bench idle` starts a `redis-server` of its own and three nodes
//! with the default settings, and counts the commands of fifteen seconds: with nobody there, with
//! 5,000 sessions in 500 rooms, and with each of them in an inbox of its own as well. Then a node
//! dies. `-- 20000` takes another number of sessions, ten to a room. Takes a good minute.

#![expect(clippy::print_stdout, reason = "the table is what this is for")]
#![expect(clippy::unwrap_used, reason = "a program of one purpose, as a test is")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use roomcast_presence::{Change, Occupant, Presence, PresenceConfig};
use roomcast_protocol::SessionId;
use tokio::task::JoinSet;
use tokio::time::Instant;

#[expect(
    dead_code,
    reason = "the tests' server; they also kill it and bring it back"
)]
#[path = "../src/redis/tests/server.rs"]
mod server;

use server::Server;

const NODES: usize = 3;
const SESSIONS: usize = 5_000;
const SESSIONS_A_ROOM: usize = 10;
const WATCHED: Duration = Duration::from_secs(15);
/// How many enters are under way at a time.
const AT_ONCE: usize = 64;
/// How long to wait for what a dead node's people lead to.
const PATIENCE: Duration = Duration::from_secs(120);

struct Cluster {
    nodes: Vec<Arc<dyn Presence>>,
    left: Arc<AtomicUsize>,
    /// Read what the nodes tell, and count who left.
    _listeners: JoinSet<()>,
}

impl Cluster {
    async fn open(server: &Server) -> Self {
        let left = Arc::new(AtomicUsize::new(0));
        let (mut nodes, mut listeners) = (Vec::new(), JoinSet::new());
        for number in 0..NODES {
            let (config, name) = (PresenceConfig::default(), format!("n{number}"));
            let urls = [roomcast_redis::Address::parse(&server.url()).unwrap()];
            let opened = roomcast_presence::redis(config, name.parse().unwrap(), &urls).await;
            let (presence, mut changes) = opened.unwrap();
            nodes.push(presence);
            let left = Arc::clone(&left);
            listeners.spawn(async move {
                while let Some(change) = changes.next().await {
                    let is_leave = matches!(change, Change::Left { .. });
                    left.fetch_add(usize::from(is_leave), Ordering::SeqCst);
                }
            });
        }
        Self {
            nodes,
            left,
            _listeners: listeners,
        }
    }

    /// Enters every session into the room that `room_of` names.
    async fn enter(&self, sessions: usize, room_of: fn(usize) -> String) -> Duration {
        let started = Instant::now();
        let mut tasks = JoinSet::new();
        for number in 0..sessions {
            if tasks.len() >= AT_ONCE {
                tasks.join_next().await.unwrap().unwrap();
            }
            let node = Arc::clone(&self.nodes[number % NODES]);
            let room = room_of(number).parse().unwrap();
            let occupant = Occupant {
                session: SessionId::from_uuid(uuid::Uuid::from_u128(number as u128)),
                user: format!("user-{number}").parse().unwrap(),
                name: None,
            };
            tasks.spawn(async move { node.enter(&room, &occupant).await.map(|_| ()).unwrap() });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        started.elapsed()
    }
}

/// One number of an `INFO` section.
fn info(server: &Server, section: &str, name: &str) -> f64 {
    let told = server.ask(&["INFO", section]);
    let mut lines = told.lines();
    let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    value.unwrap().trim().parse().unwrap()
}

fn cpu_seconds(server: &Server) -> f64 {
    info(server, "cpu", "used_cpu_user") + info(server, "cpu", "used_cpu_sys")
}

/// Counts the commands of a while, and shows what they were.
async fn watch(server: &Server, what: &str) {
    let cpu = cpu_seconds(server);
    server.ask(&["CONFIG", "RESETSTAT"]);
    tokio::time::sleep(WATCHED).await;
    let mut calls = server.calls();
    let cpu = cpu_seconds(server) - cpu;
    // These are ours.
    calls.retain(|(name, _)| !name.starts_with("config") && name != "info" && name != "quit");
    let seconds = WATCHED.as_secs_f64();
    let is_sent = |name: &str| ["evalsha", "pexpire"].contains(&name);
    let rate = |sent: bool| {
        let some = calls.iter().filter(|(name, _)| !sent || is_sent(name));
        some.map(|(_, calls)| *calls as f64).sum::<f64>() / seconds
    };
    println!(
        "{what:<38} {:>6.1} sent/s {:>6.1} with those inside scripts {:>5.2} % CPU {:>7.1} MB",
        rate(true),
        rate(false),
        100.0 * cpu / seconds,
        info(server, "memory", "used_memory") / 1e6,
    );
    println!("    {calls:?}");
}

#[tokio::main]
async fn main() {
    // Cargo passes `--bench` as well.
    let asked = std::env::args().skip(1).find_map(|word| word.parse().ok());
    let sessions: usize = asked.unwrap_or(SESSIONS);
    let server = Server::start();
    let mut cluster = Cluster::open(&server).await;
    println!("{NODES} nodes, {sessions} sessions, {SESSIONS_A_ROOM} to a room");
    watch(&server, "nobody").await;
    let took = cluster
        .enter(sessions, |number| {
            format!("room-{}", number / SESSIONS_A_ROOM)
        })
        .await;
    println!("entering the rooms took {took:.2?}");
    watch(&server, "in rooms").await;
    let took = cluster
        .enter(sessions, |number| format!("@user-{number}"))
        .await;
    println!("entering the inboxes took {took:.2?}");
    watch(&server, "in rooms and inboxes").await;

    let victims = (0..sessions).filter(|number| number % NODES == 0).count();
    drop(cluster.nodes.remove(0));
    let died = Instant::now();
    let mut first = None;
    loop {
        let left = cluster.left.load(Ordering::SeqCst);
        if left > 0 && first.is_none() {
            first = Some(died.elapsed());
        }
        if left >= 2 * victims {
            break;
        }
        assert!(died.elapsed() < PATIENCE, "only {left} left");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    println!(
        "a node died: its {victims} people were told gone in {} rooms, the first after {:.2?}, \
         the last after {:.2?}",
        2 * victims,
        first.unwrap_or_default(),
        died.elapsed(),
    );
}
