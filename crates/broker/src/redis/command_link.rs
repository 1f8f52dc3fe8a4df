//! A command link to one Redis: one multiplexed connection that many sessions share, kept alive.
//!
//! A supervisor connects, loads the scripts, beats once a second and begins again when a beat is not
//! answered. While there is no connection, commands fail at once as unavailable: whoever asked knows
//! better than a queue whether it is still worth it.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, RedisError, RedisResult, ServerErrorKind, Value,
};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::backoff::Backoff;
use super::beat::Beat;
use super::trouble::{self, Trouble};
use super::{check, scripts};
use crate::error::{BrokerError, ConnectError};

/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(1_000);
/// How long an answer may take. A command that timed out may still have run.
const RESPONSE_TIMEOUT: Duration = Duration::from_millis(2_000);
/// How often the link shows that it lives.
const BEAT_EVERY: Duration = Duration::from_millis(1_000);
/// Commands that may wait to be written; more of them wait outside.
const PIPELINE_BUFFER: usize = 1_024;

pub(super) struct CommandLink {
    client: Client,
    connection: Mutex<Option<MultiplexedConnection>>,
    /// Somebody saw the connection fail.
    failed: Notify,
    trouble: Arc<Trouble>,
}

impl CommandLink {
    pub(super) fn new(client: Client, trouble: Arc<Trouble>) -> Self {
        Self {
            client,
            connection: Mutex::new(None),
            failed: Notify::new(),
            trouble,
        }
    }

    /// Connects for the first time; says what an operator must change.
    pub(super) async fn start(&self, url: &str) -> Result<(), ConnectError> {
        let no_start = |error: RedisError| check::no_start(&error, url);
        let mut connection = self.connect().await.map_err(no_start)?;
        check::suitable(&mut connection, url).await?;
        load(&mut connection).await.map_err(no_start)?;
        *self.connection.lock() = Some(connection);
        Ok(())
    }

    /// Runs a script, loading it where Redis has lost it.
    pub(super) async fn call(&self, command: &Cmd) -> Result<Value, BrokerError> {
        let mut connection = self.connection()?;
        let mut answer: RedisResult<Value> = command.query_async(&mut connection).await;
        if answer.as_ref().is_err_and(is_no_script) {
            load(&mut connection)
                .await
                .map_err(|error| self.failed_with(&error))?;
            answer = command.query_async(&mut connection).await;
        }
        answer.map_err(|error| self.failed_with(&error))
    }

    /// Runs many scripts in one round trip.
    pub(super) async fn call_many(
        &self,
        commands: Vec<Cmd>,
    ) -> Result<Vec<RedisResult<Value>>, BrokerError> {
        let mut connection = self.connection()?;
        let mut pipe = redis::pipe();
        for command in commands {
            pipe.add_command(command);
        }
        pipe.ignore_errors();
        let mut answers: Vec<RedisResult<Value>> = pipe
            .query_async(&mut connection)
            .await
            .map_err(|error| self.failed_with(&error))?;
        if answers
            .iter()
            .any(|answer| answer.as_ref().is_err_and(is_no_script))
        {
            load(&mut connection)
                .await
                .map_err(|error| self.failed_with(&error))?;
            answers = pipe
                .query_async(&mut connection)
                .await
                .map_err(|error| self.failed_with(&error))?;
        }
        Ok(answers)
    }

    /// Sorts an error, and has the connection made anew where it is the reason.
    pub(super) fn failed_with(&self, error: &RedisError) -> BrokerError {
        let read_only = error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly);
        if error.is_unrecoverable_error() || error.is_connection_dropped() || read_only {
            self.failed.notify_one();
        }
        self.trouble.note(trouble::sort(error))
    }

    /// Keeps the connection alive for good.
    pub(super) async fn supervise(self: Arc<Self>, mut beat: Beat) {
        let mut backoff = Backoff::new();
        let mut made_at = Instant::now();
        loop {
            let connection = self.connection.lock().clone();
            let Some(mut connection) = connection else {
                sleep(backoff.next()).await;
                match self.reconnect().await {
                    Ok(()) => made_at = Instant::now(),
                    Err(error) => tracing::debug!(%error, "the command link can't be made"),
                }
                continue;
            };
            let lost = match beat.beat(&mut connection).await {
                Err(error) if !trouble::is_answer(&error) => Some(error.to_string()),
                answer => {
                    if let Err(error) = answer {
                        self.trouble.note(trouble::sort(&error));
                    }
                    tokio::select! {
                        () = sleep(BEAT_EVERY) => None,
                        () = self.failed.notified() => Some("a command failed".to_owned()),
                    }
                }
            };
            if let Some(error) = lost {
                *self.connection.lock() = None;
                backoff.lost_after(made_at.elapsed());
                self.trouble.reconnected();
                tracing::warn!(error, "a command link was lost");
            }
        }
    }

    pub(super) fn connection(&self) -> Result<MultiplexedConnection, BrokerError> {
        let connection = self.connection.lock().clone();
        connection.ok_or_else(|| {
            self.trouble.note(BrokerError::Unavailable(
                "there is no link to Redis now".into(),
            ))
        })
    }

    async fn reconnect(&self) -> RedisResult<()> {
        let mut connection = self.connect().await?;
        load(&mut connection).await?;
        *self.connection.lock() = Some(connection);
        Ok(())
    }

    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(RESPONSE_TIMEOUT))
            .set_pipeline_buffer_size(PIPELINE_BUFFER);
        self.client
            .get_multiplexed_async_connection_with_config(&config)
            .await
    }
}

async fn load(connection: &mut MultiplexedConnection) -> RedisResult<()> {
    for script in scripts::all() {
        script.load_async(connection).await?;
    }
    Ok(())
}

fn is_no_script(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}
