//! The other end of many sockets: one thread that reads whatever comes and counts messages.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;

use crate::wire::Session;

/// Frames at least as long are messages: acks and signals are shorter.
pub(crate) const MESSAGE_BYTES_MIN: usize = 256;
/// How often it is looked whether everything has come, and how many times.
const LOOK_EVERY: Duration = Duration::from_millis(2);
const LOOKS_MAX: u32 = 15_000;

/// Counts for as long as the sockets are open.
pub(crate) struct Readers {
    found: Arc<AtomicU64>,
}

impl Readers {
    pub(crate) fn start(sessions: Vec<Session>) -> Self {
        let found = Arc::new(AtomicU64::new(0));
        let counted = found.clone();
        thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_io().build().expect("a runtime");
            runtime.block_on(async {
                let mut readers = tokio::task::JoinSet::new();
                for session in sessions {
                    readers.spawn(read(session, counted.clone()));
                }
                readers.join_all().await;
            });
        });
        Self { found }
    }

    /// Waits until so many messages have come in all.
    pub(crate) fn until(&self, messages: u64) {
        for _ in 0..LOOKS_MAX {
            if self.found.load(Ordering::Relaxed) >= messages {
                return;
            }
            thread::sleep(LOOK_EVERY);
        }
        let found = self.found.load(Ordering::Relaxed);
        panic!("{found} of {messages} messages came");
    }

    /// Messages so far.
    pub(crate) fn found(&self) -> u64 {
        self.found.load(Ordering::Relaxed)
    }
}

async fn read(session: Session, found: Arc<AtomicU64>) {
    let Session {
        stream,
        mut counter,
    } = session;
    stream.set_nonblocking(true).expect("a TCP socket");
    let mut stream = tokio::net::TcpStream::from_std(stream).expect("within a runtime");
    let mut bytes = [0; 4 * 1024];
    while let Ok(count @ 1..) = stream.read(&mut bytes).await {
        let messages = counter.take(&bytes[..count], MESSAGE_BYTES_MIN);
        found.fetch_add(messages, Ordering::Relaxed);
    }
}
