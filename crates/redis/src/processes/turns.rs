//! Processes that take long to start, shared by the tests of one program: each takes its turn and
//! begins with an empty Redis. They end with the last test that holds them.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;

use super::{ClusterProcesses, RedisProcess, WatchedProcesses};

/// Processes that are one Redis.
pub trait Together: Send + Sync + 'static {
    /// Starts them.
    fn start() -> Self;
    /// Their address.
    fn url(&self) -> String;
    /// Those that keep something.
    fn servers(&self) -> &[RedisProcess];
}

impl Together for WatchedProcesses {
    fn start() -> Self {
        Self::start()
    }

    fn url(&self) -> String {
        self.url()
    }

    fn servers(&self) -> &[RedisProcess] {
        &self.servers
    }
}

impl Together for ClusterProcesses {
    fn start() -> Self {
        Self::start()
    }

    fn url(&self) -> String {
        self.url()
    }

    fn servers(&self) -> &[RedisProcess] {
        &self.nodes
    }
}

struct Shared<P> {
    processes: P,
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// The place, in a static, where tests find each other.
pub struct Turns<P>(Mutex<Weak<Shared<P>>>);

/// One test's turn.
pub struct Turn<P> {
    _guard: OwnedMutexGuard<()>,
    shared: Arc<Shared<P>>,
}

impl<P: Together> Turns<P> {
    /// Where nothing has started yet.
    #[allow(clippy::new_without_default, reason = "a static wants a const")]
    pub const fn new() -> Self {
        Self(Mutex::new(Weak::new()))
    }

    /// Waits for one's turn. What is kept then is nothing.
    pub async fn take(&self) -> Turn<P> {
        let shared = {
            let mut slot = self.0.lock();
            slot.upgrade().unwrap_or_else(|| {
                let shared = Arc::new(Shared {
                    processes: P::start(),
                    turn: Arc::default(),
                });
                *slot = Arc::downgrade(&shared);
                shared
            })
        };
        let guard = shared.turn.clone().lock_owned().await;
        for server in shared.processes.servers() {
            // Replicas refuse, and follow.
            server.run(&["FLUSHALL"]);
        }
        Turn {
            _guard: guard,
            shared,
        }
    }
}

impl<P> std::ops::Deref for Turn<P> {
    type Target = P;

    fn deref(&self) -> &P {
        &self.shared.processes
    }
}
