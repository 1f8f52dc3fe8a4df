//! A node as its own process: started on free ports, killed with the test, its log kept.
//!
//! Keeps true: no test passes if its node panicked.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::line::{Answer, Line};

/// Longer than anything takes on any machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// How often something is looked at that can't be waited for.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// The API key of every node here.
pub(crate) const API_KEY: &str = "an api key of these tests";

type Log = Arc<Mutex<String>>;

/// A running node.
pub(crate) struct Node {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) ops: SocketAddr,
    log: Log,
}

impl Node {
    /// Starts a node in development mode, in which nobody is too fast, with these flags as well.
    pub(crate) fn start(flags: &[&str]) -> Self {
        let hasty = ["--commands-per-second", "100000"];
        let at_once = ["--commands-burst", "1000000"];
        Self::start_with(&[&hasty, &at_once, flags].concat(), "trace")
    }

    /// Starts a node in development mode with these flags, its defaults otherwise, and this log.
    pub(crate) fn start_with(flags: &[&str], log: &str) -> Self {
        Self::spawn(
            flags,
            log,
            &[("ROOMCAST_API_KEY", &API_KEY.replace(' ', "-"))],
        )
    }

    /// Starts a node on a machine that believes these certificates alone.
    pub(crate) fn start_believing(root: &Path, flags: &[&str]) -> Self {
        let root = root.to_str().expect("a plain path");
        Self::spawn(flags, "trace", &[("SSL_CERT_FILE", root)])
    }

    /// Starts a node whose HTTP API is off.
    pub(crate) fn start_without_api() -> Self {
        // An empty variable counts as absent.
        Self::spawn(&[], "trace", &[("ROOMCAST_API_KEY", "")])
    }

    fn spawn(flags: &[&str], log: &str, variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_roomcast"))
            .args(["--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"])
            .args(flags)
            .env("ROOMCAST_LOG", log)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program was built");
        let log = Log::default();
        let (found, addresses) = channel();
        let stderr = child.stderr.take().expect("it is piped");
        let kept = log.clone();
        thread::spawn(move || keep(stderr, &kept, &found));
        let Ok((address, ops)) = addresses.recv_timeout(PATIENCE) else {
            let _ = child.kill();
            panic!("the node did not come up:\n{}", log.lock().unwrap());
        };
        Self {
            child,
            address,
            ops,
            log,
        }
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// A connection to the public listener.
    pub(crate) fn line(&self) -> Line {
        Line::open(self.address)
    }

    /// The public listener's answer to these bytes.
    pub(crate) fn ask(&self, request: impl AsRef<[u8]>) -> Answer {
        self.line().ask(request)
    }

    /// The operators' listener's answer to a `GET`.
    pub(crate) fn ask_ops(&self, path: &str) -> Answer {
        Line::open(self.ops).ask(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"))
    }

    /// Asks it to stop.
    pub(crate) fn terminate(&self) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(status.unwrap().success());
    }

    /// Waits for its end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        until("the node ends", || self.child.try_wait().unwrap())
    }

    /// Resident memory, in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let number = line.unwrap().split_whitespace().nth(1).unwrap();
        number.parse().unwrap()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !thread::panicking() {
            let log = self.log();
            assert!(!log.contains("panicked"), "the node panicked:\n{log}");
        }
    }
}

/// Looks until there is something.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..PATIENCE.as_millis() / LOOK_EVERY.as_millis() {
        if let Some(found) = look() {
            return found;
        }
        thread::sleep(LOOK_EVERY);
    }
    panic!("{what}: not within {PATIENCE:?}")
}

fn keep(stderr: ChildStderr, log: &Log, found: &Sender<(SocketAddr, SocketAddr)>) {
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        if line.contains("serving") {
            let value = |key: &str| {
                let mut words = line.split_whitespace();
                words.find_map(|word| word.strip_prefix(key)?.parse().ok())
            };
            if let (Some(address), Some(ops)) = (value("listen="), value("ops_listen=")) {
                let _ = found.send((address, ops));
            }
        }
        let mut log = log.lock().unwrap();
        log.push_str(&line);
        log.push('\n');
    }
}
