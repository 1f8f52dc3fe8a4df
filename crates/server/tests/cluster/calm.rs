//! Nothing goes wrong: everybody sees the same.

use std::time::Duration;

use crate::audit::Allowed;
use crate::cluster::Cluster;
use crate::fleet::{Crowd, Fleet, cast, rooms};

/// P1 to P5: 50 clients a node in the same 5 rooms, 20 senders a room.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_in_a_room_sees_one_order_without_hole_or_repetition() {
    let cluster = Cluster::start(&[]).await;
    let crowd = Crowd {
        members: 150,
        talking_rooms: 5,
        senders_a_room: 20,
        says: 10,
        pause: Duration::ZERO,
        window: 3,
    };
    let fleet = Fleet::join(&cluster, cast(&cluster, &rooms(5), crowd)).await;
    fleet.talk();
    let ledgers = fleet.finish(&cluster, Allowed::Nothing).await;
    for ledger in &ledgers {
        let heard: usize = ledger
            .rooms
            .keys()
            .map(|room| ledger.heard(room).count())
            .sum();
        assert_eq!(heard, 5 * 20 * 10, "{} heard another number", ledger.user);
        assert_eq!(ledger.sessions.len(), 1, "{} was cut off", ledger.user);
        assert!(ledger.refusals.is_empty(), "{:?}", ledger.refusals);
    }
}
