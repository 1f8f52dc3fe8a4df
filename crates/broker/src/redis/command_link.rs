//! A command link to one Redis: one multiplexed connection that many sessions share, kept alive.
//!
//! A supervisor connects, loads the scripts, beats once a second and begins again when a beat is not
//! answered. While there is no connection, commands fail at once as unavailable: whoever asked knows
//! better than a queue whether it is still worth it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use parking_lot::Mutex;
use redis::{Cmd, ErrorKind, Pipeline, RedisError, RedisResult, ServerErrorKind, Value};
use roomcast_redis::{Connection, Patience, Spot, Target};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::backoff::Backoff;
use super::beat::Beat;
use super::check::{self, Place};
use super::scripts;
use super::trouble::{self, Fault, Trouble};
use crate::error::{BrokerError, ConnectError, RefusedBy};

/// A command that timed out may still have run. More commands than may wait to be written wait outside.
const PATIENCE: Patience = Patience {
    connect: Duration::from_millis(1_000),
    response: Duration::from_millis(2_000),
    commands: 1_024,
};
/// How often the link shows that it lives.
const BEAT_EVERY: Duration = Duration::from_millis(1_000);

pub(super) struct CommandLink {
    target: Arc<Target>,
    connection: Mutex<Option<(Connection, Spot)>>,
    /// The number of the connection; that one before it failed is no news of it.
    number: AtomicU64,
    /// Somebody saw the connection fail.
    failed: Notify,
    trouble: Arc<Trouble>,
    /// Whether it should be a node of a Cluster.
    is_of_cluster: bool,
    /// Whether it was found to be suitable.
    is_checked: AtomicBool,
}

impl CommandLink {
    pub(super) fn new(target: Arc<Target>, trouble: Arc<Trouble>, is_of_cluster: bool) -> Self {
        Self {
            target,
            connection: Mutex::new(None),
            number: AtomicU64::new(0),
            failed: Notify::new(),
            trouble,
            is_of_cluster,
            is_checked: AtomicBool::new(false),
        }
    }

    /// Connects; says what an operator must change.
    pub(super) async fn start(&self, shown: &str) -> Result<Spot, ConnectError> {
        let no_start = |error: RedisError| check::no_start(&error, shown);
        let (mut connection, spot) = self.target.connect(PATIENCE).await.map_err(no_start)?;
        if !self.is_checked.load(Ordering::Relaxed) {
            let place = Place {
                shown,
                is_of_cluster: self.is_of_cluster,
            };
            check::suitable(&mut connection, &place).await?;
            self.is_checked.store(true, Ordering::Relaxed);
        }
        load(&mut connection).await.map_err(no_start)?;
        self.number.fetch_add(1, Ordering::Relaxed);
        // What was seen of the one before it.
        let _ = self.failed.notified().now_or_never();
        *self.connection.lock() = Some((connection, spot.clone()));
        Ok(spot)
    }

    /// Runs a script, loading it where Redis has lost it.
    pub(super) async fn call(&self, command: &Cmd) -> Result<Value, Fault> {
        let number = self.number.load(Ordering::Relaxed);
        let mut connection = self.connection()?;
        let answer = run(&mut connection, command).await;
        answer.map_err(|error| self.failed_with(&error, number))
    }

    /// Runs many scripts in one round trip.
    pub(super) async fn call_many(
        &self,
        commands: Vec<Cmd>,
    ) -> Result<Vec<Result<Value, Fault>>, Fault> {
        let number = self.number.load(Ordering::Relaxed);
        let mut connection = self.connection()?;
        let mut pipe = redis::pipe();
        for command in commands {
            pipe.add_command(command);
        }
        pipe.ignore_errors();
        let failed_with = |error: RedisError| self.failed_with(&error, number);
        let answers = run_many(&mut connection, &pipe)
            .await
            .map_err(failed_with)?;
        let answers = answers.into_iter();
        Ok(answers.map(|answer| answer.map_err(failed_with)).collect())
    }

    /// Sorts an error, and has the connection of this number made anew where it is the reason.
    fn failed_with(&self, error: &RedisError, number: u64) -> Fault {
        let read_only = error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly);
        let fault = trouble::fault(error);
        // Whoever is cut off from a Cluster says that it is down.
        let is_down = error.kind() == ErrorKind::Server(ServerErrorKind::ClusterDown);
        let is_broken =
            error.is_unrecoverable_error() || error.is_connection_dropped() || read_only;
        if fault.has_moved || is_down {
            self.trouble.astray.notify_one();
        } else if fault.is_astray {
            // Its slot is on the move, and who keeps it will say so.
        } else if is_broken && number == self.number.load(Ordering::Relaxed) {
            self.failed.notify_one();
        }
        fault
    }

    /// Keeps the connection alive for good.
    pub(super) async fn supervise(self: Arc<Self>, mut beat: Beat) {
        let mut backoff = Backoff::new();
        let mut made_at = Instant::now();
        loop {
            let connection = self.connection.lock().clone();
            let Some((mut connection, spot)) = connection else {
                sleep(backoff.next()).await;
                match self.start(&self.target.to_string()).await {
                    Ok(spot) => {
                        made_at = Instant::now();
                        beat.connected(&spot).await;
                    }
                    Err(error) => self.not_made(&error),
                }
                continue;
            };
            let lost = match beat.beat(&mut connection).await {
                Err(error) if !trouble::is_answer(&error) => Some(error.to_string()),
                answer => {
                    self.note(answer);
                    self.until_lost(&spot).await
                }
            };
            if let Some(error) = lost {
                *self.connection.lock() = None;
                backoff.lost_after(made_at.elapsed());
                self.trouble.reconnected();
                tracing::warn!(error, %spot, "a command link was lost");
            }
        }
    }

    /// What is wrong with it stays so until an operator acts; that it is away may pass.
    fn not_made(&self, error: &ConnectError) {
        self.trouble.astray.notify_one();
        tracing::debug!(%error, "the command link can't be made");
        if let ConnectError::Unsuitable { .. } = error {
            let detail = error.to_string();
            let by = RefusedBy::Other;
            self.trouble.note(BrokerError::Refused { by, detail });
        }
    }

    fn note(&self, beaten: RedisResult<()>) {
        if let Err(error) = beaten {
            let fault = trouble::fault(&error);
            if fault.is_astray {
                self.trouble.astray.notify_one();
            } else {
                self.trouble.note(fault.error);
            }
        }
    }

    /// Waits for the next beat. Why the connection is of no use any more, if it isn't.
    async fn until_lost(&self, spot: &Spot) -> Option<String> {
        tokio::select! {
            () = sleep(BEAT_EVERY) => {}
            () = self.failed.notified() => return Some("a command failed".to_owned()),
        }
        let has_moved = self.target.has_moved(spot).await;
        has_moved.then(|| "the master is elsewhere now".to_owned())
    }

    /// Where it leads now.
    pub(super) fn spot(&self) -> Option<Spot> {
        let connection = self.connection.lock();
        connection.as_ref().map(|(_, spot)| spot.clone())
    }

    fn connection(&self) -> Result<Connection, BrokerError> {
        let connection = self.connection.lock().clone();
        connection
            .map(|(connection, _)| connection)
            .ok_or_else(|| BrokerError::Unavailable("there is no link to Redis now".into()))
    }
}

async fn run(connection: &mut Connection, command: &Cmd) -> RedisResult<Value> {
    let answer: RedisResult<Value> = command.query_async(connection).await;
    if !answer.as_ref().is_err_and(trouble::is_no_script) {
        return answer;
    }
    load(connection).await?;
    command.query_async(connection).await
}

async fn run_many(
    connection: &mut Connection,
    pipe: &Pipeline,
) -> RedisResult<Vec<RedisResult<Value>>> {
    let answers: Vec<RedisResult<Value>> = pipe.query_async(connection).await?;
    let is_unknown =
        |answer: &RedisResult<Value>| answer.as_ref().is_err_and(trouble::is_no_script);
    if !answers.iter().any(is_unknown) {
        return Ok(answers);
    }
    load(connection).await?;
    pipe.query_async(connection).await
}

async fn load(connection: &mut Connection) -> RedisResult<()> {
    for script in scripts::all() {
        script.load_async(connection).await?;
    }
    Ok(())
}
