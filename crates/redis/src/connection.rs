//! A connection to one Redis, shared by whoever has a clone of it.
//!
//! The client library reads and writes it; the bytes go over a stream of ours (`door.rs`), so that TLS is set
//! up as the feed's is. Keeps true: with the last clone it is closed, whatever it was still waiting for.

use std::sync::Arc;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{AsyncConnectionConfig, Cmd, Pipeline, RedisConnectionInfo, RedisFuture, Value};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::AbortHandle;

/// A connection that many may share.
#[derive(Clone)]
pub struct Connection {
    shared: MultiplexedConnection,
    _driver: Arc<Driver>,
}

/// The task that reads and writes.
struct Driver(AbortHandle);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Connection {
    /// Logs in over a stream.
    pub(crate) async fn over(
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        login: &RedisConnectionInfo,
        config: AsyncConnectionConfig,
    ) -> redis::RedisResult<Self> {
        let (shared, driver) =
            MultiplexedConnection::new_with_config(login, stream, config).await?;
        let driver = Driver(tokio::spawn(driver).abort_handle());
        Ok(Self {
            shared,
            _driver: Arc::new(driver),
        })
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        ConnectionLike::req_packed_command(&mut self.shared, cmd)
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        ConnectionLike::req_packed_commands(&mut self.shared, pipeline, offset, count)
    }

    fn get_db(&self) -> i64 {
        self.shared.get_db()
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connection")
    }
}
