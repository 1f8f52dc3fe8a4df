//! What a quiet cluster costs Redis.

use std::time::Duration;

use futures_util::future::join_all;
use roomcast_protocol::{Epoch, Seq};

use super::Cluster;
use crate::conformance::{Stage, long_grace};

#[tokio::test]
async fn an_idle_cluster_costs_by_its_nodes_and_not_by_its_people() {
    let cluster = Cluster::of(1);
    let server = &cluster.servers[0];
    // A beat of 200 ms and a lease no slow machine loses.
    let config = crate::config::PresenceConfig {
        lease_ms: 60_000,
        beat_ms: 200,
        ..long_grace()
    };
    let nodes = [
        cluster.node("a", config.clone()).await,
        cluster.node("b", config.clone()).await,
    ];
    let crowd = (0..600u128).map(|number| {
        let node = &nodes[number as usize % 2];
        async move {
            node.enter(
                &format!("r-{}", number % 60),
                number,
                &format!("u-{number}"),
            )
            .await;
            // And each in an inbox.
            let inbox = format!("@u-{number}");
            node.enter(&inbox, number, &format!("u-{number}")).await
        }
    });
    join_all(crowd).await;
    server.ask(&["CONFIG", "RESETSTAT"]);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let calls = server.calls();
    let of = |name: &str| {
        calls
            .iter()
            .find(|(n, _)| n == name)
            .map_or(0, |(_, calls)| *calls)
    };
    // Two nodes in two seconds: at most 20 beats, of one PEXPIRE and two scripts each.
    assert!((1..=24).contains(&of("pexpire")), "{calls:?}");
    assert!((1..=48).contains(&of("evalsha")), "{calls:?}");
    for name in ["sadd", "srem", "hset", "hget", "hscan"] {
        assert_eq!(of(name), 0, "{calls:?}");
    }
}

#[tokio::test]
async fn a_crowd_that_comes_first_thing_does_not_load_the_scripts_each_for_itself() {
    let cluster = Cluster::of(1);
    let server = &cluster.servers[0];
    let node = cluster.node("a", long_grace()).await;
    let loads = || {
        let calls = server.calls();
        let loads = calls.iter().find(|(name, _)| name == "script|load");
        loads.map_or(0, |(_, calls)| *calls)
    };
    let before = loads();
    let r = crate::conformance::room("r");
    let crowd = (0..200u128).map(|number| {
        let (node, r) = (&node, &r);
        async move {
            node.enter("r", number, &format!("u-{number}")).await;
            node.presence.roster(r, None, 10).await.unwrap();
            node.presence.bans(r, None, 10).await.unwrap();
        }
    });
    join_all(crowd).await;
    assert_eq!(loads(), before);
}

#[tokio::test]
async fn bans_expire_with_the_last_of_them() {
    let cluster = Cluster::of(1);
    let node = cluster.node("a", long_grace()).await;
    let r = crate::conformance::room("r");
    for (name, for_ms) in [("alice", 60_000), ("bob", 1_000)] {
        let user = crate::conformance::user(name);
        node.presence.ban(&r, &user, for_ms).await.unwrap();
    }
    for key in ["rc:{r}:bans", "rc:{r}:banroll"] {
        let left_ms = ttl_ms(&cluster, key);
        assert!((1_001..=60_000).contains(&left_ms), "{key}: {left_ms}");
    }
}

#[tokio::test]
async fn a_refused_enter_costs_one_script() {
    let cluster = Cluster::of(1);
    let config = crate::config::PresenceConfig {
        lease_ms: 60_000,
        beat_ms: 30_000,
        ..long_grace()
    };
    let node = cluster.node("a", config).await;
    let (r, alice) = (
        crate::conformance::room("r"),
        crate::conformance::user("alice"),
    );
    node.enter("r", 1, "bob").await;
    node.presence.ban(&r, &alice, 600_000).await.unwrap();
    cluster.servers[0].ask(&["CONFIG", "RESETSTAT"]);
    for number in 2..12 {
        let occupant = crate::conformance::occupant(number, "alice");
        assert!(node.presence.enter(&r, &occupant).await.is_err());
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let calls = cluster.servers[0].calls();
    let scripts = calls.iter().find(|(name, _)| name == "evalsha");
    assert_eq!(scripts.map(|(_, calls)| *calls), Some(10), "{calls:?}");
}

fn ttl_ms(cluster: &Cluster, key: &str) -> i64 {
    let left = cluster.servers[0].ask(&["PTTL", key]);
    left.lines().next().unwrap()[1..].parse().unwrap()
}

#[tokio::test]
async fn read_marks_and_their_order_expire_together() {
    let cluster = Cluster::of(1);
    let config = crate::config::PresenceConfig {
        read_ttl_ms: 50_000,
        ..long_grace()
    };
    let node = cluster.node("a", config).await;
    let (r, alice) = (
        crate::conformance::room("r"),
        crate::conformance::user("alice"),
    );
    let (epoch, seq) = (Epoch::from_bits(1), Seq::ZERO.next());
    node.presence.read(&r, &alice, epoch, seq).await.unwrap();
    for key in ["rc:{r}:read", "rc:{r}:readers"] {
        let left_ms = ttl_ms(&cluster, key);
        assert!((1..=50_000).contains(&left_ms), "{key}: {left_ms}");
    }
}

#[tokio::test]
async fn a_room_that_nobody_is_in_leaves_nothing_in_redis() {
    let cluster = Cluster::of(1);
    let server = &cluster.servers[0];
    let mut node = cluster.node("a", crate::conformance::quick()).await;
    for name in ["r", "s"] {
        node.enter(name, 1, "alice").await;
        node.leave(name, 1).await;
    }
    for _ in 0..4 {
        node.told().await;
    }
    let deadline = tokio::time::Instant::now() + crate::conformance::PATIENCE;
    loop {
        let keys = server.ask(&["KEYS", "*"]);
        let lasting: Vec<&str> = keys
            .lines()
            .filter(|line| line.starts_with("rc:") && !line.contains(":answer:"))
            .collect();
        // The lease and the list of nodes.
        let lasting: Vec<&str> = lasting
            .into_iter()
            .filter(|key| !key.ends_with(":revision"))
            .collect();
        if lasting.len() == 2 && lasting.iter().all(|key| key.starts_with("rc:node")) {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "{lasting:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
