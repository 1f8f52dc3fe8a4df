//! The Redis keeper before the examiner, on a real `redis-server`, and through what only it can
//! suffer.

mod faults;
mod frozen;
mod idle;
mod relay;
mod revisions;
mod server;
mod shapes;
mod wire;

use roomcast_redis::Address;

use self::server::Server;
use super::redis;
use crate::config::PresenceConfig;
use crate::conformance::bans::bans_suite;
use crate::conformance::inbox::inbox_suite;
use crate::conformance::many_nodes::many_nodes_suite;
use crate::conformance::marks::marks_suite;
use crate::conformance::one_node::one_node_suite;
use crate::conformance::revisions::revisions_suite;
use crate::conformance::{Node, Stage, churn};

/// A cluster of nodes over these Redises.
struct Cluster {
    servers: Vec<Server>,
}

impl Cluster {
    fn of(servers: usize) -> Self {
        Self {
            servers: (0..servers).map(|_| Server::start()).collect(),
        }
    }
}

impl Stage for Cluster {
    async fn node(&self, name: &str, config: PresenceConfig) -> Node {
        let urls: Vec<String> = self.servers.iter().map(Server::url).collect();
        open(name, config, &urls).await
    }
}

fn address(url: &str) -> Address {
    Address::parse(url).unwrap()
}

/// A node over the Redises at `urls`.
async fn open(name: &str, config: PresenceConfig, urls: &[String]) -> Node {
    let addresses: Vec<Address> = urls.iter().map(|url| address(url)).collect();
    let opened = redis(config, name.parse().unwrap(), &addresses).await;
    let (presence, changes) = opened.unwrap();
    Node { presence, changes }
}

one_node_suite!(Cluster::of(1));
many_nodes_suite!(Cluster::of(1));
inbox_suite!(Cluster::of(1));
bans_suite!(Cluster::of(1));
marks_suite!(Cluster::of(1));
revisions_suite!(Cluster::of(1));
inbox_suite!(cluster Cluster::of(3));
bans_suite!(cluster Cluster::of(1));
revisions_suite!(cluster Cluster::of(1));

#[tokio::test]
async fn a_crash_is_noticed_at_each_of_several_redises() {
    let cluster = Cluster::of(3);
    crate::conformance::many_nodes::
        a_crashed_nodes_people_are_told_gone_once_within_the_lease_and_two_seconds(&cluster).await;
    for server in &cluster.servers {
        let keys = server.ask(&["KEYS", "rc:{own-*}:answer:*"]);
        assert!(
            keys.contains("own-"),
            "every Redis had its share of the rooms: {keys}"
        );
    }
}

#[tokio::test]
async fn after_any_churn_with_crashes_the_rosters_and_what_was_told_agree() {
    for seed in 0..3 {
        churn::at_rest_all_agree(&Cluster::of(1), 3, seed).await;
    }
}
