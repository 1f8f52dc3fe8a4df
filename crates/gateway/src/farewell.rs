//! Sends sessions away over a window: each is told at once when to come back, the moments drawn evenly, and
//! closed at its moment, after everything it was owed, if it hasn't gone by itself.
//!
//! Leaves whom to send away, and what else the node does meanwhile, to draining and rebalancing.

use std::time::Duration;

use roomcast_protocol::{CloseCode, Reconnect, ServerFrame, encode_server};
use tokio::time::{Instant, sleep};

use crate::outbox::Outbox;

/// How often it is looked whether somebody has gone.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Sessions that know when to go, the first to go first.
pub(crate) struct Farewells {
    code: CloseCode,
    moments: Vec<(Instant, Outbox)>,
}

impl Farewells {
    /// Tells each when to come back. The name of `code`, by which they are closed, is the reason.
    pub(crate) fn tell(outboxes: Vec<Outbox>, window: Duration, code: CloseCode) -> Self {
        let now = Instant::now();
        let window_ms = u64::try_from(window.as_millis()).unwrap_or(u64::MAX);
        let moments = outboxes.into_iter().map(|outbox| {
            let after_ms = rand::random_range(0..=window_ms);
            let reconnect = Reconnect {
                after_ms,
                reason: code.name().into(),
            };
            outbox.answer(encode_server(&ServerFrame::Reconnect(reconnect)));
            (now + Duration::from_millis(after_ms), outbox)
        });
        let mut moments: Vec<_> = moments.collect();
        moments.sort_by_key(|(at, _)| *at);
        Self { code, moments }
    }

    /// Closes each at its moment. Returns when all have gone or been told to, or as soon as it `is_off`:
    /// whoever is left then stays.
    pub(crate) async fn close(self, is_off: impl Fn() -> bool) {
        for (at, outbox) in self.moments {
            while !outbox.is_shut() {
                if is_off() {
                    return;
                }
                let left = at.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    outbox.close(self.code);
                    break;
                }
                sleep(LOOK_EVERY.min(left)).await;
            }
        }
    }
}
