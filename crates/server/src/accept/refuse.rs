//! Turning a connection away: a few bytes, no request read, no waiting in the loop.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

/// The whole answer.
const ANSWER: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n\
    Content-Length: 0\r\nConnection: close\r\n\r\n";
/// How many refused connections may be waited for at once; beyond that they are just closed.
const WAITING_MAX: usize = 256;
/// How long each is waited for.
const WAIT: Duration = Duration::from_millis(500);
/// How much of what it sends is read and forgotten.
const FORGOTTEN_BYTES_MAX: usize = 64 * 1024;

/// Answers and closes what there is no room for.
pub(super) struct Refuser {
    waiting: Arc<Semaphore>,
    tracker: TaskTracker,
}

impl Refuser {
    pub(super) fn new(tracker: TaskTracker) -> Self {
        Self {
            waiting: Arc::new(Semaphore::new(WAITING_MAX)),
            tracker,
        }
    }

    /// Answers 503 with Retry-After and closes.
    ///
    /// Closing over unread bytes would reset the connection and might take the answer with it, so
    /// the peer is read from until it closes too, for a moment.
    pub(super) fn refuse(&self, stream: TcpStream) {
        let Ok(place) = self.waiting.clone().try_acquire_owned() else {
            // Registered with the reactor a moment ago, it may refuse to write: then it just ends.
            let _ = stream.try_write(ANSWER);
            return;
        };
        self.tracker.spawn(async move {
            // Whatever fails here, the connection ends either way.
            let _ = timeout(WAIT, answer(stream)).await;
            drop(place);
        });
    }
}

async fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    stream.write_all(ANSWER).await?;
    stream.shutdown().await?;
    let mut forgotten = [0; 1024];
    for _ in 0..FORGOTTEN_BYTES_MAX / forgotten.len() {
        stream.readable().await?;
        match stream.try_read(&mut forgotten) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
