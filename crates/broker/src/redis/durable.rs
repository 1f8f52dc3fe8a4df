//! The durable mode: an ack only after replicas have the message too.
//!
//! `WAIT` counts what its own connection has written, so that a publish wants a connection of its
//! own for the while: a pooled one, not the shared one.

use std::time::Duration;

use deadpool_redis::{Config, Pool, PoolConfig, Runtime, Timeouts};
use redis::{Cmd, RedisError, Value};

use super::trouble;
use crate::error::BrokerError;

/// Connections in the pool, hence publishes that wait for replicas at once.
const POOL_SIZE: usize = 64;
/// How long to wait for a connection, for making one, and for an answer.
const PATIENCE: Duration = Duration::from_millis(2_000);
/// How long replicas may take, in milliseconds.
const WAIT_MS: u64 = 1_000;

pub(super) struct Durable {
    pool: Pool,
    replicas: u32,
}

impl Durable {
    pub(super) fn new(url: &str, replicas: u32) -> Result<Self, String> {
        let mut config = Config::from_url(url);
        let timeouts = Timeouts {
            wait: Some(PATIENCE),
            create: Some(PATIENCE),
            recycle: Some(PATIENCE),
        };
        config.pool = Some(PoolConfig {
            max_size: POOL_SIZE,
            timeouts,
            ..PoolConfig::default()
        });
        let pool = config
            .create_pool(Some(Runtime::Tokio1))
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
