//! A node as a process: started on a port of its own, killed without warning, started again there.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;

use tempfile::TempDir;
use tokio::time::Instant;

use crate::{LOOK_EVERY, PATIENCE};

/// For `--api-key`.
pub(crate) const API_KEY: &str = "an-api-key-of-thirty-two-bytes-or-more";

/// A `roomcast` process. Killed when dropped.
pub(crate) struct Node {
    child: Child,
    address: SocketAddr,
    settings: Vec<String>,
    files: TempDir,
}

impl Node {
    /// A node that keeps its rooms in itself.
    pub(crate) fn alone() -> Self {
        Self::with(&[])
    }

    /// A node that keeps its rooms in this Redis.
    pub(crate) fn on(redis: &str) -> Self {
        Self::with(&["--redis", redis])
    }

    /// A node that keeps its rooms in itself, with more settings as on the command line.
    pub(crate) fn with(settings: &[&str]) -> Self {
        let files = tempfile::tempdir().unwrap();
        let any = "127.0.0.1:0".parse().unwrap();
        let settings: Vec<String> = settings.iter().map(|text| (*text).to_owned()).collect();
        let (child, address) = launch(any, &settings, files.path());
        Self {
            child,
            address,
            settings,
            files,
        }
    }

    /// Where it listens, as `127.0.0.1:1234`.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Asks its HTTP API, which is to answer 200; the key is [`API_KEY`].
    pub(crate) fn api(&self, method: &str, path: &str, body: &str) {
        let address = self.address;
        let mut line = TcpStream::connect(address).unwrap();
        line.set_read_timeout(Some(PATIENCE)).unwrap();
        let length = body.len();
        write!(
            line,
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {API_KEY}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        line.read_to_string(&mut answer).unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 200 "),
            "{method} {path}: {answer}"
        );
    }

    /// Has it let all of its sessions go within a second.
    pub(crate) fn rebalance(&self) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_roomcast"));
        let ops = self.ops().to_string();
        command.args(["rebalance", "--share", "1", "--within", "1s", "--ops", &ops]);
        let asked = command.output().unwrap();
        assert!(asked.status.success(), "{asked:?}");
    }

    /// What it has counted.
    pub(crate) fn metrics(&self) -> String {
        let mut line = TcpStream::connect(self.ops()).unwrap();
        line.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        line.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        line.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Where operators connect.
    fn ops(&self) -> SocketAddr {
        let banner = std::fs::read_to_string(self.files.path().join("banner")).unwrap();
        address_of("operators", &banner).expect("the banner is whole")
    }

    /// Kills it in the middle of whatever it does.
    pub(crate) fn kill(&mut self) {
        // Not there any more: just as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// What the next one in its place is started with.
    pub(crate) fn set(&mut self, settings: &[&str]) {
        self.settings = settings.iter().map(|text| (*text).to_owned()).collect();
    }

    /// Starts another in its place, once it is dead.
    pub(crate) fn start_again(&mut self) {
        let (child, _) = launch(self.address, &self.settings, self.files.path());
        self.child = child;
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let said = std::fs::read_to_string(self.files.path().join("log")).unwrap_or_default();
            eprintln!("the node at {} last said:\n{said}", self.address);
        }
    }
}

/// Starts a node and returns when it says that it is up, and where.
fn launch(listen: SocketAddr, settings: &[String], files: &Path) -> (Child, SocketAddr) {
    let banner = files.join("banner");
    let mut command = Command::new(env!("CARGO_BIN_EXE_roomcast"));
    command
        .env_clear()
        .args(["--listen", &listen.to_string()])
        .args(["--ops-listen", "127.0.0.1:0", "--node", "n1"])
        .args(settings)
        .stdin(Stdio::null())
        .stdout(File::create(&banner).unwrap())
        .stderr(File::create(files.join("log")).unwrap());
    let mut child = command.spawn().unwrap();
    let until = Instant::now() + PATIENCE;
    loop {
        let told = std::fs::read_to_string(&banner).unwrap();
        if let (Some(address), Some(_)) =
            (address_of("chat", &told), address_of("operators", &told))
        {
            return (child, address);
        }
        let ended = child.try_wait().unwrap();
        if ended.is_some() || Instant::now() > until {
            let _ = child.kill();
            let _ = child.wait();
            let said = std::fs::read_to_string(files.join("log")).unwrap();
            panic!("the node at {listen} did not come up ({ended:?}):\n{said}");
        }
        sleep(LOOK_EVERY);
    }
}

/// The address in the banner's line `chat       http://127.0.0.1:1234/`, or another one.
fn address_of(what: &str, banner: &str) -> Option<SocketAddr> {
    let lines = banner.lines().map(str::trim);
    let urls = lines.filter_map(|line| line.strip_prefix(what)).next()?;
    let (host, _path) = urls.trim().strip_prefix("http://")?.split_once('/')?;
    host.parse().ok()
}
