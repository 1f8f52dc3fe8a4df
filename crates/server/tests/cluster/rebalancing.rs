//! A node that came later gets its share: those that were there let some of their sessions go while everybody
//! talks. Nothing is lost, nothing comes twice (P2, P3, P6, P11).

use crate::audit::Allowed;
use crate::cluster::Cluster;
use crate::fleet::{BUSY, Fleet, cast, rooms};
use crate::http::{ask, counter};

/// The close code of a node that rebalances.
const REBALANCING: u16 = 4001;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_nodes_give_a_new_one_its_share_and_nobody_loses_a_word() {
    let cluster = Cluster::start(&[]).await;
    let addresses = cluster.addresses();
    let (old, new) = addresses.split_at(2);
    // As if a balancer led whoever comes back to the node with the fewest.
    let mut parts = cast(&cluster, &rooms(6), BUSY);
    for (index, part) in parts.iter_mut().enumerate() {
        part.nodes = vec![old[index % 2], new[0]];
    }
    let fleet = Fleet::join(&cluster, parts).await;
    assert_eq!(
        counter(cluster.nodes[2].ops, "roomcast_sessions").await,
        0.0
    );
    fleet.talk();
    fleet.acked(&cluster, 100).await;
    let each = BUSY.members / 2;
    let moving = each / 3;
    for node in &cluster.nodes[..2] {
        let json = ["Content-Type: application/json"];
        let body = r#"{"share": 0.3333, "within_ms": 2000}"#;
        let answer = ask(node.ops, "POST", "/rebalance", &json, body).await;
        let answer = answer.expect("it answers");
        assert_eq!(answer.status, 202, "{answer:?}");
        assert_eq!(answer.body["sessions"], each);
        assert_eq!(answer.body["moving"], moving);
        // One at a time.
        let again = ask(node.ops, "POST", "/rebalance", &json, body).await;
        assert_eq!(again.map(|answer| answer.status), Some(409));
    }
    let ledgers = fleet.finish(&cluster, Allowed::Nothing).await;
    let (moved, stayed): (Vec<_>, Vec<_>) =
        ledgers.iter().partition(|ledger| ledger.sessions.len() > 1);
    assert_eq!(moved.len(), 2 * moving);
    for ledger in moved {
        let [end] = &ledger.ended[..] else {
            panic!("{}: {:?}", ledger.user, ledger.ended)
        };
        assert_eq!((end.code, end.told), (Some(REBALANCING), true));
        assert_eq!(ledger.sessions[1..], ["c"], "{}", ledger.user);
    }
    for ledger in stayed {
        assert!(
            ledger.ended.is_empty(),
            "{}: {:?}",
            ledger.user,
            ledger.ended
        );
    }
    let moved = cluster.counter("roomcast_rebalanced_sessions_total").await;
    assert_eq!(moved as usize, 2 * moving);
    // Only they were cut: what the node says of itself stays true.
    for node in &cluster.nodes {
        assert_eq!(counter(node.ops, "roomcast_ready").await, 1.0);
        assert_eq!(counter(node.ops, "roomcast_draining").await, 0.0);
        let wanted = counter(node.ops, "roomcast_store_links").await;
        assert!(wanted >= 3.0, "commands, feed, presence: {wanted}");
        assert_eq!(counter(node.ops, "roomcast_store_links_up").await, wanted);
    }
}
