//! The node as a process, and what the kernel says of it.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::thread;

/// The kernel counts a process's time in hundredths of a second on every Linux platform (`USER_HZ`).
const TICK_US: f64 = 10_000.0;

/// Lets a sender say more than a client may by default; the load answers no ping, and must not be
/// thought dead.
pub(crate) const HASTY: &[&str] = &["--commands-per-second", "1000", "--heartbeat-ms", "300000"];
/// The program.
const PROGRAM: &str = env!("CARGO_BIN_EXE_roomcast");

/// A running node; killed when dropped.
pub(crate) struct Node {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
    /// Where the operators' listener is.
    #[allow(dead_code, reason = "the bench of attacks asks there")]
    pub(crate) ops: SocketAddr,
}

impl Node {
    /// With these flags, on free ports.
    pub(crate) fn start(flags: &[&str]) -> Self {
        Self::run(Command::new(PROGRAM), flags)
    }

    /// The same on one core.
    pub(crate) fn pinned(core: u32, flags: &[&str]) -> Self {
        let mut program = Command::new("taskset");
        program.args(["-c", &core.to_string(), PROGRAM]);
        Self::run(program, flags)
    }

    fn run(mut program: Command, flags: &[&str]) -> Self {
        let mut child = program
            .args(["--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"])
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program was built, and taskset is installed");
        let stderr = child.stderr.take().expect("it is piped");
        let mut lines = BufReader::new(stderr).lines().map_while(Result::ok);
        let serving = lines.by_ref().find(|line| line.contains("serving"));
        let serving = serving.expect("the node says where it listens");
        let value = |key: &str| {
            let mut words = serving.split_whitespace();
            let value = words.find_map(|word| word.strip_prefix(key)?.parse().ok());
            value.expect("it names both addresses")
        };
        // Read to the end, so that the node can go on logging.
        thread::spawn(move || lines.for_each(drop));
        Self {
            child,
            address: value("listen="),
            ops: value("ops_listen="),
        }
    }

    /// Resident memory, in KiB.
    pub(crate) fn resident_kib(&self) -> f64 {
        let status = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(status).expect("the node runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        number
            .and_then(|number| number.parse().ok())
            .expect("a number")
    }

    /// CPU time so far, in user space and in the kernel, in microseconds.
    pub(crate) fn cpu_us(&self) -> f64 {
        cpu_of_us(self.child.id())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The same of any process.
pub(crate) fn cpu_of_us(pid: u32) -> f64 {
    cpu_us(&format!("/proc/{pid}/stat"))
}

/// Keeps a process, all threads of it, on one core.
pub(crate) fn pin(pid: u32, core: u32) {
    let mut taskset = Command::new("taskset");
    taskset.args(["-a", "-c", "-p", &core.to_string(), &pid.to_string()]);
    let pinned = taskset.stdout(Stdio::null()).status();
    assert!(pinned.is_ok_and(|status| status.success()), "taskset pins");
}

/// The same of the thread that asks.
pub(crate) fn own_cpu_us() -> f64 {
    cpu_us("/proc/thread-self/stat")
}

/// Fields 14 and 15 of a `stat` file, see proc(5); the name, field 2, may hold spaces.
fn cpu_us(path: &str) -> f64 {
    let stat = std::fs::read_to_string(path).expect("it runs");
    let (_, behind_name) = stat.rsplit_once(") ").expect("a name in brackets");
    let ticks = behind_name.split(' ').skip(11).take(2);
    let ticks: f64 = ticks
        .map(|field| field.parse::<f64>().expect("a number"))
        .sum();
    ticks * TICK_US
}
