//! One connection to one Redis process.

use std::time::Duration;

use parking_lot::Mutex;
use redis::{ErrorKind, RedisResult};
use roomcast_redis::{Connection, Patience, Spot, Target};

/// How many commands wait for the connection's task before callers wait.
const PIPELINE_COMMANDS: usize = 512;

/// How long to wait for Redis.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timeouts {
    pub(super) connect: Duration,
    pub(super) response: Duration,
}

/// What came of connecting.
#[derive(Debug)]
pub(super) struct Reached {
    /// Which Redis processes answer; another one may have forgotten something.
    pub(super) run_id: String,
    /// Whether a connection is a new one.
    pub(super) is_new: bool,
}

/// A Redis, wherever it is, and the connection there.
#[derive(Debug)]
pub(super) struct Line {
    target: Target,
    timeouts: Timeouts,
    connection: Mutex<Option<Connected>>,
}

/// A connection, and which process it leads to.
#[derive(Clone)]
struct Connected {
    connection: Connection,
    run_id: String,
    spot: Spot,
}

impl std::fmt::Debug for Connected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connected")
            .field("run_id", &self.run_id)
            .finish_non_exhaustive()
    }
}

impl Line {
    pub(super) fn new(target: Target, timeouts: Timeouts) -> Self {
        Self {
            target,
            timeouts,
            connection: Mutex::new(None),
        }
    }

    /// Connects unless it is connected to where the Redis is now.
    pub(super) async fn connect(&self) -> RedisResult<Reached> {
        let known = self.connection.lock().clone();
        if let Some(connected) = known {
            if !self.target.has_moved(&connected.spot).await {
                return Ok(Reached {
                    run_id: connected.run_id,
                    is_new: false,
                });
            }
            self.hang_up();
        }
        let patience = Patience {
            connect: self.timeouts.connect,
            response: self.timeouts.response,
            commands: PIPELINE_COMMANDS,
        };
        let (mut connection, spot) = self.target.connect(patience).await?;
        let told: String = redis::cmd("INFO")
            .arg("server")
            .query_async(&mut connection)
            .await?;
        let run_id = told.lines().find_map(|line| line.strip_prefix("run_id:"));
        let run_id = run_id
            .ok_or((ErrorKind::UnexpectedReturnType, "INFO without run_id"))?
            .trim()
            .to_owned();
        *self.connection.lock() = Some(Connected {
            connection,
            run_id: run_id.clone(),
            spot,
        });
        Ok(Reached {
            run_id,
            is_new: true,
        })
    }

    /// Whether it answers.
    pub(super) async fn is_well(&self) -> bool {
        let Some(mut connection) = self.connection() else {
            return false;
        };
        let ping = redis::cmd("PING").query_async::<()>(&mut connection).await;
        ping.is_ok()
    }

    /// Gives the connection up. Whether there was one.
    pub(super) fn hang_up(&self) -> bool {
        self.connection.lock().take().is_some()
    }

    pub(super) fn is_connected(&self) -> bool {
        self.connection.lock().is_some()
    }

    pub(super) fn connection(&self) -> Option<Connection> {
        let connected = self.connection.lock();
        connected
            .as_ref()
            .map(|connected| connected.connection.clone())
    }
}
