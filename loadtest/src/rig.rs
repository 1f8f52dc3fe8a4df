//! A cluster of real processes on this machine: Redis, nodes, and a balancer if there is one.
//!
//! Keeps true: all of it is on loopback, in a directory of its own, and ends with the rig, even if we are
//! killed; a node has the same addresses in all its lives. Leaves the choice of what is done to it to the
//! stage.

mod balancer;
pub mod error;
mod gateway;
pub mod options;
mod ports;
pub mod probe;
mod process;
mod store;
mod watchdog;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::signal;
use balancer::Balancer;
use error::RigError;
use gateway::Gateway;
use options::{BalancerWish, RigOptions};
use process::Process;
use store::Store;
use watchdog::Watchdog;

/// Where Linux keeps files in memory.
const MEMORY: &str = "/dev/shm";
/// More would be no test of a cluster but of this machine.
const NODES_MAX: usize = 64;

/// A running cluster. Its processes are killed when it is dropped.
pub struct Rig {
    // In the order in which they must end.
    balancer: Option<Balancer>,
    nodes: Vec<Gateway>,
    store: Store,
    watchdog: Watchdog,
    /// What was wrong and can't be read from a log.
    trouble: Vec<String>,
    directory: TempDir,
}

impl Rig {
    /// Starts a cluster and waits until all of it is ready.
    ///
    /// # Errors
    /// What is missing, or what did not come up, with its last words.
    pub async fn start(options: &RigOptions) -> Result<Self, RigError> {
        if !(1..=NODES_MAX).contains(&options.nodes) {
            return Err(RigError::Nodes(options.nodes));
        }
        let program = program(&options.roomcast)?;
        let balancer = balancer_program(options.balancer)?;
        let open_files = signal::raise_open_files();
        let mut directory =
            directory(options.in_memory).map_err(RigError::io("a temporary directory"))?;
        directory.disable_cleanup(options.keep);
        let path = directory.path().to_owned();
        let watchdog = Watchdog::start(&path)?;
        let store = Store::start(&path, options).await?;
        let mut rig = Self {
            balancer: None,
            nodes: Vec::new(),
            store,
            watchdog,
            trouble: Vec::new(),
            directory,
        };
        for number in 1..=options.nodes {
            let name = format!("gateway-{number}");
            let url = &rig.store.url;
            let node = Gateway::start(name, url, &program, &path, options).await?;
            rig.nodes.push(node);
        }
        if let Some(program) = balancer {
            rig.balancer = Some(Balancer::start(program, &path, &rig.nodes, open_files).await?);
        }
        Ok(rig)
    }

    /// The nodes' names.
    pub fn nodes(&self) -> Vec<String> {
        let name = |node: &Gateway| node.process.name.clone();
        self.nodes.iter().map(name).collect()
    }

    /// Where clients connect: the balancer, or each node.
    pub fn targets(&self) -> Vec<String> {
        let url = |address: SocketAddr| format!("ws://{address}/v1/ws");
        match &self.balancer {
            Some(balancer) => vec![url(balancer.address)],
            None => self.nodes.iter().map(|node| url(node.address)).collect(),
        }
    }

    /// Where operators ask each node, dead ones included.
    pub fn ops(&self) -> Vec<(String, SocketAddr)> {
        let ops = |node: &Gateway| (node.process.name.clone(), node.ops);
        self.nodes.iter().map(ops).collect()
    }

    /// Where Redis is.
    pub fn redis_url(&self) -> &str {
        &self.store.url
    }

    /// All processes that run, by name and number: nodes, then `redis`, then `balancer`.
    pub fn processes(&self) -> Vec<(String, u32)> {
        let named = |process: &Process| Some((process.name.clone(), process.pid()?));
        self.all().filter_map(named).collect()
    }

    /// What the balancer thinks of each node, in its words; empty without one.
    pub async fn balancer_view(&self) -> Vec<(String, String)> {
        match &self.balancer {
            Some(balancer) => balancer.view().await,
            None => Vec::new(),
        }
    }

    /// Where logs and data are.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The ends of all logs.
    pub fn last_lines(&self) -> String {
        let shown = |process: &Process| format!("--- {}\n{}", process.name, process.last_lines());
        self.all().map(shown).collect::<Vec<_>>().join("\n")
    }

    /// What went wrong inside: panics in a log, processes that ended unasked, drains that ended badly.
    pub fn trouble(&mut self) -> Vec<String> {
        let mut trouble = self.trouble.clone();
        let nodes = self.nodes.iter_mut().map(|node| &mut node.process);
        let balancer = self
            .balancer
            .iter_mut()
            .map(|balancer| &mut balancer.process);
        for process in nodes.chain([&mut self.store.process]).chain(balancer) {
            trouble.extend(process.panics());
            if let Some(status) = process.is_gone() {
                trouble.push(format!("{}: ended unasked with {status}", process.name));
            }
        }
        trouble
    }

    /// Ends all processes, and waits until they are gone.
    pub async fn close(mut self) {
        if let Some(balancer) = &mut self.balancer {
            balancer.process.kill().await;
        }
        for node in &mut self.nodes {
            node.process.kill().await;
        }
        self.store.process.kill().await;
        self.watchdog.close().await;
    }

    /// The number of a process that runs.
    pub(crate) fn pid(&self, name: &str) -> Result<u32, RigError> {
        let process = self.all().find(|process| process.name == name);
        let process = process.ok_or_else(|| self.unknown(name))?;
        process.pid().ok_or_else(|| process.ended_early())
    }

    /// Kills a node; it stays down until it is started anew.
    pub(crate) async fn kill_node(&mut self, name: &str) -> Result<(), RigError> {
        self.node(name)?.process.kill().await;
        Ok(())
    }

    /// Starts a node that is down, and waits until it is ready.
    pub(crate) async fn start_node(&mut self, name: &str) -> Result<(), RigError> {
        self.node(name)?.start_anew().await
    }

    /// Waits until a node that was asked to end has ended.
    pub(crate) async fn await_drain(&mut self, name: &str) -> Result<(), RigError> {
        let wrong = self.node(name)?.drained().await?;
        self.trouble.extend(wrong);
        Ok(())
    }

    /// Kills Redis; it stays down until it is started anew.
    pub(crate) async fn kill_redis(&mut self) {
        self.store.process.kill().await;
    }

    /// Starts Redis with the file it left, and waits until it answers.
    pub(crate) async fn start_redis(&mut self) -> Result<(), RigError> {
        self.store.start_anew().await
    }

    fn all(&self) -> impl Iterator<Item = &Process> {
        let nodes = self.nodes.iter().map(|node| &node.process);
        let balancer = self.balancer.iter().map(|balancer| &balancer.process);
        nodes.chain([&self.store.process]).chain(balancer)
    }

    fn node(&mut self, name: &str) -> Result<&mut Gateway, RigError> {
        let place = self.nodes.iter().position(|node| node.process.name == name);
        let place = place.ok_or_else(|| self.unknown(name))?;
        Ok(&mut self.nodes[place])
    }

    fn unknown(&self, name: &str) -> RigError {
        RigError::Unknown {
            name: name.to_owned(),
            known: self.nodes().join(", "),
        }
    }
}

/// In memory only where that can be had.
fn directory(in_memory: bool) -> std::io::Result<TempDir> {
    let mut place = tempfile::Builder::new();
    place.prefix("roomcast-rig-");
    if in_memory && let Ok(directory) = place.tempdir_in(MEMORY) {
        return Ok(directory);
    }
    place.tempdir()
}

/// The whole path, since processes start in other places.
fn program(path: &Path) -> Result<PathBuf, RigError> {
    let missing = |_| RigError::Program(path.to_owned());
    std::fs::canonicalize(path).map_err(missing)
}

fn balancer_program(wish: BalancerWish) -> Result<Option<&'static Path>, RigError> {
    match (wish, Balancer::program()) {
        (BalancerWish::No, _) => Ok(None),
        (BalancerWish::Yes, None) => Err(RigError::Missing {
            program: "haproxy".to_owned(),
            advice: "install HAProxy 2.4 or newer, or do without a balancer",
        }),
        (_, found) => Ok(found),
    }
}
