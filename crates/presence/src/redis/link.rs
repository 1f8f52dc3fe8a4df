//! The link to one Redis: a multiplexed connection, shared by all callers.
//!
//! Owns connecting, our timeouts and the sorting of errors. Keeps true: only the beat connects, so
//! there is at most one attempt at a time and a call on a broken link fails at once. Leaves it to
//! the callers what to do then.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::try_join_all;
use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, FromRedisValue, IntoConnectionInfo, RedisError,
    Script, ScriptInvocation,
};
use tokio::sync::Notify;

use crate::port::PresenceError;

/// How many commands wait for the connection's task before callers wait.
const PIPELINE_COMMANDS: usize = 512;

/// Error codes by which Redis refuses what it understood; an operator must act.
const REFUSALS: &[&str] = &[
    "OOM",
    "READONLY",
    "MISCONF",
    "NOPERM",
    "NOAUTH",
    "WRONGPASS",
];
/// Error codes that pass by themselves.
const PASSING: &[&str] = &[
    "LOADING",
    "BUSY",
    "TRYAGAIN",
    "CLUSTERDOWN",
    "MASTERDOWN",
    "NOREPLICAS",
    "MOVED",
    "ASK",
];

/// One Redis.
#[derive(Debug)]
pub(super) struct Link {
    /// Its place in the configuration: what logs call it, since a URL holds a password.
    index: usize,
    client: Client,
    timeouts: Timeouts,
    connection: Mutex<Option<Connected>>,
    /// Rings when the connection is given up.
    pub(super) lost: Notify,
    /// Whether the last answer was a refusal, so that it is logged once.
    refusing: AtomicBool,
}

/// How long to wait for Redis.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timeouts {
    pub(super) connect: Duration,
    pub(super) response: Duration,
}

/// A connection, and which process it leads to.
#[derive(Clone)]
struct Connected {
    connection: MultiplexedConnection,
    run_id: String,
}

impl std::fmt::Debug for Connected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connected")
            .field("run_id", &self.run_id)
            .finish_non_exhaustive()
    }
}

/// What came of [`Link::connect`].
#[derive(Debug)]
pub(super) struct Reached {
    /// Which Redis process answers; another one may have forgotten something.
    pub(super) run_id: String,
    /// Whether the connection is a new one.
    pub(super) is_new: bool,
}

impl Link {
    /// A link that is not connected yet. The error says what is wrong with the URL, not the URL.
    pub(super) fn new(index: usize, url: &str, timeouts: Timeouts) -> Result<Self, String> {
        let told = |error: RedisError| error.category().to_owned();
        let info = url.into_connection_info().map_err(told)?;
        let info = info.set_tcp_settings(TcpSettings::default().set_nodelay(true));
        Ok(Self {
            index,
            client: Client::open(info).map_err(told)?,
            timeouts,
            connection: Mutex::new(None),
            lost: Notify::new(),
            refusing: AtomicBool::new(false),
        })
    }

    /// Connects unless it is connected. For the beat only.
    pub(super) async fn connect(&self) -> Result<Reached, PresenceError> {
        if let Some(connected) = self.connection.lock().clone() {
            return Ok(Reached {
                run_id: connected.run_id,
                is_new: false,
            });
        }
        let settings = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.timeouts.connect))
            .set_response_timeout(Some(self.timeouts.response))
            .set_pipeline_buffer_size(PIPELINE_COMMANDS);
        let mut connection = self
            .client
            .get_multiplexed_async_connection_with_config(&settings)
            .await
            .map_err(|error| self.sort(&error))?;
        let told: String = redis::cmd("INFO")
            .arg("server")
            .query_async(&mut connection)
            .await
            .map_err(|error| self.sort(&error))?;
        let run_id = told
            .lines()
            .find_map(|line| line.strip_prefix("run_id:"))
            .ok_or_else(|| corrupt("INFO without run_id"))?
            .trim()
            .to_owned();
        *self.connection.lock() = Some(Connected {
            connection,
            run_id: run_id.clone(),
        });
        tracing::info!(redis = self.index, run_id, "Presence is connected to Redis");
        Ok(Reached {
            run_id,
            is_new: true,
        })
    }

    /// Gives the connection up; the next beat makes another.
    pub(super) fn hang_up(&self) {
        if self.connection.lock().take().is_some() {
            tracing::warn!(redis = self.index, "Presence lost its connection to Redis");
            self.lost.notify_one();
        }
    }

    /// Sends one command.
    pub(super) async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, PresenceError> {
        let mut connection = self.connection()?;
        let answer = command.query_async(&mut connection).await;
        self.received(answer)
    }

    /// Runs one script, loading it first where Redis does not know it.
    pub(super) async fn run<T: FromRedisValue>(
        &self,
        call: &ScriptInvocation<'_>,
    ) -> Result<T, PresenceError> {
        let mut connection = self.connection()?;
        let answer = call.invoke_async(&mut connection).await;
        self.received(answer)
    }

    /// Makes Redis know these scripts. One that it doesn't know, every call that is under way then
    /// loads for itself: after a restart that is a thousand loads.
    pub(super) async fn load(&self, scripts: &[&Script]) -> Result<(), PresenceError> {
        let connection = self.connection()?;
        let loads = scripts.iter().map(|script| {
            let mut connection = connection.clone();
            async move { script.load_async(&mut connection).await }
        });
        self.received(try_join_all(loads).await.map(drop))
    }

    fn connection(&self) -> Result<MultiplexedConnection, PresenceError> {
        match &*self.connection.lock() {
            Some(connected) => Ok(connected.connection.clone()),
            None => Err(unavailable("not connected")),
        }
    }

    fn received<T>(&self, answer: Result<T, RedisError>) -> Result<T, PresenceError> {
        match answer {
            Ok(answer) => {
                self.refusing.store(false, Ordering::Relaxed);
                Ok(answer)
            }
            Err(error) => Err(self.sort(&error)),
        }
    }

    /// Sorts an error by who can act, and gives up a connection that is broken. A slow answer does
    /// not break the connection; the beat decides that.
    fn sort(&self, error: &RedisError) -> PresenceError {
        let reason = error.to_string();
        let code = error.code().unwrap_or_default();
        if error.is_timeout() || PASSING.contains(&code) {
            return PresenceError::Unavailable { reason };
        }
        if error.is_io_error() || error.is_connection_dropped() || error.is_connection_refusal() {
            self.hang_up();
            return PresenceError::Unavailable { reason };
        }
        let is_refused =
            REFUSALS.contains(&code) || matches!(error.kind(), ErrorKind::AuthenticationFailed);
        if is_refused {
            if !self.refusing.swap(true, Ordering::Relaxed) {
                tracing::error!(
                    redis = self.index,
                    reason,
                    "Redis refuses what presence asks"
                );
            }
            if code == "READONLY" {
                // Most likely a primary that was demoted; the address may lead to another by now.
                self.hang_up();
            }
            return PresenceError::Refused { reason };
        }
        PresenceError::Corrupt { reason }
    }
}

/// The error of an answer that no script of ours gives.
pub(super) fn corrupt(reason: &str) -> PresenceError {
    PresenceError::Corrupt {
        reason: reason.to_owned(),
    }
}

/// The error of what can't be asked now.
pub(super) fn unavailable(reason: &str) -> PresenceError {
    PresenceError::Unavailable {
        reason: reason.to_owned(),
    }
}
