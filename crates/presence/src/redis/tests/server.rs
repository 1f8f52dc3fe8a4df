//! A real `redis-server` of a test's own.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// How often a starting server is asked, 20 ms apart.
const ASKS_MAX: u32 = 500;

/// A server on a free port, in a directory of its own. Killed when dropped.
pub(super) struct Server {
    process: Child,
    port: u16,
    directory: TempDir,
}

impl Server {
    pub(super) fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        // Somebody may take the port before Redis does; then another is tried.
        for _ in 0..20 {
            let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
            let port = listener.local_addr().unwrap().port();
            drop(listener);
            let mut process = spawn(port, &directory);
            if comes_up(port, &mut process) {
                return Self {
                    process,
                    port,
                    directory,
                };
            }
            let _ = process.kill();
            let _ = process.wait();
        }
        panic!("redis-server does not start");
    }

    pub(super) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Kills it.
    pub(super) fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Starts it again on its port. It forgot everything but what it was told to `SAVE`.
    pub(super) fn restart(&mut self) {
        self.kill();
        self.process = spawn(self.port, &self.directory);
        assert!(
            comes_up(self.port, &mut self.process),
            "redis-server does not come back"
        );
    }

    /// Sends one command; the raw answer.
    pub(super) fn ask(&self, words: &[&str]) -> String {
        ask(self.port, words).expect("an answer of redis-server")
    }

    /// How often each command was called since the statistics were reset.
    pub(super) fn calls(&self) -> Vec<(String, u64)> {
        let told = self.ask(&["INFO", "commandstats"]);
        let lines = told
            .lines()
            .filter_map(|line| line.strip_prefix("cmdstat_"));
        let calls = lines.filter_map(|line| {
            let (name, rest) = line.split_once(":calls=")?;
            let (calls, _) = rest.split_once(',')?;
            Some((name.to_owned(), calls.parse().ok()?))
        });
        calls.collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(port: u16, directory: &TempDir) -> Child {
    Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
        .args(["--save", "", "--appendonly", "no", "--loglevel", "warning"])
        .current_dir(directory.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("redis-server is installed")
}

fn comes_up(port: u16, process: &mut Child) -> bool {
    for _ in 0..ASKS_MAX {
        if ask(port, &["PING"]).is_ok_and(|answer| answer.starts_with("+PONG")) {
            return true;
        }
        if !matches!(process.try_wait(), Ok(None)) {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

/// One command on a connection of its own. Reads until the server, told to quit, closes.
fn ask(port: u16, words: &[&str]) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    for words in [words, &["QUIT"]] {
        write!(stream, "*{}\r\n", words.len())?;
        for word in words {
            write!(stream, "${}\r\n{word}\r\n", word.len())?;
        }
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
