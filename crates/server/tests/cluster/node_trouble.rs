//! A node dies, drains or stands still while everybody talks. Nothing is lost, nothing comes twice.

use std::time::Duration;

use tokio::time::sleep;

use crate::audit::Allowed;
use crate::cluster::Cluster;
use crate::fleet::{BUSY, Fleet, PATIENCE};
use crate::ledger::Ledger;

/// The close code of a draining node.
const DRAINING: u16 = 4000;

/// Who began on the node with this name, and who began elsewhere.
fn split(ledgers: &[Ledger], node: &str) -> (Vec<Ledger>, Vec<Ledger>) {
    let began_there = |ledger: &Ledger| ledger.sessions[0] == node;
    ledgers.iter().cloned().partition(began_there)
}

/// P4, P5, P6. Pages are so short that most who resume get the rest behind them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_a_killed_node_resume_elsewhere_and_nobody_loses_a_word() {
    let mut cluster = Cluster::start(&["--join-messages-max", "3"]).await;
    let fleet = Fleet::busy(&cluster).await;
    cluster.nodes[1].kill().await;
    let ledgers = fleet.finish(&cluster, Allowed::Nothing).await;
    let (hurt, unhurt) = split(&ledgers, "b");
    assert_eq!(hurt.len(), BUSY.members / 3);
    for ledger in hurt {
        let last = ledger.sessions.last().unwrap();
        assert!(last != "b", "{} came back to the dead", ledger.user);
    }
    for ledger in unhurt {
        assert!(
            ledger.ended.is_empty(),
            "{}: {:?}",
            ledger.user,
            ledger.ended
        );
    }
}

/// P11.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draining_node_sends_everybody_elsewhere_and_nobody_loses_a_word() {
    let mut cluster = Cluster::start(&["--drain-ms", "1500"]).await;
    let fleet = Fleet::busy(&cluster).await;
    cluster.nodes[0].terminate();
    let status = cluster.nodes[0].ended(PATIENCE).await;
    assert_eq!(status.code(), Some(0), "{}", cluster.nodes[0].tail());
    let ledgers = fleet.finish(&cluster, Allowed::Nothing).await;
    let (drained, others) = split(&ledgers, "a");
    assert_eq!(drained.len(), BUSY.members / 3);
    for ledger in drained {
        let ended = &ledger.ended[..];
        let [end] = ended else {
            panic!("{} ended otherwise than once: {ended:?}", ledger.user)
        };
        assert_eq!(
            (end.code, end.told),
            (Some(DRAINING), true),
            "{}",
            ledger.user
        );
    }
    for ledger in others {
        assert!(
            ledger.ended.is_empty(),
            "{}: {:?}",
            ledger.user,
            ledger.ended
        );
    }
}

/// A node that was away for a moment finds out what it missed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_stood_still_for_three_seconds_misses_nothing() {
    let cluster = Cluster::start(&[]).await;
    let fleet = Fleet::busy(&cluster).await;
    cluster.nodes[2].freeze();
    sleep(Duration::from_secs(3)).await;
    cluster.nodes[2].thaw();
    let ledgers = fleet.finish(&cluster, Allowed::Nothing).await;
    for ledger in ledgers {
        assert!(
            ledger.ended.is_empty(),
            "{}: {:?}",
            ledger.user,
            ledger.ended
        );
    }
}
