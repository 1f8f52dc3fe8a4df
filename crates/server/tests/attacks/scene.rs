//! A node, its neighbours, and what is to be found out about an attack on it.

use std::thread::sleep;
use std::time::Duration;

use tokio::time::Instant;

use crate::memory::Peak;
use crate::neighbours::{self, Neighbours};
use crate::node::{Node, until};
use crate::session::Session;

/// How soon an offender must be gone, after what it did is seen to be an attack.
pub(crate) const GONE_WITHIN: Duration = Duration::from_secs(10);
/// What an attack may cost in memory at its highest. An unoptimised build, its code read in from
/// disk meanwhile, and what an allocator keeps; whatever grew with the attack would be far above.
pub(crate) const SLACK_KIB: u64 = 8 * 1024;
/// A node that asks nobody for a sign of life: an answer to that counts as a control frame, and
/// doesn't belong into the middle of a frame.
pub(crate) const SILENT: &[&str] = &["--heartbeat-ms", "600000"];
/// Between the neighbours' last join and the attack: until what is made once is made.
const REST: Duration = Duration::from_millis(300);

/// A node under attack.
pub(crate) struct Scene {
    pub(crate) node: Node,
    neighbours: Neighbours,
    peak: Peak,
}

impl Scene {
    /// A node with these flags.
    pub(crate) fn start(flags: &[&str]) -> Self {
        let node = Node::start_with(flags, "info");
        let neighbours = Neighbours::of(&node);
        sleep(REST);
        let peak = Peak::of(&node);
        Self {
            node,
            neighbours,
            peak,
        }
    }

    /// A session of a stranger; nineteen more of the same name may be open.
    pub(crate) fn stranger(&self, name: &str) -> Session {
        Session::open(&self.node, name)
    }

    /// What is counted from here on costs no more than before: memory is watched anew.
    pub(crate) fn watch_memory_anew(&mut self) {
        self.peak = Peak::of(&self.node);
    }

    /// A sample of the metrics; 0 if there is none.
    pub(crate) fn counted(&self, sample: &str) -> u64 {
        let metrics = self.node.ask_ops("/metrics").body;
        let found = metrics.lines().find_map(|line| line.strip_prefix(sample));
        found.map_or(0, |value| value.trim().parse().expect("a whole number"))
    }

    /// Waits until `sample` has come to `value`, which it must not exceed.
    pub(crate) fn until_counted(&self, sample: &str, value: u64) {
        until(&format!("{sample} is {value}"), || {
            let counted = self.counted(sample);
            assert!(counted <= value, "{sample} is {counted}, not {value}");
            (counted == value).then_some(())
        });
    }

    /// So many peers broke a rule, this one, and were closed by this name.
    pub(crate) fn until_broken(&self, violation: &str, closed: &str, times: u64) {
        let violation = format!("roomcast_socket_violations_total{{reason=\"{violation}\"}}");
        self.until_counted(&violation, times);
        self.until_closed(closed, times);
    }

    /// So many sessions were closed by this name.
    pub(crate) fn until_closed(&self, closed: &str, times: u64) {
        let closed = format!("roomcast_sessions_closed_total{{reason=\"{closed}\"}}");
        self.until_counted(&closed, times);
    }

    /// Waits until no connection is left but the neighbours' and `others`, soon after `since`.
    pub(crate) fn until_only(&self, others: u64, since: Instant) {
        let connections = neighbours::CONNECTIONS + others;
        until("the offenders are gone", || {
            (self.counted("roomcast_connections") == connections).then_some(())
        });
        let took = since.elapsed();
        assert!(took < GONE_WITHIN, "gone after {took:?}");
    }

    /// The neighbours felt nothing, and memory rose by no more than this.
    pub(crate) fn end(self, growth_kib_max: u64) {
        self.neighbours.felt_nothing();
        let growth = self.peak.growth_kib();
        assert!(growth <= growth_kib_max, "{growth} KiB more at the highest");
    }
}
