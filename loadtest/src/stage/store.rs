//! What Redis is told to do to itself and to its clients.
//!
//! A connection for each command: links of ours would be cut with the others.

use std::collections::HashMap;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, cmd};

use super::error::StageError;

/// For a Redis that has much to do.
const PATIENCE: Duration = Duration::from_secs(10);
/// A bound on memory that any Redis is above.
const NO_MEMORY_BYTES: &str = "1";

/// Cuts all links on which messages are heard.
pub(super) async fn cut_feed(url: &str) -> Result<(), StageError> {
    let mut kill = cmd("CLIENT");
    kill.arg("KILL").arg("TYPE").arg("pubsub");
    tell(url, "CLIENT KILL TYPE pubsub", &kill).await
}

/// Cuts all links on which commands are sent.
pub(super) async fn cut_commands(url: &str) -> Result<(), StageError> {
    let mut kill = cmd("CLIENT");
    kill.arg("KILL").arg("TYPE").arg("normal");
    kill.arg("SKIPME").arg("yes");
    tell(url, "CLIENT KILL TYPE normal", &kill).await
}

/// Makes it forget everything.
pub(super) async fn flush(url: &str) -> Result<(), StageError> {
    tell(url, "FLUSHALL", &cmd("FLUSHALL")).await
}

/// Leaves it no memory; returns the bound that it had.
pub(super) async fn fill(url: &str) -> Result<String, StageError> {
    if setting(url, "maxmemory-policy").await? != "noeviction" {
        // It would throw away what was acked, and that is another fault.
        return Err(StageError::Unable(
            "a Redis that is to run out of memory needs maxmemory-policy noeviction",
        ));
    }
    let before = setting(url, "maxmemory").await?;
    bound(url, NO_MEMORY_BYTES).await?;
    Ok(before)
}

/// Sets the bound of its memory.
pub(super) async fn bound(url: &str, bytes: &str) -> Result<(), StageError> {
    let mut set = cmd("CONFIG");
    set.arg("SET").arg("maxmemory").arg(bytes);
    tell(url, "CONFIG SET maxmemory", &set).await
}

async fn setting(url: &str, name: &str) -> Result<String, StageError> {
    let mut get = cmd("CONFIG");
    get.arg("GET").arg(name);
    let mut found: HashMap<String, String> = tell(url, "CONFIG GET", &get).await?;
    Ok(found.remove(name).unwrap_or_default())
}

async fn tell<T: FromRedisValue>(
    url: &str,
    command: &'static str,
    cmd: &Cmd,
) -> Result<T, StageError> {
    let failed = |source| StageError::Redis { command, source };
    let mut link = link(url).await.map_err(failed)?;
    cmd.query_async(&mut link).await.map_err(failed)
}

async fn link(url: &str) -> redis::RedisResult<MultiplexedConnection> {
    let settings = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE));
    let client = Client::open(url)?;
    client
        .get_multiplexed_async_connection_with_config(&settings)
        .await
}
