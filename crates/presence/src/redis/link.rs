//! The link to one Redis, of whatever shape: multiplexed connections, shared by all callers.
//!
//! Owns connecting, our timeouts and the sorting of errors; each call goes to the master that keeps its
//! key. Keeps true: only the beat connects, so there is at most one attempt at a time and a call on a
//! broken connection fails at once. Leaves it to the callers what to do then.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::try_join_all;
use redis::{Cmd, ErrorKind, FromRedisValue, RedisError, Script};
use roomcast_redis::{Address, Connection, LinkState, Shape, Target};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::call::Call;
use super::line::{Line, Reached, Timeouts};
use super::lines::Lines;
use crate::port::PresenceError;

/// How long a call that came to the wrong master of a Cluster is tried again, and how soon.
const ASTRAY_MAX: Duration = Duration::from_millis(1_000);
const ASTRAY_EVERY: Duration = Duration::from_millis(25);

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
/// Those of them by which a call was refused before it did anything, since another master keeps its key
/// by now, or will in a moment.
const ASTRAY: &[&str] = &["MOVED", "ASK", "TRYAGAIN"];

/// One Redis.
#[derive(Debug)]
pub(super) struct Link {
    /// Its place in the configuration: what logs call it.
    index: usize,
    kind: Kind,
    /// How often a connection was a new one.
    changes: AtomicU64,
    /// Rings when a connection is given up, or leads to the wrong master.
    pub(super) lost: Notify,
    /// Whether the last answer was a refusal, so that it is logged once.
    refusing: AtomicBool,
}

#[derive(Debug)]
enum Kind {
    One(Arc<Line>),
    Cluster(Box<Lines>),
}

impl Link {
    /// A link that is not connected yet.
    pub(super) fn new(index: usize, address: &Address, timeouts: Timeouts) -> Self {
        let kind = match address.shape() {
            Shape::Single | Shape::Sentinel { .. } => {
                Kind::One(Arc::new(Line::new(Target::of(address), timeouts)))
            }
            Shape::Cluster => Kind::Cluster(Box::new(Lines::new(address, timeouts))),
        };
        Self {
            index,
            kind,
            changes: AtomicU64::new(0),
            lost: Notify::new(),
            refusing: AtomicBool::new(false),
        }
    }

    /// Connects where it isn't connected. For the beat only.
    pub(super) async fn connect(&self) -> Result<Reached, PresenceError> {
        let reached = match &self.kind {
            Kind::One(line) => line.connect().await,
            Kind::Cluster(lines) => lines.connect().await,
        };
        let reached = reached.map_err(|error| match &self.kind {
            Kind::One(line) => self.sort(&error, line),
            Kind::Cluster(_) => unavailable(&error.to_string()),
        })?;
        if reached.is_new {
            self.changes.fetch_add(1, Ordering::Relaxed);
            let Reached { run_id, .. } = &reached;
            tracing::info!(redis = self.index, run_id, "Presence is connected to Redis");
        }
        Ok(reached)
    }

    /// How often a connection has been a new one so far.
    pub(super) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }

    /// Whether each key may be at another master.
    pub(super) fn is_cluster(&self) -> bool {
        matches!(self.kind, Kind::Cluster(_))
    }

    /// Gives up what doesn't answer; the next beat connects anew.
    pub(super) fn hang_up(&self) {
        match &self.kind {
            Kind::One(line) => self.give_up(line),
            // Each beat finds out for itself which of them are well.
            Kind::Cluster(_) => {}
        }
    }

    fn give_up(&self, line: &Line) {
        if line.hang_up() {
            tracing::warn!(redis = self.index, "Presence lost its connection to Redis");
            self.lost.notify_one();
        }
    }

    /// How its connections stand, under names that tell where they lead.
    pub(super) fn states(&self) -> Vec<LinkState> {
        let state = |name: String, line: &Line| LinkState {
            name: name + "/presence",
            wanted: 1,
            up: usize::from(line.is_connected()),
        };
        match &self.kind {
            Kind::One(line) => vec![state(self.index.to_string(), line)],
            Kind::Cluster(lines) => {
                let masters = lines.masters().into_iter();
                let named = masters.map(|(spot, line)| (format!("{}/{spot}", self.index), line));
                named.map(|(name, line)| state(name, &line)).collect()
            }
        }
    }

    /// Sends one command, whose first argument is its key.
    pub(super) async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, PresenceError> {
        let slot = || match command.args_iter().nth(1) {
            Some(redis::Arg::Simple(key)) => roomcast_redis::slot(key),
            _ => 0,
        };
        self.find(slot, &Errand::Command(command)).await
    }

    /// Runs one script, loading it first where Redis does not know it.
    pub(super) async fn run<T: FromRedisValue>(&self, call: &Call<'_>) -> Result<T, PresenceError> {
        self.find(|| call.slot(), &Errand::Script(call)).await
    }

    /// Runs an errand at the master that keeps a slot; again where another does by now.
    async fn find<T: FromRedisValue>(
        &self,
        slot: impl Fn() -> u16,
        errand: &Errand<'_>,
    ) -> Result<T, PresenceError> {
        let until = Instant::now() + ASTRAY_MAX;
        loop {
            let line = match &self.kind {
                Kind::One(line) => line.clone(),
                Kind::Cluster(lines) => lines
                    .keeper(slot())
                    .ok_or_else(|| unavailable("nobody keeps its slot"))?,
            };
            let mut connection = connection(&line)?;
            let answer = match errand {
                Errand::Command(command) => command.query_async(&mut connection).await,
                Errand::Script(call) => call.invoke(&mut connection).await,
            };
            match answer {
                Err(error) if self.is_astray(&error) && Instant::now() < until => {
                    if error.code() == Some("MOVED") {
                        // The beat asks who keeps it.
                        self.lost.notify_one();
                    }
                    sleep(ASTRAY_EVERY).await;
                }
                answer => return self.received(answer, &line),
            }
        }
    }

    fn is_astray(&self, error: &RedisError) -> bool {
        self.is_cluster() && error.code().is_some_and(|code| ASTRAY.contains(&code))
    }

    /// Makes Redis know these scripts. One that it doesn't know, every call that is under way then
    /// loads for itself: after a restart that is a thousand loads.
    pub(super) async fn load(&self, scripts: &[&Script]) -> Result<(), PresenceError> {
        let lines = match &self.kind {
            Kind::One(line) => vec![line.clone()],
            Kind::Cluster(lines) => lines.all(),
        };
        for line in lines {
            let connection = match connection(&line) {
                Ok(connection) => connection,
                // A master that is away: whoever calls it later loads what it lacks.
                Err(_) if matches!(self.kind, Kind::Cluster(_)) => continue,
                Err(error) => return Err(error),
            };
            let loads = scripts.iter().map(|script| {
                let mut connection = connection.clone();
                async move { script.load_async(&mut connection).await }
            });
            self.received(try_join_all(loads).await.map(drop), &line)?;
        }
        Ok(())
    }

    fn received<T>(&self, answer: Result<T, RedisError>, line: &Line) -> Result<T, PresenceError> {
        match answer {
            Ok(answer) => {
                self.refusing.store(false, Ordering::Relaxed);
                Ok(answer)
            }
            Err(error) => Err(self.sort(&error, line)),
        }
    }

    /// Sorts an error by who can act, and gives up a connection that is broken. A slow answer does
    /// not break the connection; the beat decides that.
    fn sort(&self, error: &RedisError, line: &Line) -> PresenceError {
        let reason = error.to_string();
        let code = error.code().unwrap_or_default();
        if error.is_timeout() || PASSING.contains(&code) {
            return PresenceError::Unavailable { reason };
        }
        let is_search = matches!(
            error.kind(),
            ErrorKind::MasterNameNotFoundBySentinel | ErrorKind::EmptySentinelList
        );
        if is_search
            || error.is_io_error()
            || error.is_connection_dropped()
            || error.is_connection_refusal()
        {
            self.give_up(line);
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
                self.give_up(line);
            }
            return PresenceError::Refused { reason };
        }
        PresenceError::Corrupt { reason }
    }
}

/// What is to be done where a key is.
enum Errand<'a> {
    Command(&'a Cmd),
    Script(&'a Call<'a>),
}

fn connection(line: &Line) -> Result<Connection, PresenceError> {
    line.connection()
        .ok_or_else(|| unavailable("not connected"))
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
