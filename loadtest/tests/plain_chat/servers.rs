//! The servers of the story: a Redis on a socket of its own, and the example before it.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::{TcpStream, UnixStream};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

/// Longer than any start takes, even on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Starts, should another process take the port first.
const TRIES: usize = 5;

/// A `redis-server` that only this test finds. Killed when it is dropped.
pub(crate) struct Redis {
    pub(crate) url: String,
    _process: Child,
    _directory: TempDir,
}

impl Redis {
    pub(crate) async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("redis.sock");
        let mut process = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "no"])
            .arg("--unixsocket")
            .arg(&socket)
            .current_dir(directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("redis-server is installed");
        let is_up = comes_up(&mut process, async || {
            UnixStream::connect(&socket).await.is_ok()
        });
        assert!(is_up.await, "redis-server does not start");
        Self {
            url: format!("redis+unix://{}", socket.display()),
            _process: process,
            _directory: directory,
        }
    }
}

/// The example. Killed when it is dropped.
pub(crate) struct PlainChat {
    pub(crate) url: String,
    _process: Child,
}

impl PlainChat {
    pub(crate) async fn start(redis: &str) -> Self {
        let program = program().await;
        for _ in 0..TRIES {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap().to_string();
            drop(listener);
            let mut process = Command::new(&program)
                .args([&address, redis])
                .stdin(Stdio::null())
                .kill_on_drop(true)
                .spawn()
                .unwrap();
            let is_up = comes_up(&mut process, async || {
                TcpStream::connect(&address).await.is_ok()
            });
            if is_up.await {
                return Self {
                    url: format!("ws://{address}"),
                    _process: process,
                };
            }
        }
        panic!("the example does not start");
    }
}

/// Waits until somebody answers; false if the process has ended before.
async fn comes_up(process: &mut Child, answers: impl AsyncFn() -> bool) -> bool {
    let waiting = async {
        while !answers().await {
            if process.try_wait().unwrap().is_some() {
                return false;
            }
            sleep(LOOK_EVERY).await;
        }
        true
    };
    timeout(PATIENCE, waiting).await.unwrap_or(false)
}

/// Where the example is. Cargo builds it for tests of the whole package; for a single one, it is built here.
async fn program() -> PathBuf {
    // A test is <target>/<profile>/deps/<name>.
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).unwrap();
    let name = format!("plain_chat{}", std::env::consts::EXE_SUFFIX);
    let program = profile.join("examples").join(name);
    if program.exists() {
        return program;
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--locked", "--package", "loadtest"]);
    cargo.args(["--example", "plain_chat", "--target-dir"]);
    cargo.arg(profile.parent().unwrap());
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    let built = cargo.status().await.unwrap();
    assert!(built.success() && program.exists(), "{cargo:?}");
    program
}
