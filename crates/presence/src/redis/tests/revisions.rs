//! Where the count of a room's changes is kept, and what comes of it when Redis forgets.

use std::time::Duration;

use futures_util::future::join_all;

use super::Cluster;
use crate::conformance::many_nodes::{all_hear_nothing, gather, gather_changes};
use crate::conformance::revisions::{Heard, revision};
use crate::conformance::{Stage, long_grace, occupant, quick, room};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Of the count of the room `r`; -1 if it is kept for good.
fn ttl_ms(cluster: &Cluster) -> i64 {
    let left = cluster.servers[0].ask(&["PTTL", "rc:{r}:revision"]);
    left.lines().next().unwrap()[1..].parse().unwrap()
}

#[tokio::test]
async fn a_count_is_kept_while_somebody_is_there_and_for_a_day() {
    let cluster = Cluster::of(1);
    let mut node = cluster.node("a", quick()).await;
    for number in 1..3 {
        node.enter("r", number, "alice").await;
        node.told().await;
        assert_eq!(ttl_ms(&cluster), -1);
        node.leave("r", number).await;
        node.told().await;
        assert!((DAY_MS / 2..=DAY_MS).contains(&ttl_ms(&cluster)));
    }
    // Who is reaped leaves it as well.
    node.enter("r", 3, "alice").await;
    node.told().await;
    drop(node);
    let mut node = cluster.node("b", quick()).await;
    assert_eq!(node.told().await, "-alice in r of 0");
    assert!((DAY_MS / 2..=DAY_MS).contains(&ttl_ms(&cluster)));
}

#[tokio::test]
async fn after_a_flush_a_room_is_counted_anew_and_higher() {
    let cluster = Cluster::of(1);
    let mut nodes = vec![
        cluster.node("a", long_grace()).await,
        cluster.node("b", long_grace()).await,
    ];
    nodes[0].enter("r", 1, "alice").await;
    nodes[1].enter("r", 2, "bob").await;
    let before = gather_changes(&mut nodes, 2).await;
    let highest = before.iter().map(revision).max().unwrap();
    cluster.servers[0].ask(&["FLUSHALL"]);
    for node in &nodes {
        node.comes_to_see("r", &["alice", "bob"]).await;
    }
    let anew = nodes[0].roster("r").await.revision;
    // The first of the two is not the next one either: something is missing.
    assert!(anew > highest + 2, "{anew} after {highest}");
    let entry = nodes[0].entry("r", 3, "carol").await;
    assert_eq!(entry.revision, anew + 1);
    let told = gather_changes(&mut nodes, 1).await;
    assert_eq!(revision(&told[0]), anew + 1);
}

#[tokio::test]
async fn who_leaves_while_redis_has_forgotten_them_is_counted() {
    let cluster = Cluster::of(1);
    let mut nodes = vec![cluster.node("a", quick()).await];
    nodes[0].enter("r", 1, "alice").await;
    let joined = revision(&gather_changes(&mut nodes, 1).await[0]);
    cluster.servers[0].ask(&["FLUSHALL"]);
    nodes[0].leave("r", 1).await;
    let left = revision(&gather_changes(&mut nodes, 1).await[0]);
    assert!(left > joined + 1, "{left} after {joined}");
    assert_eq!(nodes[0].roster("r").await.revision, left);
    let entry = nodes[0].entry("r", 2, "bob").await;
    assert_eq!(entry.revision, left + 1);
}

#[tokio::test]
async fn a_count_that_alone_was_lost_begins_anew_with_the_next_change() {
    let cluster = Cluster::of(1);
    let mut nodes = vec![cluster.node("a", long_grace()).await];
    let first = nodes[0].entry("r", 1, "alice").await;
    cluster.servers[0].ask(&["DEL", "rc:{r}:revision"]);
    assert_eq!(nodes[0].roster("r").await.revision, 0);
    assert_eq!(nodes[0].entry("r", 2, "alice").await.revision, 0);
    let next = nodes[0].entry("r", 3, "bob").await;
    assert!(
        next.revision > first.revision + 1,
        "{next:?} after {first:?}"
    );
    assert_eq!(nodes[0].roster("r").await.revision, next.revision);
    assert_eq!(ttl_ms(&cluster), -1);
    gather(&mut nodes, 2).await;
    all_hear_nothing(&mut nodes).await;
}

/// A crowd comes back again and again just when its grace ends: some are told gone and joined again,
/// none without its revision.
#[tokio::test]
async fn who_comes_back_as_their_grace_ends_leaves_no_hole_in_the_count() {
    let cluster = Cluster::of(1);
    let config = crate::config::PresenceConfig {
        grace_ms: 5,
        lease_ms: 600_000,
        ..quick()
    };
    let mut node = cluster.node("a", config).await;
    let presence = node.presence.clone();
    let crowd = tokio::spawn(async move {
        let people = (0..40u128).map(|number| {
            let presence = presence.clone();
            async move {
                let (r, one) = (room("r"), occupant(number, &format!("user-{number}")));
                for _ in 0..20 {
                    presence.enter(&r, &one).await.unwrap();
                    presence.leave(&r, one.session).await.unwrap();
                    tokio::time::sleep(Duration::from_millis(6 + number as u64 % 5)).await;
                }
            }
        });
        join_all(people).await;
    });
    let mut heard = Heard::default();
    let quiet = Duration::from_millis(500);
    while !crowd.is_finished() || node.roster("r").await.count > 0 {
        while let Ok(Some(change)) = tokio::time::timeout(quiet, node.changes.next()).await {
            heard.take_in(&change);
        }
    }
    crowd.await.unwrap();
    heard.adds_up_to("r", &node.roster("r").await);
}
