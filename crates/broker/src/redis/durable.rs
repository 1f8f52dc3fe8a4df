//! The durable mode: an ack only after replicas have the message too.
//!
//! `WAIT` counts what its own connection has written, so that a publish wants a connection of its
//! own for the while: a pooled one, not the shared one.

use std::time::Duration;

use deadpool_redis::{Manager, Pool, Runtime};
use redis::{AsyncConnectionConfig, Cmd, ConnectionInfo, RedisError, Value};
use tokio::time::timeout;

use super::trouble;
use crate::error::BrokerError;

/// Connections in the pool, hence publishes that wait for replicas at once.
const POOL_SIZE: usize = 64;
/// How long a publish may take in all. The pool tries its idle connections one after another; where
/// Redis stands still, each of them would cost a patience of its own.
const PUBLISH_TIMEOUT: Duration = Duration::from_millis(3_000);
/// How long making a connection, finding out that it is alive, or an answer may take. Longer than
/// replicas may, or the answer to `WAIT` would come too late.
const PATIENCE: Duration = Duration::from_millis(2_000);
/// How long replicas may take, in milliseconds.
const WAIT_MS: u64 = 1_000;

pub(super) struct Durable {
    pool: Pool,
    replicas: u32,
}

impl Durable {
    pub(super) fn new(info: ConnectionInfo, replicas: u32) -> Result<Self, String> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let manager = Manager::new_with_config(info, config).map_err(|error| error.to_string())?;
        let pool = Pool::builder(manager)
            .max_size(POOL_SIZE)
            .wait_timeout(Some(PATIENCE))
            .create_timeout(Some(PATIENCE))
            .recycle_timeout(Some(PATIENCE))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { pool, replicas })
    }

    /// Runs a publish and returns its answer once enough replicas have it. `touch` writes again what
    /// a retry found already written, so that there is something to wait for.
    pub(super) async fn publish(
        &self,
        publish: &Cmd,
        load: impl Iterator<Item = &'static redis::Script>,
        touch: Option<Cmd>,
    ) -> Result<Value, BrokerError> {
        let publishing = self.publish_and_wait(publish, load, touch);
        timeout(PUBLISH_TIMEOUT, publishing)
            .await
            .unwrap_or_else(|_| Err(BrokerError::Unavailable("it did not answer in time".into())))
    }

    async fn publish_and_wait(
        &self,
        publish: &Cmd,
        load: impl Iterator<Item = &'static redis::Script>,
        touch: Option<Cmd>,
    ) -> Result<Value, BrokerError> {
        let unavailable = |detail: String| BrokerError::Unavailable(detail);
        let sort = |error: RedisError| trouble::sort(&error);
        let mut connection = self
            .pool
            .get()
            .await
            .map_err(|e| unavailable(e.to_string()))?;
        let connection = &mut connection;
        for script in load {
            // One small command a publish: this mode is about safety, and a pooled connection may be
            // to a Redis that has just restarted.
            script.load_async(&mut **connection).await.map_err(sort)?;
        }
        let answer: Value = publish.query_async(&mut **connection).await.map_err(sort)?;
        if let Some(touch) = touch {
            touch
                .query_async::<()>(&mut **connection)
                .await
                .map_err(sort)?;
        }
        let mut wait = redis::cmd("WAIT");
        wait.arg(self.replicas).arg(WAIT_MS);
        let confirmed: u32 = wait.query_async(&mut **connection).await.map_err(sort)?;
        if confirmed < self.replicas {
            return Err(unavailable(format!(
                "kept, but only {confirmed} of {} replicas confirmed it in time",
                self.replicas
            )));
        }
        Ok(answer)
    }
}
