//! The cluster's Redis: on loopback, with an append-only file, as the documentation advises.

use std::path::Path;
use std::time::Duration;

use redis::{AsyncConnectionConfig, Client};
use tokio::time::{Instant, sleep};

use super::error::RigError;
use super::options::RigOptions;
use super::ports;
use super::process::Process;

/// Its name among the processes.
pub(super) const NAME: &str = "redis";
/// For a start, a long file to read included.
const PATIENCE: Duration = Duration::from_secs(60);
const ASK_EVERY: Duration = Duration::from_millis(50);
/// Starts, should another process take the port first.
const TRIES: usize = 5;

/// A `redis-server` of ours.
pub(super) struct Store {
    pub(super) process: Process,
    pub(super) url: String,
}

impl Store {
    /// Starts one and waits until it answers.
    pub(super) async fn start(directory: &Path, options: &RigOptions) -> Result<Self, RigError> {
        let mut process = Process::new(NAME, Path::new("redis-server"), directory);
        for _ in 0..TRIES {
            let port = ports::free(1)?[0];
            let url = format!("redis://127.0.0.1:{port}");
            match process.start(arguments(port, directory, options)) {
                Err(RigError::Start { source, .. })
                    if source.kind() == std::io::ErrorKind::NotFound =>
                {
                    return Err(RigError::Missing {
                        program: "redis-server".to_owned(),
                        advice: "install Redis 7 or newer",
                    });
                }
                started => started?,
            }
            let mut store = Self { process, url };
            match store.up().await {
                Err(RigError::Ended { last, .. }) if last.contains("in use") => {
                    process = store.process;
                }
                up => return up.map(|()| store),
            }
        }
        Err(process.ended_early())
    }

    /// Starts it again on its port, with the file it left, and waits until it answers.
    pub(super) async fn start_anew(&mut self) -> Result<(), RigError> {
        self.process.start_anew()?;
        self.up().await
    }

    async fn up(&mut self) -> Result<(), RigError> {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            // Refused or still reading its file is an answer too soon.
            if self.process.is_gone().is_some() {
                return Err(self.process.ended_early());
            }
            if ping(&self.url).await.is_ok() {
                return Ok(());
            }
            sleep(ASK_EVERY).await;
        }
        Err(self.process.too_slow("answer", PATIENCE))
    }
}

async fn ping(url: &str) -> redis::RedisResult<()> {
    let settings = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE));
    let client = Client::open(url)?;
    let mut link = client
        .get_multiplexed_async_connection_with_config(&settings)
        .await?;
    redis::cmd("PING").query_async(&mut link).await
}

fn arguments(port: u16, directory: &Path, options: &RigOptions) -> Vec<String> {
    let port = port.to_string();
    let directory = directory.to_string_lossy();
    let limit = options.redis_bytes_max.unwrap_or(0).to_string();
    let own = [
        ["--port", &port],
        ["--bind", "127.0.0.1"],
        ["--dir", &directory],
        ["--save", ""],
        ["--appendonly", "yes"],
        ["--appendfsync", "everysec"],
        ["--maxmemory", &limit],
        ["--maxmemory-policy", "noeviction"],
        ["--client-output-buffer-limit", "pubsub 256mb 64mb 60"],
    ];
    let own = own.into_iter().flatten().map(str::to_owned);
    own.chain(options.redis_settings.iter().cloned()).collect()
}
