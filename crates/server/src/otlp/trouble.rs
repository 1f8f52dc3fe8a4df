//! What is logged of a collector that does not take spans: the beginning, a line a minute, the end.

use std::time::Duration;

use tokio::time::Instant;

/// How often it is said while it lasts.
const SAID_EVERY: Duration = Duration::from_secs(60);

/// What was said, and what was not.
#[derive(Default)]
pub(super) struct Trouble {
    said_at: Option<Instant>,
    /// Spans dropped that no line has named.
    dropped: usize,
}

impl Trouble {
    /// So many spans were dropped.
    pub(super) fn note(&mut self, spans: usize, why: &str) {
        self.dropped += spans;
        if self.said_at.is_none_or(|at| at.elapsed() >= SAID_EVERY) {
            self.said_at = Some(Instant::now());
            let spans = std::mem::take(&mut self.dropped);
            tracing::warn!(
                why,
                spans,
                "the collector does not take traces; spans are dropped"
            );
        }
    }

    /// It took all of a post.
    pub(super) fn is_over(&mut self) {
        if self.said_at.take().is_some() {
            let spans = std::mem::take(&mut self.dropped);
            tracing::info!(
                spans,
                "the collector takes traces again; more spans had been dropped"
            );
        }
    }
}
