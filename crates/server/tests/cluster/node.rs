//! A `roomcast serve` process of a test's own: started on free ports, killed with the test, its last
//! log lines kept for whoever must understand a failure.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// Longer than a start takes on any machine.
const START_PATIENCE: Duration = Duration::from_secs(60);
/// Log lines kept.
const TAIL_LINES_MAX: usize = 400;
/// Log lines shown with a failure.
const TAIL_LINES_SHOWN: usize = 40;

/// The public one and that for operators.
type Addresses = (SocketAddr, SocketAddr);
type Tail = Arc<Mutex<VecDeque<String>>>;

/// A running node.
pub(crate) struct NodeProcess {
    pub(crate) name: &'static str,
    /// Where clients connect.
    pub(crate) address: SocketAddr,
    /// Where operators connect.
    pub(crate) ops: SocketAddr,
    child: Child,
    pid: u32,
    tail: Tail,
}

impl NodeProcess {
    /// Starts a node and waits until it serves.
    pub(crate) async fn start(name: &'static str, redis: &str, more: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_roomcast"))
            .args(["serve", "--node", name, "--redis", redis])
            .args(["--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"])
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program was built");
        let pid = child.id().expect("it has just been started");
        let tail = Tail::default();
        let (found, addresses) = oneshot::channel();
        let stderr = child.stderr.take().expect("it is piped");
        tokio::spawn(listen(stderr, tail.clone(), found));
        let addresses = timeout(START_PATIENCE, addresses).await;
        let Ok(Ok((address, ops))) = addresses else {
            panic!("node {name} did not come up:\n{}", shown(&tail));
        };
        Self {
            name,
            address,
            ops,
            child,
            pid,
            tail,
        }
    }

    /// Kills it at once.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.expect("it can be killed");
    }

    /// Asks it to stop.
    pub(crate) fn terminate(&self) {
        signal("-TERM", self.pid);
    }

    /// Stops it in its tracks; its connections stay open.
    pub(crate) fn freeze(&self) {
        signal("-STOP", self.pid);
    }

    /// Lets a frozen one go on.
    pub(crate) fn thaw(&self) {
        signal("-CONT", self.pid);
    }

    /// Waits until it has ended by itself.
    pub(crate) async fn ended(&mut self, patience: Duration) -> ExitStatus {
        let ended = timeout(patience, self.child.wait()).await;
        let tail = self.tail();
        ended
            .unwrap_or_else(|_| panic!("node {} did not end:\n{tail}", self.name))
            .expect("it is our child")
    }

    /// The end of its log.
    pub(crate) fn tail(&self) -> String {
        format!("--- node {}\n{}", self.name, shown(&self.tail))
    }

    /// Whether its log says that a part of it panicked.
    pub(crate) fn has_panicked(&self) -> bool {
        self.tail
            .lock()
            .iter()
            .any(|line| line.contains("panicked"))
    }
}

/// Keeps the end of the log, and finds the addresses in its beginning.
async fn listen(stderr: ChildStderr, tail: Tail, found: oneshot::Sender<Addresses>) {
    let mut found = Some(found);
    let mut lines = BufReader::new(stderr).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(addresses) = addresses(&line)
            && let Some(found) = found.take()
        {
            // Fails only if the test has given up.
            let _ = found.send(addresses);
        }
        let mut tail = tail.lock();
        if tail.len() == TAIL_LINES_MAX {
            tail.pop_front();
        }
        tail.push_back(line);
    }
}

fn addresses(line: &str) -> Option<Addresses> {
    let after = |mark: &str| {
        let mut words = line.split_whitespace();
        words.find_map(|word| word.strip_prefix(mark)?.parse().ok())
    };
    Some((after("listen=")?, after("ops_listen=")?))
}

fn shown(tail: &Tail) -> String {
    let tail = tail.lock();
    let skipped = tail.len().saturating_sub(TAIL_LINES_SHOWN);
    tail.range(skipped..)
        .cloned()
        .collect::<Vec<_>>()
        .join("\n")
}

fn signal(name: &str, pid: u32) {
    let status = std::process::Command::new("kill")
        .args([name, &pid.to_string()])
        .status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "kill {name} {pid}"
    );
}
