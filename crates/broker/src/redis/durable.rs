//! The durable mode: an ack only after replicas have the message too.
//!
//! `WAIT` counts what its own connection has written, so that a publish wants a connection of its
//! own for the while: a pooled one, not the shared one.

use std::sync::Arc;
use std::time::Duration;

use deadpool_redis::{Manager, Pool, Runtime};
use parking_lot::Mutex;
use redis::{AsyncConnectionConfig, Cmd, ConnectionInfo, RedisError, RedisResult, Value};
use roomcast_redis::{Spot, Target};
use tokio::time::timeout;

use super::trouble::{self, Fault};
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
    target: Arc<Target>,
    /// The pool, and where it leads.
    pool: Mutex<Option<(Spot, Pool)>>,
    replicas: u32,
}

impl Durable {
    pub(super) fn new(target: Arc<Target>, replicas: u32) -> Self {
        Self {
            target,
            pool: Mutex::new(None),
            replicas,
        }
    }

    /// The pool of the present master: that of a former one is left to its connections' ends.
    fn pool(&self, spot: &Spot) -> Result<Pool, BrokerError> {
        let mut known = self.pool.lock();
        if let Some((_, pool)) = known.as_ref().filter(|(of, _)| of == spot) {
            return Ok(pool.clone());
        }
        let info = self.target.info(spot).map_err(|error| error.to_string());
        let pool = info.and_then(open).map_err(BrokerError::Unavailable)?;
        *known = Some((spot.clone(), pool.clone()));
        Ok(pool)
    }

    /// Runs a publish and returns its answer once enough replicas have it. `touch` writes again what
    /// a retry found already written, so that there is something to wait for.
    pub(super) async fn publish(
        &self,
        publish: &Cmd,
        load: impl Iterator<Item = &'static redis::Script>,
        touch: Option<Cmd>,
        spot: &Spot,
    ) -> Result<Value, Fault> {
        let publishing = self.publish_and_wait(publish, load, touch, spot);
        timeout(PUBLISH_TIMEOUT, publishing)
            .await
            .unwrap_or_else(|_| Err(unavailable("it did not answer in time".into())))
    }

    async fn publish_and_wait(
        &self,
        publish: &Cmd,
        load: impl Iterator<Item = &'static redis::Script>,
        touch: Option<Cmd>,
        spot: &Spot,
    ) -> Result<Value, Fault> {
        let sort = |error: RedisError| trouble::fault(&error);
        let mut connection = self
            .pool(spot)?
            .get()
            .await
            .map_err(|e| unavailable(e.to_string()))?;
        let connection = &mut connection;
        let mut answer: RedisResult<Value> = publish.query_async(&mut **connection).await;
        if answer.as_ref().is_err_and(trouble::is_no_script) {
            // It has just restarted, or was promoted.
            for script in load {
                script.load_async(&mut **connection).await.map_err(sort)?;
            }
            answer = publish.query_async(&mut **connection).await;
        }
        let answer = answer.map_err(sort)?;
        // It is kept: whatever is refused from now on, as where this master was made a replica
        // meanwhile, leaves open whether it will be there.
        let unsure = |error: RedisError| unavailable(format!("kept, but not confirmed: {error}"));
        if let Some(touch) = touch {
            touch
                .query_async::<()>(&mut **connection)
                .await
                .map_err(unsure)?;
        }
        let mut wait = redis::cmd("WAIT");
        wait.arg(self.replicas).arg(WAIT_MS);
        let confirmed: u32 = wait.query_async(&mut **connection).await.map_err(unsure)?;
        if confirmed < self.replicas {
            return Err(unavailable(format!(
                "kept, but only {confirmed} of {} replicas confirmed it in time",
                self.replicas
            )));
        }
        Ok(answer)
    }
}

fn unavailable(detail: String) -> Fault {
    BrokerError::Unavailable(detail).into()
}

fn open(info: ConnectionInfo) -> Result<Pool, String> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE));
    let manager = Manager::new_with_config(info, config).map_err(|error| error.to_string())?;
    Pool::builder(manager)
        .max_size(POOL_SIZE)
        .wait_timeout(Some(PATIENCE))
        .create_timeout(Some(PATIENCE))
        .recycle_timeout(Some(PATIENCE))
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|error| error.to_string())
}
