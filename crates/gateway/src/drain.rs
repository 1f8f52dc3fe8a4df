//! How a node stops without a storm (P11): every session is told when to come back, the moments
//! spread over the window; each is closed at its moment, after everything it was owed.

use std::sync::atomic::Ordering;
use std::time::Duration;

use roomcast_protocol::CloseCode;
use tokio::time::{Instant, sleep, timeout};

use crate::farewell::{Farewells, LOOK_EVERY};
use crate::node::Node;

/// How long sessions may take to be written to and closed after the window.
const FLUSH_PATIENCE: Duration = Duration::from_secs(2);

impl Node {
    /// Takes no new session from now on, without touching those there are.
    pub fn begin_drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Sends every session away within `window` and leaves the cluster. Returns when nobody is left,
    /// or when those who are had time enough. A rebalance that is under way gives way.
    pub async fn drain(&self, window: Duration) {
        self.begin_drain();
        let outboxes = self.sessions.lock().outboxes();
        let farewells = Farewells::tell(outboxes, window, CloseCode::Draining);
        farewells.close(|| false).await;
        self.wait_for_nobody().await;
        self.presence.retire().await;
        // Whom only this node held is told as gone before it goes.
        let _ = timeout(FLUSH_PATIENCE, self.changes_are_told()).await;
    }

    async fn wait_for_nobody(&self) {
        let until = Instant::now() + FLUSH_PATIENCE;
        while !self.sessions.lock().is_empty() && Instant::now() < until {
            sleep(LOOK_EVERY).await;
        }
    }
}
