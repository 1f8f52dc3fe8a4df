//! A master, its replicas and the sentinels that watch them.

use std::thread::sleep;
use std::time::Duration;

use super::server::RedisProcess;

/// The name by which the sentinels know the master.
const MASTER: &str = "main";
/// How often it is looked whether what must come is there: for forty seconds and more.
const LOOKS_MAX: u32 = 800;
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// One master, two replicas, three sentinels of which two must agree.
pub struct WatchedProcesses {
    // Before the servers, so that no failover begins while they are killed one by one.
    sentinels: Vec<RedisProcess>,
    /// The first is the master at the start.
    pub servers: Vec<RedisProcess>,
}

impl WatchedProcesses {
    /// Starts them, and waits until the sentinels know each other and the replicas are in step.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// The same with these settings of each server.
    ///
    /// # Panics
    /// If they don't come up.
    pub fn with(settings: &[&str]) -> Self {
        let all = [
            &[
                "--save",
                "",
                "--appendonly",
                "no",
                "--repl-diskless-sync-delay",
                "0",
            ],
            settings,
        ];
        let master = RedisProcess::with(&all.concat());
        let port = master.port().to_string();
        let follow = ["--replicaof", "127.0.0.1", &port];
        let replica = || RedisProcess::with(&[&all.concat()[..], &follow].concat());
        let servers = vec![replica(), replica()];
        let servers: Vec<_> = [master].into_iter().chain(servers).collect();
        let in_step = || {
            let told = servers[0].run(&["INFO", "replication"]);
            told.matches("state=online").count() == 2
        };
        until("the replicas are in step", in_step);
        let lines = [
            format!("sentinel monitor {MASTER} 127.0.0.1 {port} 2"),
            format!("sentinel down-after-milliseconds {MASTER} 1500"),
            format!("sentinel failover-timeout {MASTER} 6000"),
            format!("sentinel parallel-syncs {MASTER} 2"),
        ];
        let sentinels: Vec<_> = (0..3).map(|_| RedisProcess::sentinel(&lines)).collect();
        let watched = Self { sentinels, servers };
        until("the sentinels know each other and the replicas", || {
            watched.sentinels.iter().all(|sentinel| {
                let told = sentinel.run(&["SENTINEL", "MASTER", MASTER]);
                field(&told, "num-other-sentinels") == Some("2")
                    && field(&told, "num-slaves") == Some("2")
                    && field(&told, "flags") == Some("master")
            })
        });
        watched
    }

    /// Their address.
    pub fn url(&self) -> String {
        let hosts: Vec<String> = self
            .sentinels
            .iter()
            .map(|sentinel| format!("127.0.0.1:{}", sentinel.port()))
            .collect();
        format!("redis+sentinel://{}/{MASTER}", hosts.join(","))
    }

    /// From now on the sentinels want this password, of each other as well: they are good for looking up
    /// the master, and for nothing else.
    ///
    /// # Panics
    /// If they don't take it.
    pub fn lock_sentinels(&self, password: &str) {
        for sentinel in &self.sentinels {
            let rule = format!(">{password}");
            let done = sentinel.run(&["ACL", "SETUSER", "default", "resetpass", &rule]);
            assert!(!done.contains("-ERR"), "{done}");
        }
    }

    /// Which of the servers the sentinels name as the master now.
    pub fn master(&self) -> usize {
        let told = self.sentinels[0].run(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER]);
        let port = told
            .lines()
            .nth(4)
            .and_then(|text| text.trim().parse().ok());
        let named = self
            .servers
            .iter()
            .position(|server| Some(server.port()) == port);
        named.expect("one of ours is the master")
    }

    /// Waits until another than this is the master and says so itself.
    pub fn until_promoted(&self, before: usize) -> usize {
        let mut master = before;
        until("another is promoted", || {
            master = self.master();
            master != before && self.servers[master].run(&["ROLE"]).contains("master")
        });
        master
    }
}

/// The text after this one in an answer that is a flat list.
fn field<'a>(told: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = told.lines();
    lines.find(|line| *line == name)?;
    lines.nth(1)
}

/// Waits for something to become so.
///
/// # Panics
/// If it doesn't in good time.
pub(super) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..LOOKS_MAX {
        if is_so() {
            return;
        }
        sleep(LOOK_EVERY);
    }
    panic!("in time: {what}");
}
