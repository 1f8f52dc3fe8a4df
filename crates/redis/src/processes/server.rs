//! A real Redis of a test's own: started on a free port, stopped with the test.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use tempfile::TempDir;

/// How often, and how many times, a starting process is asked whether it is there.
const ASK_EVERY: Duration = Duration::from_millis(20);
const ASKS_MAX: u32 = 500;

/// A `redis-server` process with a directory of its own. Killed when dropped.
pub struct RedisProcess {
    child: Child,
    port: u16,
    settings: Vec<String>,
    directory: TempDir,
}

impl RedisProcess {
    /// Starts one that keeps nothing on disk.
    pub fn start() -> Self {
        Self::with(&["--save", "", "--appendonly", "no"])
    }

    /// Starts one with an append-only file, as the documentation advises.
    pub fn with_append_only_file() -> Self {
        Self::with(&[
            "--save",
            "",
            "--appendonly",
            "yes",
            "--appendfsync",
            "everysec",
        ])
    }

    /// Starts one with these settings, as on the command line of `redis-server`.
    ///
    /// # Panics
    /// If `redis-server` isn't installed or doesn't come up.
    pub fn with(settings: &[&str]) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let settings: Vec<String> = settings.iter().map(|text| (*text).to_owned()).collect();
        Self::try_ports(settings, directory)
    }

    fn try_ports(settings: Vec<String>, directory: TempDir) -> Self {
        // Another process may take a free port before Redis does; then the next one is tried.
        for _ in 0..20 {
            let port = free_port();
            let mut child = spawn(port, &settings, &directory);
            if answers(port, &mut child) {
                return Self {
                    child,
                    port,
                    settings,
                    directory,
                };
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        panic!("redis-server did not come up");
    }

    /// Starts a sentinel with these lines of configuration, which it rewrites as it learns.
    pub(super) fn sentinel(lines: &[String]) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let file = directory.path().join("sentinel.conf");
        std::fs::write(&file, lines.join("\n") + "\n").expect("a file");
        let settings = vec!["--sentinel".to_owned()];
        Self::try_ports(settings, directory)
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Runs one command and returns the raw answer, errors included.
    pub fn run(&self, command: &[&str]) -> String {
        ask(self.port, command).expect("redis answers")
    }

    /// Stops it in its tracks; connections stay open and nothing is answered.
    pub fn freeze(&self) {
        signal(self.pid(), "-STOP");
    }

    /// Lets a frozen one go on.
    pub fn thaw(&self) {
        signal(self.pid(), "-CONT");
    }

    /// Kills it at once.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again on the same port, with the files it left.
    pub fn restart(&mut self) {
        self.kill();
        self.child = spawn(self.port, &self.settings, &self.directory);
        assert!(
            answers(self.port, &mut self.child),
            "redis-server came back"
        );
    }
}

impl Drop for RedisProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port that is free now; somebody else may be faster.
///
/// # Panics
/// If there is none.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}

fn spawn(port: u16, settings: &[String], directory: &TempDir) -> Child {
    let mut command = Command::new("redis-server");
    if settings.iter().any(|setting| setting == "--sentinel") {
        command.arg(directory.path().join("sentinel.conf"));
    }
    command
        .args([
            "--port",
            &port.to_string(),
            "--bind",
            "127.0.0.1",
            "--loglevel",
            "warning",
        ])
        .arg("--dir")
        .arg(directory.path())
        .args(settings)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("redis-server is installed; `cargo xtask test` sees to that")
}

fn answers(port: u16, child: &mut Child) -> bool {
    for _ in 0..ASKS_MAX {
        if child.try_wait().ok().flatten().is_some() {
            return false;
        }
        // A LOADING error is an answer too soon.
        if ask(port, &["PING"]).is_ok_and(|answer| answer.starts_with("+PONG")) {
            return true;
        }
        sleep(ASK_EVERY);
    }
    false
}

fn ask(port: u16, command: &[&str]) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut text = format!("*{}\r\n", command.len());
    for word in command {
        text.push_str(&format!("${}\r\n{word}\r\n", word.len()));
    }
    // The closing QUIT makes the answer end with the connection; a sentinel does not know it.
    text.push_str("*1\r\n$4\r\nQUIT\r\n");
    stream.write_all(text.as_bytes())?;
    stream.shutdown(Shutdown::Write)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let end = answer.rfind("-ERR unknown command 'QUIT'");
    let answer = &answer[..end.unwrap_or(answer.len())];
    Ok(answer.strip_suffix("+OK\r\n").unwrap_or(answer).to_owned())
}

fn signal(pid: u32, name: &str) {
    let status = Command::new("kill").args([name, &pid.to_string()]).status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "kill {name} {pid}"
    );
}
