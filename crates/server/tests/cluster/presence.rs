//! Who is there, asked on every node after people came, went, and died with their node (P9).

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use roomcast_protocol::{RoomName, UserId};
use tokio::time::sleep;

use crate::audit::Allowed;
use crate::cluster::Cluster;
use crate::fleet::{Fleet, rooms};
use crate::ledger::Ledger;
use crate::member::Part;

/// A node's beat and more: what would be told a second time is told by then.
const SILENCE: Duration = Duration::from_secs(4);

/// Users who only listen, each on one of these nodes in turn and never elsewhere.
fn listeners(name: &str, count: usize, nodes: &[SocketAddr], rooms: &[RoomName]) -> Vec<Part> {
    let part = |index: usize| Part {
        user: format!("{name}-{index}"),
        nodes: vec![nodes[index % nodes.len()]],
        rooms: rooms.to_vec(),
        says_in: None,
        says: 0,
        pause: Duration::ZERO,
        window: 1,
    };
    (0..count).map(part).collect()
}

fn users(crowds: &[(&str, usize)]) -> BTreeSet<UserId> {
    let names = crowds
        .iter()
        .flat_map(|(name, count)| (0..*count).map(move |index| format!("{name}-{index}")));
    names.map(|name| name.parse().unwrap()).collect()
}

/// Whether the last `who` of every room said the truth.
fn knows(ledger: &Ledger, rooms: &[RoomName], truth: &BTreeSet<UserId>) -> bool {
    rooms.iter().all(|room| {
        ledger.members.get(room).is_some_and(|(count, members)| {
            let named: BTreeSet<UserId> = members.iter().cloned().collect();
            *count == truth.len() as u64 && members.len() == named.len() && named == *truth
        })
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_node_names_the_same_people_after_much_coming_and_going() {
    let cluster = Cluster::start(&[]).await;
    let (nodes, rooms) = (cluster.addresses(), rooms(2));
    let watch = Fleet::join(&cluster, listeners("watch", 3, &nodes, &rooms)).await;
    let stay = Fleet::join(&cluster, listeners("stay", 6, &nodes, &rooms)).await;
    // Second sessions of some who stay, on other nodes.
    let mut elsewhere = nodes.clone();
    elsewhere.rotate_left(1);
    let twins = Fleet::join(&cluster, listeners("stay", 3, &elsewhere, &rooms)).await;
    for _ in 0..3 {
        let guests = Fleet::join(&cluster, listeners("guest", 6, &nodes, &rooms)).await;
        guests.finish(&cluster, Allowed::Nothing).await;
    }
    twins.finish(&cluster, Allowed::Nothing).await;

    let truth = users(&[("watch", 3), ("stay", 6)]);
    watch
        .asks_until(&cluster, "who is the truth on every node", |ledger| {
            knows(ledger, &rooms, &truth)
        })
        .await;
    // The guests are told as gone to everybody.
    let guests = users(&[("guest", 6)]);
    let told_of_guests = |ledger: &Ledger| {
        let left: BTreeSet<_> = ledger.left.iter().cloned().collect();
        let all = |room: &RoomName| {
            guests
                .iter()
                .all(|g| left.contains(&(room.clone(), g.clone())))
        };
        rooms.iter().all(all)
    };
    watch
        .until(&cluster, "the guests are told as gone", told_of_guests)
        .await;
    for ledger in watch.finish(&cluster, Allowed::Nothing).await {
        let wrong: Vec<_> = ledger
            .left
            .iter()
            .filter(|(_, user)| truth.contains(user))
            .collect();
        assert!(
            wrong.is_empty(),
            "{} was told that {wrong:?} left",
            ledger.user
        );
    }
    stay.finish(&cluster, Allowed::Nothing).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_of_a_killed_node_are_told_as_gone_once() {
    let mut cluster = Cluster::start(&[]).await;
    let (nodes, rooms) = (cluster.addresses(), rooms(3));
    let watchers = listeners("watch", 4, &[nodes[0], nodes[2]], &rooms);
    let watch = Fleet::join(&cluster, watchers).await;
    let doomed = listeners("doomed", 5, &[nodes[1]], &rooms);
    let doomed = Fleet::join(&cluster, doomed).await;
    let before = users(&[("watch", 4), ("doomed", 5)]);
    watch
        .asks_until(&cluster, "all are there", |ledger| {
            knows(ledger, &rooms, &before)
        })
        .await;

    cluster.nodes[1].kill().await;
    let truth = users(&[("watch", 4)]);
    let gone = users(&[("doomed", 5)]);
    watch
        .asks_until(&cluster, "the dead are no longer named", |ledger| {
            knows(ledger, &rooms, &truth)
        })
        .await;
    let expected = rooms.len() * gone.len();
    watch
        .until(&cluster, "the dead are told as gone", |ledger| {
            ledger.left.len() >= expected
        })
        .await;
    sleep(SILENCE).await;
    for ledger in watch.finish(&cluster, Allowed::Nothing).await {
        let left: BTreeSet<_> = ledger.left.iter().cloned().collect();
        let once = left.len() == ledger.left.len() && left.len() == expected;
        assert!(once, "{} was told {:?}", ledger.user, ledger.left);
        assert!(left.iter().all(|(_, user)| gone.contains(user)), "{left:?}");
    }
    drop(doomed);
}
