//! What a keeper shows of a user as a whole, who is in their own inbox with every session.

use std::time::Duration;

use tokio::time::Instant;

use super::{PATIENCE, Stage, long_grace, quick};
use crate::config::PresenceConfig;

/// Makes a test of every sentence, on a stage; the second list needs several nodes.
macro_rules! inbox_suite {
    ($stage:expr) => {
        inbox_suite!($stage;
            a_users_sessions_are_those_in_their_inbox_and_no_others,
            who_left_was_last_seen_at_that_moment_and_not_after_the_grace,
            it_is_forgotten_when_a_user_was_seen_long_ago,
            no_more_sessions_are_listed_than_the_bound_and_it_is_said,
        );
    };
    (cluster $stage:expr) => {
        inbox_suite!($stage;
            a_users_sessions_are_listed_with_their_nodes_in_one_order_everywhere,
            a_crashed_nodes_sessions_are_listed_no_more,
            who_was_on_a_crashed_node_was_last_seen_when_it_was_reaped,
        );
    };
    ($stage:expr; $($name:ident,)*) => {$(
        #[tokio::test]
        async fn $name() {
            $crate::conformance::inbox::$name(&$stage).await;
        }
    )*};
}
pub(crate) use inbox_suite;

pub(crate) async fn a_users_sessions_are_those_in_their_inbox_and_no_others(stage: &impl Stage) {
    let mut node = stage.node("a", long_grace()).await;
    assert!(node.sessions("alice").await.is_empty());
    for number in [3, 1, 2] {
        assert_eq!(node.enter("@alice", number, "alice").await, 1);
    }
    node.enter("@bob", 4, "bob").await;
    node.enter("r", 5, "alice").await;
    assert_eq!(node.sessions("alice").await, ["a/1", "a/2", "a/3"]);
    assert_eq!(node.sessions("bob").await, ["a/4"]);
    for told in [
        "+alice in @alice of 1",
        "+bob in @bob of 1",
        "+alice in r of 1",
    ] {
        assert_eq!(node.told().await, told);
    }
    node.leave("@alice", 1).await;
    assert_eq!(node.sessions("alice").await, ["a/2", "a/3"]);
    node.leave("@alice", 3).await;
    node.leave("@alice", 2).await;
    assert_eq!(
        node.who("@alice").await,
        ["alice"],
        "they are in their grace"
    );
    assert!(node.sessions("alice").await.is_empty());
    node.enter("@alice", 6, "alice").await;
    assert_eq!(node.sessions("alice").await, ["a/6"]);
    node.hears_nothing().await;
}

pub(crate) async fn who_left_was_last_seen_at_that_moment_and_not_after_the_grace(
    stage: &impl Stage,
) {
    let mut node = stage.node("a", long_grace()).await;
    for (number, name) in [(1, "alice"), (2, "bob")] {
        node.enter(&format!("@{name}"), number, name).await;
        node.told().await;
    }
    node.enter("r", 3, "carol").await;
    node.enter("@bob", 3, "carol").await;
    for name in ["alice", "bob", "carol"] {
        assert_eq!(node.last_seen(name).await, None, "{name}");
    }
    node.leave("@alice", 1).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    // With the node bob leaves now, and alice had left before.
    node.presence.retire().await;
    let (alice, bob) = (node.last_seen("alice").await, node.last_seen("bob").await);
    let (alice, bob) = (alice.unwrap(), bob.unwrap());
    assert!(
        alice > 1_700_000_000_000,
        "{alice} is in ms since the epoch"
    );
    assert!(alice + 250 <= bob, "{alice} {bob}");
    assert_eq!(
        node.last_seen("carol").await,
        None,
        "she never had an inbox"
    );
}

pub(crate) async fn it_is_forgotten_when_a_user_was_seen_long_ago(stage: &impl Stage) {
    let config = PresenceConfig {
        last_seen_ms: 1_500,
        ..quick()
    };
    let mut node = stage.node("a", config).await;
    let mut before = None;
    for number in 0..2 {
        node.enter("@alice", number, "alice").await;
        node.leave("@alice", number).await;
        assert_eq!(node.told().await, "+alice in @alice of 1");
        assert_eq!(node.told().await, "-alice in @alice of 0");
        let seen = node.last_seen("alice").await;
        assert!(seen > before, "{seen:?} {before:?}");
        before = seen;
    }
    let deadline = Instant::now() + PATIENCE;
    while node.last_seen("alice").await.is_some() {
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(crate) async fn no_more_sessions_are_listed_than_the_bound_and_it_is_said(stage: &impl Stage) {
    let config = PresenceConfig {
        sessions_listed_max: 3,
        ..quick()
    };
    let node = stage.node("a", config).await;
    for number in 1..6 {
        node.enter("@alice", number, "alice").await;
    }
    let alice = super::user("alice");
    let sessions = node.presence.sessions(&alice).await.unwrap();
    let first = [1, 2, 3].map(super::session);
    assert!(sessions.listed.iter().map(|one| one.session).eq(first));
    assert!(sessions.more);
    for number in 1..3 {
        node.leave("@alice", number).await;
    }
    assert_eq!(node.sessions("alice").await, ["a/3", "a/4", "a/5"]);
}

pub(crate) async fn a_users_sessions_are_listed_with_their_nodes_in_one_order_everywhere(
    stage: &impl Stage,
) {
    let (a, b) = (
        stage.node("a", quick()).await,
        stage.node("b", quick()).await,
    );
    b.enter("@alice", 1, "alice").await;
    a.enter("@alice", 3, "alice").await;
    a.enter("@alice", 2, "alice").await;
    b.enter("@alice", 4, "alice").await;
    for node in [&a, &b] {
        assert_eq!(node.sessions("alice").await, ["a/2", "a/3", "b/1", "b/4"]);
    }
    a.leave("@alice", 2).await;
    b.leave("@alice", 1).await;
    b.leave("@alice", 4).await;
    for node in [&a, &b] {
        assert_eq!(node.sessions("alice").await, ["a/3"]);
    }
}

pub(crate) async fn a_crashed_nodes_sessions_are_listed_no_more(stage: &impl Stage) {
    let (a, b) = (
        stage.node("a", quick()).await,
        stage.node("b", quick()).await,
    );
    a.enter("@alice", 1, "alice").await;
    b.enter("@alice", 2, "alice").await;
    assert_eq!(b.sessions("alice").await, ["a/1", "b/2"]);
    drop(a);
    b.comes_to_list("alice", &["b/2"]).await;
}

pub(crate) async fn who_was_on_a_crashed_node_was_last_seen_when_it_was_reaped(stage: &impl Stage) {
    let mut b = stage.node("b", long_grace()).await;
    let a = stage.node("a", long_grace()).await;
    a.enter("@alice", 1, "alice").await;
    a.enter("@bob", 2, "bob").await;
    b.enter("@bob", 3, "bob").await;
    // Her grace goes with the node; bob goes on elsewhere.
    a.leave("@alice", 1).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    a.enter("@carol", 4, "carol").await;
    drop(a);
    let mut told = Vec::new();
    while told.len() < 2 {
        let sentence = b.told().await;
        told.extend(sentence.starts_with('-').then_some(sentence));
    }
    told.sort();
    assert_eq!(told, ["-alice in @alice of 0", "-carol in @carol of 0"]);
    let (alice, carol) = (b.last_seen("alice").await, b.last_seen("carol").await);
    assert!(
        alice.unwrap() + 150 <= carol.unwrap(),
        "{alice:?} {carol:?}"
    );
    assert_eq!(b.last_seen("bob").await, None);
}
