//! What happens when Redis forgets, restarts, or can't be heard.

use std::time::Duration;

use super::relay::Relay;
use super::server::Server;
use super::{Cluster, open};
use crate::config::PresenceConfig;
use crate::conformance::many_nodes::{all_hear_nothing, gather};
use crate::conformance::revisions::Heard;
use crate::conformance::{Stage, long_grace, occupant, quick, room, sentence, session};
use crate::port::PresenceError;

#[tokio::test]
async fn a_flushed_redis_is_told_again_and_the_rooms_are_told_nothing() {
    let cluster = Cluster::of(1);
    let mut nodes = vec![
        cluster.node("a", long_grace()).await,
        cluster.node("b", long_grace()).await,
    ];
    nodes[0].enter("r", 1, "alice").await;
    nodes[1].enter("r", 2, "bob").await;
    nodes[1].enter("r", 3, "alice").await;
    gather(&mut nodes, 2).await;
    cluster.servers[0].ask(&["FLUSHALL"]);
    for node in &nodes {
        node.comes_to_see("r", &["alice", "bob"]).await;
    }
    all_hear_nothing(&mut nodes).await;
    // And all is as before: one join, one leave.
    nodes[0].enter("r", 4, "carol").await;
    assert_eq!(gather(&mut nodes, 1).await, ["+carol in r of 3"]);
    drop(nodes.remove(1));
    assert_eq!(gather(&mut nodes, 1).await, ["-bob in r of 2"]);
    all_hear_nothing(&mut nodes).await;
}

#[tokio::test]
async fn the_sessions_of_a_user_are_listed_again_after_a_flush() {
    let cluster = Cluster::of(1);
    let (a, b) = (
        cluster.node("a", quick()).await,
        cluster.node("b", quick()).await,
    );
    a.enter("@alice", 1, "alice").await;
    a.enter("@alice", 2, "alice").await;
    b.enter("@alice", 3, "alice").await;
    cluster.servers[0].ask(&["FLUSHALL"]);
    a.leave("@alice", 2).await;
    b.comes_to_list("alice", &["a/1", "b/3"]).await;
}

#[tokio::test]
async fn who_leaves_while_redis_has_forgotten_them_is_told_gone() {
    let cluster = Cluster::of(1);
    let mut nodes = vec![cluster.node("a", quick()).await];
    nodes[0].enter("r", 1, "alice").await;
    gather(&mut nodes, 1).await;
    cluster.servers[0].ask(&["FLUSHALL"]);
    nodes[0].leave("r", 1).await;
    assert_eq!(gather(&mut nodes, 1).await, ["-alice in r of 0"]);
    all_hear_nothing(&mut nodes).await;
}

#[tokio::test]
async fn who_leaves_while_redis_has_forgotten_them_was_seen_all_the_same() {
    let cluster = Cluster::of(1);
    let mut nodes = vec![cluster.node("a", quick()).await];
    nodes[0].enter("@alice", 1, "alice").await;
    gather(&mut nodes, 1).await;
    cluster.servers[0].ask(&["FLUSHALL"]);
    nodes[0].leave("@alice", 1).await;
    assert_eq!(gather(&mut nodes, 1).await, ["-alice in @alice of 0"]);
    assert!(nodes[0].last_seen("alice").await.is_some());
}

#[tokio::test]
async fn a_restarted_redis_is_told_again() {
    let mut cluster = Cluster::of(1);
    let mut nodes = vec![
        cluster.node("a", long_grace()).await,
        cluster.node("b", long_grace()).await,
    ];
    nodes[0].enter("r", 1, "alice").await;
    nodes[1].enter("r", 2, "bob").await;
    gather(&mut nodes, 2).await;
    cluster.servers[0].kill();
    // Longer than the lease: that Redis was away does not make anybody dead.
    tokio::time::sleep(long_grace().lease() * 2).await;
    cluster.servers[0].restart();
    for node in &nodes {
        node.comes_to_see("r", &["alice", "bob"]).await;
    }
    all_hear_nothing(&mut nodes).await;
}

#[tokio::test]
async fn a_redis_that_comes_back_with_an_old_memory_is_put_right() {
    let mut cluster = Cluster::of(1);
    let mut nodes = vec![cluster.node("a", quick()).await];
    nodes[0].enter("r", 1, "alice").await;
    nodes[0].enter("r", 2, "bob").await;
    gather(&mut nodes, 2).await;
    cluster.servers[0].ask(&["SAVE"]);
    nodes[0].leave("r", 1).await;
    assert_eq!(gather(&mut nodes, 1).await, ["-alice in r of 1"]);
    nodes[0].enter("r", 3, "carol").await;
    assert_eq!(gather(&mut nodes, 1).await, ["+carol in r of 2"]);
    cluster.servers[0].restart();
    nodes[0].comes_to_see("r", &["bob", "carol"]).await;
}

#[tokio::test]
async fn who_enters_while_redis_is_away_is_entered_when_it_is_back_and_told_once() {
    let mut cluster = Cluster::of(1);
    let mut nodes = vec![cluster.node("a", quick()).await];
    cluster.servers[0].kill();
    let entered = nodes[0]
        .presence
        .enter(&room("r"), &occupant(1, "alice"))
        .await;
    assert!(
        matches!(entered, Err(PresenceError::Unavailable { .. })),
        "{entered:?}"
    );
    cluster.servers[0].restart();
    assert_eq!(gather(&mut nodes, 1).await, ["+alice in r of 1"]);
    all_hear_nothing(&mut nodes).await;
}

#[tokio::test]
async fn a_node_begins_without_redis_and_finds_it_later() {
    let mut server = Server::start();
    server.kill();
    let mut nodes = vec![open("a", quick(), &[server.url()]).await];
    assert!(
        nodes[0]
            .presence
            .enter(&room("r"), &occupant(1, "alice"))
            .await
            .is_err()
    );
    server.restart();
    assert_eq!(gather(&mut nodes, 1).await, ["+alice in r of 1"]);
    nodes[0].comes_to_see("r", &["alice"]).await;
}

/// Gives an answer up early, and asks again soon; the lease outlives it all.
fn soon_out_of_patience() -> PresenceConfig {
    PresenceConfig {
        lease_ms: 600_000,
        beat_ms: 100,
        grace_ms: 0,
        response_timeout_ms: 200,
        ..quick()
    }
}

/// The wire loses answers, not commands: the hard half of an outage.
#[tokio::test]
async fn a_join_and_a_leave_whose_answers_were_lost_are_told_once() {
    let server = Server::start();
    let relay = Relay::to(server.port()).await;
    let mut nodes = vec![open("a", soon_out_of_patience(), &[relay.url()]).await];
    nodes[0].enter("r", 1, "alice").await;
    assert_eq!(gather(&mut nodes, 1).await, ["+alice in r of 1"]);

    relay.mute();
    let (presence, r) = (nodes[0].presence.clone(), room("r"));
    let entered = presence.enter(&r, &occupant(2, "bob")).await;
    let left = presence.leave(&r, session(1)).await;
    assert!(
        entered.is_err() && (left.is_err() || relay.muted() > 0),
        "{entered:?}, {left:?}"
    );
    relay.cut();
    relay.mend();
    let told = gather(&mut nodes, 2).await;
    let people: Vec<&str> = told
        .iter()
        .map(|told| told.split(' ').next().unwrap())
        .collect();
    assert_eq!(people, ["+bob", "-alice"]);
    all_hear_nothing(&mut nodes).await;
    assert_eq!(nodes[0].who("r").await, ["bob"]);
}

#[tokio::test]
async fn who_is_back_before_it_was_known_that_they_left_is_told_gone_and_joined() {
    let server = Server::start();
    let relay = Relay::to(server.port()).await;
    let mut nodes = vec![open("a", soon_out_of_patience(), &[relay.url()]).await];
    nodes[0].enter("r", 1, "alice").await;
    let mut told = vec![nodes[0].change().await];
    // So that Redis has the script, and a call whose answer is lost was done.
    nodes[0].enter("s", 2, "bob").await;
    nodes[0].leave("s", 2).await;
    gather(&mut nodes, 2).await;
    relay.mute();
    let (presence, r) = (nodes[0].presence.clone(), room("r"));
    assert!(presence.leave(&r, session(1)).await.is_err());
    assert!(presence.enter(&r, &occupant(2, "alice")).await.is_err());
    relay.cut();
    relay.mend();
    told.extend([nodes[0].change().await, nodes[0].change().await]);
    let sentences: Vec<String> = told.iter().map(sentence).collect();
    assert_eq!(
        sentences,
        ["+alice in r of 1", "-alice in r of 0", "+alice in r of 1"]
    );
    let mut heard = Heard::default();
    told.iter().for_each(|change| heard.take_in(change));
    heard.adds_up_to("r", &nodes[0].roster("r").await);
    all_hear_nothing(&mut nodes).await;
}

#[tokio::test]
async fn a_node_cut_off_beyond_its_lease_is_reaped_and_enters_its_people_again() {
    let server = Server::start();
    let relay = Relay::to(server.port()).await;
    let config = long_grace();
    let mut nodes = vec![
        open("a", config.clone(), &[relay.url()]).await,
        open("b", config, &[server.url()]).await,
    ];
    nodes[0].enter("r", 1, "alice").await;
    nodes[0].enter("s", 1, "alice").await;
    nodes[1].enter("r", 2, "bob").await;
    gather(&mut nodes, 3).await;
    relay.cut();
    let told = gather(&mut nodes[1..], 2).await;
    assert_eq!(told, ["-alice in r of 1", "-alice in s of 0"]);
    relay.mend();
    let told = gather(&mut nodes[..1], 2).await;
    assert_eq!(told, ["+alice in r of 2", "+alice in s of 1"]);
    all_hear_nothing(&mut nodes).await;
    assert_eq!(nodes[1].who("r").await, ["alice", "bob"]);
}

/// Random cuts while people come and go: at rest the roster is the truth, and what was told adds
/// up to it.
#[tokio::test]
async fn what_was_told_adds_up_to_the_roster_though_the_wire_was_cut_again_and_again() {
    let server = Server::start();
    let relay = Relay::to(server.port()).await;
    // A lease no cut outlives: nobody is reaped, so every change is the node's own.
    let config = PresenceConfig {
        lease_ms: 60_000,
        grace_ms: 20,
        response_timeout_ms: 150,
        ..quick()
    };
    let mut node = open("a", config, &[relay.url()]).await;
    let mut here = std::collections::BTreeSet::new();
    for round in 0..120u128 {
        if round % 15 == 5 {
            relay.mute();
        }
        if round % 15 == 8 {
            relay.cut();
            relay.mend();
        }
        let number = (round * 7) % 20;
        let name = format!("user-{number:02}");
        // The answer may be an error; that is what the test is about.
        if here.remove(&name) {
            let _ = node.presence.leave(&room("r"), session(number)).await;
        } else {
            let _ = node
                .presence
                .enter(&room("r"), &occupant(number, &name))
                .await;
            here.insert(name);
        }
    }
    relay.cut();
    relay.mend();
    let expected: Vec<&str> = here.iter().map(String::as_str).collect();
    node.comes_to_see("r", &expected).await;
    let mut folded = std::collections::BTreeSet::new();
    let mut heard = Heard::default();
    let quiet = Duration::from_millis(700);
    while let Ok(Some(change)) = tokio::time::timeout(quiet, node.changes.next()).await {
        heard.take_in(&change);
        let sentence = sentence(&change);
        let (user, _) = sentence[1..].split_once(' ').unwrap();
        let is_news = match sentence.as_bytes()[0] {
            b'+' => folded.insert(user.to_owned()),
            _ => folded.remove(user),
        };
        assert!(is_news, "told twice: {sentence}");
    }
    assert!(folded.iter().eq(here.iter()), "{folded:?} {here:?}");
    heard.adds_up_to("r", &node.roster("r").await);
    assert!(relay.muted() > 0, "answers were lost");
}

/// So many people whom a node left in a room when it died, as they would stand there. By a script, since
/// they are many.
fn leave_behind(redis: &Server, people: usize) {
    let script = format!(
        "for n = 1, {people} do local user = 'ghost-' .. n \
         redis.call('HSET', KEYS[1], user, 't 1 1\\n\\n' .. ARGV[1] .. '=0\\n') \
         redis.call('ZADD', KEYS[2], 0, user) end"
    );
    let life = "dead:0123456789abcdef";
    let keys = ["rc:{r}:online", "rc:{r}:roll"];
    redis.ask(&["EVAL", &script, "2", keys[0], keys[1], life]);
    redis.ask(&["SADD", &format!("rc:node:{life}:rooms"), "r"]);
    redis.ask(&["ZADD", "rc:nodes", "1", life]);
}

fn number(answer: &str) -> usize {
    let digits = answer.trim_start_matches(':').lines().next();
    digits.unwrap_or_default().parse().unwrap()
}

/// Another process has the same hash in another order: where a scan of the old one stands says nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_stays_behind_whose_room_was_reaped_while_the_master_was_replaced() {
    const PEOPLE: usize = 20_000;
    let (old, new) = (Server::start(), Server::start());
    let port = old.port().to_string();
    old.ask(&["CONFIG", "SET", "repl-diskless-sync-delay", "0"]);
    new.ask(&["REPLICAOF", "127.0.0.1", &port]);
    let state = ["INFO", "replication"];
    let follows = || new.ask(&state).contains("master_link_status:up");
    comes_to_be("the replica follows", follows).await;
    let relay = Relay::to(old.port()).await;
    let config = PresenceConfig {
        changes_max: 2 * PEOPLE,
        ..long_grace()
    };
    let nodes = [open("a", config, &[relay.url()]).await];
    nodes[0].enter("r", 1, "alice").await;
    leave_behind(&old, PEOPLE);
    let left = |redis: &Server| number(&redis.ask(&["HLEN", "rc:{r}:online"]));
    comes_to_be("some are gone", || left(&old) < PEOPLE - 2_000).await;
    old.ask(&["CLIENT", "PAUSE", "600000", "WRITE"]);
    let reaped = left(&old);
    assert!(reaped > 2_000, "a part of them: {reaped}");
    comes_to_be("the replica is as far", || left(&new) == reaped).await;
    new.ask(&["REPLICAOF", "NO", "ONE"]);
    relay.lead_to(new.port());
    relay.cut();
    relay.mend();
    let rooms = ["EXISTS", "rc:node:dead:0123456789abcdef:rooms"];
    comes_to_be("all is reaped", || new.ask(&rooms).starts_with(":0")).await;
    nodes[0].comes_to_see("r", &["alice"]).await;
    assert_eq!(left(&new), 1, "alice alone");
}

async fn comes_to_be(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..30_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("in time: {what}");
}
