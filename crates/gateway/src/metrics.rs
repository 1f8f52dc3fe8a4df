//! What a node counts, in Prometheus's terms. Label values are bounded: codes and reasons by their
//! tables, never a room, a user or an address.

use prometheus::core::Collector;
use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry};
use roomcast_protocol::{CLOSE_CODES, CloseCode, ERROR_CODES, ErrorCode};

/// The buckets of every histogram of a node, in seconds: a tenth of a millisecond to ten seconds.
pub const SECONDS: &[f64] = &[
    0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0,
];

/// How a session ends that the node doesn't close.
const BY_PEER: &str = "peer";
const BY_LOSS: &str = "lost";
/// What a join comes to.
const FRESH: &str = "fresh";
const RECOVERED: &str = "recovered";
const GAP: &str = "gap";

/// The counters of one node.
pub struct Metrics {
    pub(crate) sessions: IntGauge,
    pub(crate) sessions_opened: IntCounter,
    sessions_closed: IntCounterVec,
    pub(crate) rebalanced_sessions: IntCounter,
    pub(crate) messages_published: IntCounter,
    pub(crate) messages_duplicate: IntCounter,
    pub(crate) messages_delivered: IntCounter,
    pub(crate) messages_repaired: IntCounter,
    pub(crate) repairs: IntCounter,
    pub(crate) gaps_told: IntCounter,
    pub(crate) signals_dropped: IntCounter,
    pub(crate) outbox_overflows: IntCounter,
    pub(crate) rosters_read: IntCounter,
    refusals: IntCounterVec,
    joins: IntCounterVec,
    pub(crate) publish_seconds: Histogram,
    feed_seconds: Histogram,
    pub(crate) outbox_bytes: IntGauge,
    pub(crate) traces_skipped: IntCounter,
}

impl Metrics {
    /// Counters of zero, registered in `registry`.
    ///
    /// # Panics
    /// If the registry has some of these names already.
    pub fn new(registry: &Registry) -> Self {
        let register = Register(registry);
        let counter = |name, help| register.counter(name, help);
        let seconds = |name, help| register.seconds(name, help);
        Self {
            sessions: register.gauge("roomcast_sessions", "Sessions open now."),
            sessions_opened: counter("roomcast_sessions_opened_total", "Sessions opened."),
            sessions_closed: register.closes(),
            rebalanced_sessions: counter(
                "roomcast_rebalanced_sessions_total",
                "Sessions told to go by a rebalance.",
            ),
            messages_published: counter("roomcast_messages_published_total", "Messages kept."),
            messages_duplicate: counter("roomcast_messages_duplicate_total", "Retries acked."),
            messages_delivered: counter(
                "roomcast_messages_delivered_total",
                "Messages put into a session's outbox as they came.",
            ),
            messages_repaired: counter(
                "roomcast_messages_repaired_total",
                "Messages the feed missed.",
            ),
            repairs: counter("roomcast_repairs_total", "Rooms compared with their log."),
            gaps_told: counter("roomcast_gaps_told_total", "Gaps told to a room."),
            signals_dropped: counter(
                "roomcast_signals_dropped_total",
                "Signals not told to a session that could not keep up.",
            ),
            outbox_overflows: counter(
                "roomcast_outbox_overflows_total",
                "Times a session fell behind in a room and was refilled from the log.",
            ),
            rosters_read: counter(
                "roomcast_rosters_read_total",
                "Times presence was asked who is in a room.",
            ),
            refusals: register.refusals(),
            joins: register.joins(),
            publish_seconds: seconds(
                "roomcast_publish_seconds",
                "Time from a message let in to its place in the log.",
            ),
            feed_seconds: seconds(
                "roomcast_feed_seconds",
                "Time from a message's stamp to its relay here, by the store's clock and ours.",
            ),
            outbox_bytes: register.gauge(
                "roomcast_outbox_bytes",
                "Bytes that wait to be written to sessions now.",
            ),
            traces_skipped: counter(
                "roomcast_traces_skipped_total",
                "Messages not traced because too many were, in that second.",
            ),
        }
    }

    /// A session was closed by the node.
    pub fn closed(&self, code: CloseCode) {
        self.sessions_closed.with_label_values(&[code.name()]).inc();
    }

    /// A session was closed by its client.
    pub fn closed_by_peer(&self) {
        self.sessions_closed.with_label_values(&[BY_PEER]).inc();
    }

    /// A session's connection broke.
    pub fn closed_by_loss(&self) {
        self.sessions_closed.with_label_values(&[BY_LOSS]).inc();
    }

    /// Something was refused.
    pub fn refused(&self, code: ErrorCode) {
        self.refusals.with_label_values(&[code.name()]).inc();
    }

    /// A message stamped at `stamped_ms` is relayed at `now_ms`; clocks that differ read 0.
    pub(crate) fn relayed(&self, stamped_ms: u64, now_ms: u64) {
        let late = std::time::Duration::from_millis(now_ms.saturating_sub(stamped_ms));
        self.feed_seconds.observe(late.as_secs_f64());
    }

    pub(crate) fn joined(&self, resuming: bool, recovered: bool) {
        let result = match (resuming, recovered) {
            (false, _) => FRESH,
            (true, true) => RECOVERED,
            (true, false) => GAP,
        };
        self.joins.with_label_values(&[result]).inc();
    }
}

/// Makes counters and registers them. Names are ours, so that a bad one is a fault of ours.
struct Register<'a>(&'a Registry);

impl Register<'_> {
    fn gauge(&self, name: &str, help: &str) -> IntGauge {
        self.keep(IntGauge::new(name, help))
    }

    fn counter(&self, name: &str, help: &str) -> IntCounter {
        self.keep(IntCounter::new(name, help))
    }

    fn closes(&self) -> IntCounterVec {
        let codes = CLOSE_CODES.iter().map(|(_, name, _)| *name);
        self.by(
            "roomcast_sessions_closed_total",
            "Sessions closed, by the name of the close code, or `peer` and `lost`.",
            "reason",
            codes.chain([BY_PEER, BY_LOSS]),
        )
    }

    fn refusals(&self) -> IntCounterVec {
        let names = ERROR_CODES.iter().map(|(_, name, _)| *name);
        self.by(
            "roomcast_refusals_total",
            "Refusals, by name.",
            "code",
            names,
        )
    }

    fn joins(&self) -> IntCounterVec {
        self.by(
            "roomcast_joins_total",
            "Joins, by result: `fresh` without a position, `recovered`, or `gap`.",
            "result",
            [FRESH, RECOVERED, GAP],
        )
    }

    /// Shows all values from the start, so that a first event is a rise and not a birth, which `rate`
    /// and `increase` would miss.
    fn by(
        &self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = &'static str>,
    ) -> IntCounterVec {
        let counters = self.keep(IntCounterVec::new(Opts::new(name, help), &[label]));
        for value in values {
            counters.with_label_values(&[value]);
        }
        counters
    }

    fn seconds(&self, name: &str, help: &str) -> Histogram {
        let options = HistogramOpts::new(name, help).buckets(SECONDS.to_vec());
        self.keep(Histogram::with_opts(options))
    }

    fn keep<C: Collector + Clone + 'static>(&self, collector: prometheus::Result<C>) -> C {
        let collector = collector.expect("names and labels are well formed");
        self.0
            .register(Box::new(collector.clone()))
            .expect("each name is registered once");
        collector
    }
}
