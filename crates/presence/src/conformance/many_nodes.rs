//! What a keeper shows with several nodes: one cluster, one telling.

use std::time::Duration;

use futures_util::future::join_all;
use roomcast_protocol::{Epoch, Seq};
use tokio::time::Instant;

use super::{Node, PATIENCE, QUIET, Stage, long_grace, quick, room, sentence, user};
use crate::config::PresenceConfig;
use crate::port::Change;

/// Makes a test of every sentence, on a stage.
macro_rules! many_nodes_suite {
    ($stage:expr) => {
        many_nodes_suite!($stage;
            a_user_on_two_nodes_joins_once_and_leaves_when_the_last_session_goes,
            a_reconnect_to_another_node_within_the_grace_is_told_by_nobody,
            all_nodes_see_the_same,
            a_crashed_nodes_people_are_told_gone_once_within_the_lease_and_two_seconds,
            whom_another_node_holds_stays_when_a_node_crashes,
            a_grace_ends_though_its_node_crashed,
            typing_ends_though_the_typists_node_crashed,
            a_node_that_comes_back_under_its_name_does_not_adopt_its_dead,
            a_retired_nodes_people_are_told_gone_once_and_at_once,
            a_room_of_many_pages_is_reaped_to_the_last,
        );
    };
    ($stage:expr; $($name:ident,)*) => {$(
        #[tokio::test]
        async fn $name() {
            $crate::conformance::many_nodes::$name(&$stage).await;
        }
    )*};
}
pub(crate) use many_nodes_suite;

/// Waits for `count` changes, wherever they are told; as sentences, sorted.
pub(crate) async fn gather(nodes: &mut [Node], count: usize) -> Vec<String> {
    let changes = gather_changes(nodes, count).await;
    let mut told: Vec<String> = changes.iter().map(sentence).collect();
    told.sort();
    told
}

/// The same with all that they say; the changes of one node are in its order.
pub(crate) async fn gather_changes(nodes: &mut [Node], count: usize) -> Vec<Change> {
    let deadline = Instant::now() + PATIENCE;
    let mut told = Vec::new();
    while told.len() < count {
        assert!(Instant::now() < deadline, "told so far: {told:?}");
        for node in nodes.iter_mut() {
            let wait = Duration::from_millis(5);
            while let Ok(change) = tokio::time::timeout(wait, node.changes.next()).await {
                told.push(change.expect("the keeper lives"));
            }
        }
    }
    told
}

/// Listens to all for a while; nothing may be told.
pub(crate) async fn all_hear_nothing(nodes: &mut [Node]) {
    join_all(nodes.iter_mut().map(Node::hears_nothing)).await;
}

async fn open(stage: &impl Stage, names: &[&str], config: &PresenceConfig) -> Vec<Node> {
    let mut nodes = Vec::new();
    for name in names {
        nodes.push(stage.node(name, config.clone()).await);
    }
    nodes
}

pub(crate) async fn a_user_on_two_nodes_joins_once_and_leaves_when_the_last_session_goes(
    stage: &impl Stage,
) {
    let mut nodes = open(stage, &["a", "b"], &quick()).await;
    assert_eq!(nodes[0].enter("r", 1, "alice").await, 1);
    assert_eq!(nodes[1].enter("r", 2, "alice").await, 1);
    assert_eq!(gather(&mut nodes, 1).await, ["+alice in r of 1"]);
    nodes[0].leave("r", 1).await;
    all_hear_nothing(&mut nodes).await;
    nodes[1].leave("r", 2).await;
    assert_eq!(gather(&mut nodes, 1).await, ["-alice in r of 0"]);
    all_hear_nothing(&mut nodes).await;
}

pub(crate) async fn a_reconnect_to_another_node_within_the_grace_is_told_by_nobody(
    stage: &impl Stage,
) {
    let mut nodes = open(stage, &["a", "b"], &long_grace()).await;
    nodes[0].enter("r", 0, "alice").await;
    assert_eq!(gather(&mut nodes, 1).await, ["+alice in r of 1"]);
    for number in 1..6u128 {
        let (from, to) = ((number as usize - 1) % 2, number as usize % 2);
        nodes[from].leave("r", number - 1).await;
        assert_eq!(nodes[to].enter("r", number, "alice").await, 1);
    }
    all_hear_nothing(&mut nodes).await;
}

pub(crate) async fn all_nodes_see_the_same(stage: &impl Stage) {
    let config = PresenceConfig {
        typing_ttl_ms: 600_000,
        ..quick()
    };
    let nodes = open(stage, &["a", "b", "c"], &config).await;
    for (number, name) in ["alice", "bob", "carol"].into_iter().enumerate() {
        assert_eq!(
            nodes[number].enter("r", number as u128, name).await,
            number as u64 + 1
        );
    }
    let (r, alice) = (room("r"), user("alice"));
    assert!(nodes[0].presence.typing(&r, &alice, true).await.unwrap());
    let (epoch, seq) = (Epoch::from_bits(3), Seq::ZERO.next().next());
    assert_eq!(
        nodes[0].presence.read(&r, &alice, epoch, seq).await,
        Ok(Some(seq))
    );
    for node in &nodes {
        assert_eq!(node.who("r").await, ["alice", "bob", "carol"]);
        assert_eq!(node.presence.typists(&r, 9).await, Ok(vec![alice.clone()]));
        assert!(!node.presence.typing(&r, &alice, true).await.unwrap());
        assert_eq!(
            node.presence.read(&r, &alice, epoch, seq.previous()).await,
            Ok(None)
        );
        let mark = crate::port::ReadMark { epoch, seq };
        assert_eq!(node.presence.mark(&r, &alice).await, Ok(Some(mark)));
    }
}

pub(crate) async fn a_crashed_nodes_people_are_told_gone_once_within_the_lease_and_two_seconds(
    stage: &impl Stage,
) {
    let config = long_grace();
    let mut nodes = open(stage, &["a", "b", "c"], &config).await;
    nodes[0].enter("shared", 1, "alice").await;
    nodes[1].enter("shared", 2, "bob").await;
    for number in 0..40 {
        // Rooms that only the node which dies serves.
        nodes[0]
            .enter(&format!("own-{number:02}"), 1, "alice")
            .await;
    }
    gather(&mut nodes, 42).await;
    // So that no node is too fresh to say who is dead.
    tokio::time::sleep(3 * config.beat()).await;
    drop(nodes.remove(0));
    let crashed = Instant::now();
    let told = gather(&mut nodes, 41).await;
    let took = crashed.elapsed();
    assert!(took < config.lease() + Duration::from_secs(2), "{took:?}");
    assert_eq!(told[40], "-alice in shared of 1");
    for (number, sentence) in told[..40].iter().enumerate() {
        assert_eq!(*sentence, format!("-alice in own-{number:02} of 0"));
    }
    all_hear_nothing(&mut nodes).await;
    assert_eq!(nodes[1].who("shared").await, ["bob"]);
}

pub(crate) async fn whom_another_node_holds_stays_when_a_node_crashes(stage: &impl Stage) {
    let mut nodes = open(stage, &["a", "b", "c"], &quick()).await;
    nodes[0].enter("r", 1, "alice").await;
    nodes[1].enter("r", 2, "alice").await;
    nodes[0].enter("r", 3, "bob").await;
    gather(&mut nodes, 2).await;
    drop(nodes.remove(0));
    assert_eq!(gather(&mut nodes, 1).await, ["-bob in r of 1"]);
    all_hear_nothing(&mut nodes).await;
    nodes[0].leave("r", 2).await;
    assert_eq!(gather(&mut nodes, 1).await, ["-alice in r of 0"]);
}

pub(crate) async fn a_grace_ends_though_its_node_crashed(stage: &impl Stage) {
    let mut nodes = open(stage, &["a", "b"], &long_grace()).await;
    nodes[0].enter("r", 1, "alice").await;
    gather(&mut nodes, 1).await;
    nodes[0].leave("r", 1).await;
    drop(nodes.remove(0));
    assert_eq!(gather(&mut nodes, 1).await, ["-alice in r of 0"]);
    all_hear_nothing(&mut nodes).await;
}

pub(crate) async fn typing_ends_though_the_typists_node_crashed(stage: &impl Stage) {
    // The lease is so long that only the TTL can end it.
    let config = PresenceConfig {
        lease_ms: 600_000,
        ..quick()
    };
    let mut nodes = open(stage, &["a", "b", "c"], &config).await;
    assert!(
        nodes[0]
            .presence
            .typing(&room("r"), &user("alice"), true)
            .await
            .unwrap()
    );
    drop(nodes.remove(0));
    assert_eq!(gather(&mut nodes, 1).await, ["alice stopped in r"]);
    all_hear_nothing(&mut nodes).await;
}

pub(crate) async fn a_node_that_comes_back_under_its_name_does_not_adopt_its_dead(
    stage: &impl Stage,
) {
    let mut nodes = open(stage, &["a"], &long_grace()).await;
    nodes[0].enter("r", 1, "alice").await;
    nodes[0].enter("r", 2, "bob").await;
    gather(&mut nodes, 2).await;
    drop(nodes.remove(0));
    let mut nodes = open(stage, &["a"], &long_grace()).await;
    nodes[0].enter("r", 3, "bob").await;
    assert_eq!(gather(&mut nodes, 1).await, ["-alice in r of 1"]);
    all_hear_nothing(&mut nodes).await;
    assert_eq!(nodes[0].who("r").await, ["bob"]);
}

pub(crate) async fn a_retired_nodes_people_are_told_gone_once_and_at_once(stage: &impl Stage) {
    // The lease is so long that nobody is reaped.
    let config = PresenceConfig {
        lease_ms: 600_000,
        ..long_grace()
    };
    let mut nodes = open(stage, &["a", "b"], &config).await;
    nodes[0].enter("r", 1, "alice").await;
    nodes[1].enter("r", 2, "alice").await;
    nodes[0].enter("r", 3, "bob").await;
    gather(&mut nodes, 2).await;
    nodes[0].presence.retire().await;
    assert_eq!(gather(&mut nodes[..1], 1).await, ["-bob in r of 1"]);
    tokio::time::sleep(QUIET).await;
    all_hear_nothing(&mut nodes).await;
    assert_eq!(nodes[1].who("r").await, ["alice"]);
}

pub(crate) async fn a_room_of_many_pages_is_reaped_to_the_last(stage: &impl Stage) {
    let mut nodes = open(stage, &["a", "b"], &quick()).await;
    let crowd = (0..1_300u128).map(|number| {
        let (node, name) = (&nodes[0], format!("user-{number}"));
        async move { node.enter("r", number, &name).await }
    });
    join_all(crowd).await;
    nodes[1].enter("r", 5_000, "bob").await;
    gather(&mut nodes, 1_301).await;
    drop(nodes.remove(0));
    let told = gather(&mut nodes, 1_300).await;
    let mut counts: Vec<u64> = told
        .iter()
        .map(|told| told.rsplit(' ').next().unwrap().parse().unwrap())
        .collect();
    counts.sort_unstable();
    assert!(
        counts.iter().copied().eq(1..=1_300),
        "each leave has its own count"
    );
    all_hear_nothing(&mut nodes).await;
    assert_eq!(nodes[0].who("r").await, ["bob"]);
}
