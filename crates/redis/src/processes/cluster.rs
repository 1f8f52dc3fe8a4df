//! A Redis Cluster: masters, and a replica of each.

use std::process::{Command, Stdio};

use super::server::{RedisProcess, free_port};
use super::watched::until;

/// Masters of a Cluster, each with one replica.
pub struct ClusterProcesses {
    /// The masters at the start, in the order of their slots, then their replicas in the same order.
    pub nodes: Vec<RedisProcess>,
    masters: usize,
}

impl ClusterProcesses {
    /// Three masters, each with a third of the slots, and a replica of each.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// The same with these settings of each node.
    ///
    /// # Panics
    /// If they don't come up.
    pub fn with(settings: &[&str]) -> Self {
        let masters = 3;
        let nodes: Vec<_> = (0..2 * masters).map(|_| node(settings)).collect();
        let cluster = Self { nodes, masters };
        for (index, (first, last)) in [(0, 5_460), (5_461, 10_922), (10_923, 16_383)]
            .into_iter()
            .enumerate()
        {
            let (first, last) = (first.to_string(), last.to_string());
            let epoch = (index + 1).to_string();
            cluster.nodes[index].run(&["CLUSTER", "SET-CONFIG-EPOCH", &epoch]);
            cluster.nodes[index].run(&["CLUSTER", "ADDSLOTSRANGE", &first, &last]);
        }
        for node in &cluster.nodes[1..] {
            cluster.introduce(node);
        }
        let know_all = || {
            cluster.all(
                |node| node.run(&["CLUSTER", "NODES"]),
                |told| {
                    told.lines()
                        .filter(|line| line.contains(" connected"))
                        .count()
                        == 2 * masters
                },
            )
        };
        until("the nodes know each other", know_all);
        for index in 0..masters {
            let master = cluster.id(index);
            let replica = &cluster.nodes[masters + index];
            until("a replica follows", || {
                replica
                    .run(&["CLUSTER", "REPLICATE", &master])
                    .starts_with("+OK")
            });
        }
        cluster.until_well();
        cluster
    }

    /// Its address: three of its nodes.
    pub fn url(&self) -> String {
        let hosts: Vec<String> = self.nodes[..self.masters]
            .iter()
            .map(|node| format!("127.0.0.1:{}", node.port()))
            .collect();
        format!("redis+cluster://{}", hosts.join(","))
    }

    /// Starts one more master, without slots: its place among the nodes.
    pub fn grow(&mut self) -> usize {
        let fresh = node(&[]);
        self.introduce(&fresh);
        self.nodes.push(fresh);
        // A master that just came is of no use for two seconds.
        let known = || {
            let all_know = self.all(
                |node| node.run(&["CLUSTER", "NODES"]),
                |told| {
                    let known = told.lines().filter(|line| line.contains(" connected"));
                    known.count() == self.nodes.len()
                },
            );
            all_know && self.all(|node| node.run(&["CLUSTER", "INFO"]), is_ok)
        };
        until("the new node is known and well", known);
        self.nodes.len() - 1
    }

    /// Moves so many slots from one master to another, as an operator does.
    ///
    /// # Panics
    /// If that fails.
    pub fn reshard(&self, from: usize, to: usize, slots: usize) {
        let any = format!("127.0.0.1:{}", self.nodes[from].port());
        // Word of the last change may still be on its way.
        until("the nodes agree", || {
            let check = Command::new("redis-cli")
                .args(["--cluster", "check", &any])
                .output();
            let told = check.expect("redis-cli is installed").stdout;
            String::from_utf8_lossy(&told).contains("All nodes agree")
        });
        let (from, to, slots) = (self.id(from), self.id(to), slots.to_string());
        let done = Command::new("redis-cli")
            .args(["--cluster", "reshard", &any, "--cluster-from", &from])
            .args(["--cluster-to", &to, "--cluster-slots", &slots])
            .arg("--cluster-yes")
            .stdin(Stdio::null())
            .output()
            .expect("redis-cli is installed");
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stdout)
        );
    }

    /// Has a replica take its master's place, as an operator does: again where they did not get in step in
    /// the few seconds that Redis allows them.
    ///
    /// # Panics
    /// If that fails.
    pub fn hand_over_to(&self, node: usize) {
        let mut looks = 0;
        until("it is promoted", || {
            if looks % 150 == 0 {
                self.nodes[node].run(&["CLUSTER", "FAILOVER"]);
            }
            looks += 1;
            self.nodes[node].run(&["ROLE"]).contains("master")
        });
    }

    /// Waits until a node is a master.
    pub fn until_master(&self, node: usize) {
        until("it is promoted", || {
            self.nodes[node].run(&["ROLE"]).contains("master")
        });
    }

    /// Waits until every node that answers says that all is well.
    fn until_well(&self) {
        until("all is well", || {
            self.all(|node| node.run(&["CLUSTER", "INFO"]), is_ok)
                && self.nodes[self.masters..2 * self.masters]
                    .iter()
                    .all(|node| {
                        node.run(&["INFO", "replication"])
                            .contains("master_link_status:up")
                    })
        });
    }

    fn all(&self, ask: impl Fn(&RedisProcess) -> String, is_so: impl Fn(&str) -> bool) -> bool {
        self.nodes.iter().all(|node| is_so(&ask(node)))
    }

    fn introduce(&self, node: &RedisProcess) {
        let told = self.nodes[0].run(&["CONFIG", "GET", "cluster-port"]);
        let bus = told.lines().nth(4).unwrap_or_default().trim().to_owned();
        let port = self.nodes[0].port().to_string();
        node.run(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus]);
    }

    fn id(&self, node: usize) -> String {
        let told = self.nodes[node].run(&["CLUSTER", "MYID"]);
        told.lines().nth(1).unwrap_or_default().trim().to_owned()
    }
}

fn is_ok(told: &str) -> bool {
    told.contains("cluster_state:ok")
}

fn node(settings: &[&str]) -> RedisProcess {
    // By default 10,000 above the other one, which may be too high a number.
    let bus = free_port().to_string();
    let all = [
        "--save",
        "",
        "--appendonly",
        "no",
        "--cluster-enabled",
        "yes",
        "--cluster-node-timeout",
        "2000",
        "--repl-diskless-sync-delay",
        "0",
        "--cluster-port",
        &bus,
    ];
    RedisProcess::with(&[&all[..], settings].concat())
}
