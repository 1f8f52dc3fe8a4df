//! Three nodes on one real Redis.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use roomcast_broker::conformance::RedisProcess;
use roomcast_protocol::RoomName;
use tokio::time::sleep;

use crate::audit::Log;
use crate::http::{API_KEY, ask_with_key, counter, log_of};
use crate::node::NodeProcess;

/// A cluster on one server; ends with the test.
pub(crate) struct Cluster {
    // Before Redis, so that they are killed first.
    running: Nodes,
    pub(crate) redis: RedisProcess,
}

/// Three nodes on whatever Redis there is.
pub(crate) struct Nodes {
    pub(crate) nodes: Vec<NodeProcess>,
}

impl Deref for Cluster {
    type Target = Nodes;

    fn deref(&self) -> &Nodes {
        &self.running
    }
}

impl DerefMut for Cluster {
    fn deref_mut(&mut self) -> &mut Nodes {
        &mut self.running
    }
}

impl Cluster {
    /// Three nodes on a Redis with an append-only file, as the documentation advises.
    pub(crate) async fn start(more: &[&str]) -> Self {
        Self::on(RedisProcess::with_append_only_file(), more).await
    }

    /// Three nodes on this Redis.
    pub(crate) async fn on(redis: RedisProcess, more: &[&str]) -> Self {
        let running = Nodes::at(&redis.url(), more).await;
        Self { running, redis }
    }
}

impl Nodes {
    /// Three nodes on the Redis at this address.
    pub(crate) async fn at(url: &str, more: &[&str]) -> Self {
        let mut flags = vec!["--api-key", API_KEY];
        flags.extend(more);
        let (a, b, c) = tokio::join!(
            NodeProcess::start("a", url, &flags),
            NodeProcess::start("b", url, &flags),
            NodeProcess::start("c", url, &flags),
        );
        Self {
            nodes: vec![a, b, c],
        }
    }

    /// Where clients connect, dead nodes included.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(|node| node.address).collect()
    }

    /// What the log of each room holds now; rooms where nothing was ever said are left out.
    pub(crate) async fn logs(&self, rooms: &[RoomName]) -> BTreeMap<RoomName, Log> {
        let mut logs = BTreeMap::new();
        for room in rooms {
            if let Some(log) = log_of(&self.addresses(), room).await {
                logs.insert(room.clone(), log);
            }
        }
        logs
    }

    /// Waits until a user has as many sessions as is wished, as any node tells back ends.
    pub(crate) async fn sees(&self, user: &str, wished: impl Fn(u64) -> bool) {
        let path = format!("/v1/users/{user}");
        loop {
            for node in &self.nodes {
                let answer = ask_with_key(node.address, "GET", &path, None, "").await;
                let sessions = answer.and_then(|answer| answer.body["sessions"].as_u64());
                if sessions.is_some_and(&wished) {
                    return;
                }
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// The sum of a counter over all nodes.
    pub(crate) async fn counter(&self, name: &str) -> f64 {
        let mut sum = 0.0;
        for node in &self.nodes {
            sum += counter(node.ops, name).await;
        }
        sum
    }

    /// The ends of all nodes' logs.
    pub(crate) fn tails(&self) -> String {
        let tails: Vec<String> = self.nodes.iter().map(NodeProcess::tail).collect();
        tails.join("\n")
    }
}
