//! How a node stops without a storm (P11): every session is told when to come back, the moments
//! spread over the window; each is closed at its moment, after everything it was owed.

use std::sync::atomic::Ordering;
use std::time::Duration;

use roomcast_protocol::{CloseCode, Reconnect, ServerFrame, encode_server};
use tokio::time::{Instant, sleep, timeout};

use crate::node::Node;

/// How long sessions may take to be written to and closed after the window.
const FLUSH_PATIENCE: Duration = Duration::from_secs(2);
/// How often it is looked whether they are.
const LOOK_EVERY: Duration = Duration::from_millis(20);

impl Node {
    /// Takes no new session from now on, without touching those there are.
    pub fn begin_drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Sends every session away within `window` and leaves the cluster. Returns when nobody is left,
    /// or when those who are had time enough.
    pub async fn drain(&self, window: Duration) {
        self.begin_drain();
        let begun = Instant::now();
        let window_ms = u64::try_from(window.as_millis()).unwrap_or(u64::MAX);
        let mut farewells: Vec<_> = self
            .sessions
            .lock()
            .outboxes()
            .into_iter()
            .map(|outbox| (rand::random_range(0..=window_ms), outbox))
            .collect();
        farewells.sort_by_key(|(after_ms, _)| *after_ms);
        for (after_ms, outbox) in &farewells {
            let reconnect = Reconnect {
                after_ms: *after_ms,
                reason: "draining".into(),
            };
            outbox.answer(encode_server(&ServerFrame::Reconnect(reconnect)));
        }
        for (after_ms, outbox) in farewells {
            if !self
                .is_held_until(begun + Duration::from_millis(after_ms))
                .await
            {
                break;
            }
            outbox.close(CloseCode::Draining);
        }
        self.is_held_until(Instant::now() + FLUSH_PATIENCE).await;
        self.presence.retire().await;
        // Whom only this node held is told as gone before it goes.
        let _ = timeout(FLUSH_PATIENCE, self.changes_are_told()).await;
    }

    /// Waits until then, or until nobody is left; whether somebody is.
    async fn is_held_until(&self, until: Instant) -> bool {
        loop {
            if self.sessions.lock().is_empty() {
                return false;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            sleep(LOOK_EVERY.min(left)).await;
        }
    }
}
