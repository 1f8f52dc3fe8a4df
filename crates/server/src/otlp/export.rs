//! The task that takes spans from the queue and posts them, a batch after the other.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use roomcast_gateway::{Span, SpanSink};
use roomcast_protocol::NodeId;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::collector::{Collector, PostError};
use super::endpoint::Endpoint;
use super::header::Header;
use super::message;
use super::metrics::SpanMetrics;
use super::trouble::Trouble;

/// Spans that may wait; what comes beyond is dropped.
const QUEUE_SPANS_MAX: usize = 4_096;
/// Spans of one post.
const BATCH_SPANS_MAX: usize = 512;
/// How long a batch waits for more spans.
const BATCH_WAIT: Duration = Duration::from_millis(1_000);
/// How long a collector may take for a post.
const POST_TIMEOUT: Duration = Duration::from_millis(5_000);
/// The waits before a batch is posted again; then it is dropped.
const RETRY_WAITS: [Duration; 2] = [Duration::from_millis(500), Duration::from_millis(2_000)];
/// How long the end of a node waits for what is left.
const LAST_PATIENCE: Duration = Duration::from_millis(1_500);

/// What is exported, and where to.
pub struct Exporting {
    /// Where the collector is.
    pub endpoint: Endpoint,
    /// What it wants to be told besides.
    pub headers: Vec<Header>,
    /// Who exports.
    pub node: NodeId,
    /// What is counted.
    pub metrics: SpanMetrics,
}

/// An export under way.
pub struct Export {
    task: JoinHandle<()>,
    stop: CancellationToken,
}

/// The end of the queue that spans go into.
struct Queue {
    spans: mpsc::Sender<Span>,
    metrics: SpanMetrics,
}

impl SpanSink for Queue {
    fn record(&self, span: Span) {
        if self.spans.try_send(span).is_err() {
            self.metrics.queue_full.inc();
        }
    }
}

/// Starts a task that exports what the sink is given.
pub fn start(exporting: Exporting) -> (Arc<dyn SpanSink>, Export) {
    let (spans, queued) = mpsc::channel(QUEUE_SPANS_MAX);
    let stop = CancellationToken::new();
    let metrics = exporting.metrics.clone();
    let exporter = Exporter {
        collector: Collector::new(exporting.endpoint, exporting.headers),
        node: exporting.node,
        metrics: exporting.metrics,
        queued,
        stop: stop.clone(),
        trouble: Trouble::default(),
    };
    let task = tokio::spawn(exporter.run());
    (Arc::new(Queue { spans, metrics }), Export { task, stop })
}

impl Export {
    /// Sends what is left, as far as that is quick, and ends.
    pub async fn close(mut self) {
        self.stop.cancel();
        if timeout(LAST_PATIENCE, &mut self.task).await.is_err() {
            self.task.abort();
            tracing::warn!("the last spans could not be sent in time");
        }
    }
}

struct Exporter {
    collector: Collector,
    node: NodeId,
    metrics: SpanMetrics,
    queued: mpsc::Receiver<Span>,
    stop: CancellationToken,
    trouble: Trouble,
}

impl Exporter {
    async fn run(mut self) {
        loop {
            let batch = self.gather().await;
            if batch.is_empty() {
                return;
            }
            self.send(batch).await;
        }
    }

    /// The next batch; an empty one is the end.
    async fn gather(&mut self) -> Vec<Span> {
        let mut batch = Vec::new();
        let mut full_at = None;
        while batch.len() < BATCH_SPANS_MAX {
            let waited = async {
                match full_at {
                    Some(full_at) => sleep_until(full_at).await,
                    None => pending().await,
                }
            };
            let space = BATCH_SPANS_MAX - batch.len();
            tokio::select! {
                taken = self.queued.recv_many(&mut batch, space) => {
                    if taken == 0 {
                        break;
                    }
                    full_at.get_or_insert_with(|| Instant::now() + BATCH_WAIT);
                }
                () = waited => break,
                // What is in it is still given out.
                () = self.stop.cancelled(), if !self.queued.is_closed() => self.queued.close(),
            }
        }
        batch
    }

    async fn send(&mut self, batch: Vec<Span>) {
        let count = batch.len();
        let request = Bytes::from(message::request(&self.node, batch));
        let mut waits = RETRY_WAITS.iter();
        let error = loop {
            match self.post(request.clone()).await {
                Ok(answer) => return self.sent(count, &answer),
                Err(error) => match waits.next() {
                    Some(wait) if error.may_pass() && !self.stop.is_cancelled() => {
                        tokio::select! {
                            () = sleep(*wait) => {}
                            () = self.stop.cancelled() => {}
                        }
                    }
                    _ => break error,
                },
            }
        };
        self.metrics.not_taken.inc_by(count as u64);
        self.trouble.note(count, &error.to_string());
    }

    async fn post(&self, request: Bytes) -> Result<Bytes, PostError> {
        let post = timeout(POST_TIMEOUT, self.collector.post(request)).await;
        post.unwrap_or(Err(PostError::Timeout))
    }

    fn sent(&mut self, count: usize, answer: &[u8]) {
        let (rejected, why) = message::rejected(answer);
        let rejected = rejected.min(count as u64);
        self.metrics.exported.inc_by(count as u64 - rejected);
        self.metrics.not_taken.inc_by(rejected);
        if rejected > 0 {
            self.trouble
                .note(usize::try_from(rejected).unwrap_or(count), &why);
        } else {
            self.trouble.is_over();
        }
    }
}
