//! What a quiet cluster costs: with nobody there, and with 5,000 people who do nothing.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::cluster::Cluster;
use crate::crowd::each;
use crate::monitor::Monitor;
use crate::session::{Session, Told};

/// Sessions, each another user's, each in one room and in its inbox.
const SESSIONS: usize = 5_000;
const SESSIONS_A_ROOM: usize = 10;
/// How many come at a time.
const AT_ONCE: usize = 64;
/// Until the last coming is told.
const REST: Duration = Duration::from_secs(10);
const MINUTE: Duration = Duration::from_secs(60);
/// Commands that are shown by their names.
const SHOWN: usize = 8;

pub(crate) async fn run(watched: Duration) {
    let cluster = Cluster::start();
    let mut monitor = Monitor::of(&cluster.redis);
    sleep(REST).await;
    // Nothing is looked at there: it is the same every minute.
    watch(
        "idle, 0 sessions",
        &cluster,
        &mut monitor,
        watched.min(MINUTE),
    )
    .await;
    let told = Rc::new(Told::default());
    let sessions: Vec<Session> = each(SESSIONS, AT_ONCE, |at| {
        let (address, told) = (cluster.address(at), told.clone());
        async move {
            let session = Session::connect(address, &format!("user-{at}"), None, &told).await;
            session
                .join(&format!("room-{}", at / SESSIONS_A_ROOM), None)
                .await;
            session
        }
    })
    .await;
    sleep(REST).await;
    let what = format!(
        "idle, {} sessions in {} rooms",
        sessions.len(),
        SESSIONS / SESSIONS_A_ROOM
    );
    watch(&what, &cluster, &mut monitor, watched).await;
}

async fn watch(what: &str, cluster: &Cluster, monitor: &mut Monitor, watched: Duration) {
    monitor.take(&cluster.redis).await;
    let (calls, cpu, begun) = (cluster.calls(), cluster.cpu(), Instant::now());
    sleep(watched).await;
    let (nodes, redis) = cluster.cpu().seconds_since(cpu);
    let seconds = begun.elapsed().as_secs_f64();
    let counted = monitor.take(&cluster.redis).await;
    let before: BTreeMap<_, _> = calls.into_iter().collect();
    let mut calls: Vec<_> = cluster.calls();
    for (name, calls) in &mut calls {
        *calls -= before.get(name).unwrap_or(&0);
    }
    // What we ask ourselves.
    calls.retain(|(name, _)| !["info", "echo", "quit"].contains(&name.as_str()));
    calls.sort_by_key(|(_, calls)| std::cmp::Reverse(*calls));
    let all: u64 = calls.iter().map(|(_, calls)| calls).sum();
    let per_second = |count: u64| count as f64 / seconds;
    println!(
        "{what}: {:.1} commands a second, {:.1} with those inside scripts",
        per_second(counted.total().sent),
        per_second(all),
    );
    for (purpose, sent) in counted.by_purpose() {
        println!("    {:.1} a second: {}", per_second(sent), purpose.name());
    }
    for (command, sent) in counted.by_command().into_iter().take(SHOWN) {
        println!("        {:.2} a second sent: {command}", per_second(sent));
    }
    for (name, calls) in calls.iter().take(SHOWN) {
        println!("        {:.1} a second in all: {name}", per_second(*calls));
    }
    println!(
        "    CPU: {:.2} ms a second of three nodes together, {:.2} ms of Redis (with MONITOR)",
        1e3 * nodes / seconds,
        1e3 * redis / seconds,
    );
}
