//! What a run was: everything that the report shows and the JSON file holds.
//!
//! Nouns only. Times of a run are counted from its beginning; a latency counts from when a thing was
//! due, so that a cluster that holds up its clients is not flattered by it.

use serde::{Deserialize, Serialize};

use crate::audit::verdict::{Outcome as Word, Verdict};

/// A run and what came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// Which run it was.
    pub run: RunFacts,
    /// All of it, added up.
    pub totals: Totals,
    /// How long things took.
    pub latency: Latencies,
    /// Second by second.
    pub seconds: Vec<Second>,
    /// The faults, as they began.
    pub faults: Vec<FaultOutcome>,
    /// Rates that were tried one after the other; empty but for `saturate`.
    pub steps: Vec<StepOutcome>,
    /// Each node, as clients saw it.
    pub nodes: Vec<NodeOutcome>,
    /// What the processes that were watched cost; empty where none was named.
    pub servers: Vec<ServerCost>,
    /// What the scenario expects beside the audit.
    pub expectations: Vec<Expectation>,
    /// The audit of the ledgers.
    pub audit: Verdict,
}

impl Outcome {
    /// In one word: the audit's, unless something that was expected did not come about.
    pub fn word(&self) -> Word {
        let is_met = |expectation: &Expectation| expectation.is_met;
        let is_well = |fault: &FaultOutcome| fault.failures.is_empty();
        if self.expectations.iter().all(is_met) && self.faults.iter().all(is_well) {
            self.audit.outcome
        } else {
            Word::Failed
        }
    }

    /// Adds what went wrong inside the cluster.
    pub fn add_trouble(&mut self, trouble: Vec<String>) {
        let expectation = |measured| Expectation {
            what: "no process of the cluster panics or ends unasked".into(),
            measured,
            is_met: false,
        };
        self.expectations
            .extend(trouble.into_iter().map(expectation));
    }
}

/// Which run it was.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct RunFacts {
    /// The scenario's name.
    pub scenario: String,
    /// The command that repeats it.
    pub command: String,
    /// Where the dice began.
    pub seed: u64,
    /// When it began, in ms since 1970.
    pub began_unix_ms: u64,
    /// From the first connection to the last, in ms.
    pub took_ms: u64,
    /// Where clients connected.
    pub targets: Vec<String>,
    /// Clients that were meant to be there.
    pub clients: u32,
    /// Rooms, inboxes apart.
    pub rooms: u32,
    /// Processes that made the load.
    pub processes: u32,
    /// Processors of the machine that made the load.
    pub cpus: u32,
    /// Version of the load tool.
    pub version: String,
}

/// What was counted, over a second or a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Messages that were due.
    pub due: u64,
    /// Tries to send one, retries included.
    pub sent: u64,
    /// Messages due that were not sent, since too many of the client's waited for their ack.
    pub held_back: u64,
    /// Acks.
    pub acked: u64,
    /// Refusals, of messages and other requests.
    pub refused: u64,
    /// Messages that were received.
    pub delivered: u64,
    /// Gaps that were told, in `joined` or by themselves.
    pub gaps: u64,
    /// Joins from a position that were answered.
    pub resumed: u64,
    /// Sessions that began.
    pub opened: u64,
    /// Attempts to connect that came to nothing.
    pub turned_away: u64,
    /// Sessions that the server ended, or whose line broke.
    pub cut: u64,
    /// Typing, reading, coming and going that was told.
    pub signals: u64,
    /// Bytes of TCP that were read.
    pub bytes_in: u64,
    /// Bytes of TCP that were written.
    pub bytes_out: u64,
}

/// A distribution of times in µs.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Spread {
    /// How many.
    pub count: u64,
    /// The shortest.
    pub min_us: u64,
    /// The average.
    pub mean_us: u64,
    /// Half of them took no longer.
    pub p50_us: u64,
    /// 90 % took no longer.
    pub p90_us: u64,
    /// 99 % took no longer.
    pub p99_us: u64,
    /// 99.9 % took no longer.
    pub p999_us: u64,
    /// The longest.
    pub max_us: u64,
    /// The whole of it: upper end of each bucket that isn't empty, in µs, and how many are in it.
    pub buckets: Vec<(u64, u64)>,
}

/// How long things took.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Latencies {
    /// From when a message was due to its arrival at a member.
    pub delivery: Spread,
    /// From when a message was due to its ack.
    pub ack: Spread,
    /// From the first SYN to `connected`.
    pub connect: Spread,
    /// From `join` to `joined`, without a position.
    pub join: Spread,
    /// From `join` to `joined`, with a position.
    pub resume: Spread,
    /// From losing a session to being back in every room.
    pub away: Spread,
}

/// One second of a run.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Second {
    /// Which, from 0.
    pub at_s: u32,
    /// What was counted in it.
    pub counted: Totals,
    /// Sessions open at its end.
    pub open: u32,
    /// Clients in every room of theirs at its end.
    pub settled: u32,
    /// Messages without an ack at its end.
    pub waiting: u32,
    /// Of messages that arrived in it: half took no longer, in µs; none if nothing arrived.
    pub p50_us: Option<u64>,
    /// Likewise 99 %.
    pub p99_us: Option<u64>,
    /// The longest.
    pub max_us: Option<u64>,
    /// Sessions open at its end on each node, in the order of [`Outcome::nodes`]. Shorter where nodes were
    /// met later.
    pub by_node: Vec<u32>,
}

/// A fault and what it did to clients.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct FaultOutcome {
    /// As in the plan.
    pub name: String,
    /// When it began, in ms.
    pub began_ms: u64,
    /// When it was over, in ms.
    pub ended_ms: u64,
    /// What is expected of it, in words.
    pub expects: String,
    /// Sessions that ended because of it.
    pub cut: u64,
    /// When 99 % of these clients were back in every room, in ms since it began; none if nobody was cut.
    pub back_p99_ms: Option<u64>,
    /// The longest time without any ack, in ms.
    pub silence_ms: u64,
    /// What was not as expected, in words; empty if all was.
    pub failures: Vec<String>,
}

/// One rate of `saturate`.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct StepOutcome {
    /// Messages a second that were due.
    pub rate: u64,
    /// Messages a second that were acked.
    pub acked: u64,
    /// Deliveries a second.
    pub delivered: u64,
    /// Half took no longer, in µs.
    pub p50_us: u64,
    /// 99 % took no longer, in µs.
    pub p99_us: u64,
    /// Whether the cluster kept up.
    pub is_kept: bool,
}

/// A node, as clients saw it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct NodeOutcome {
    /// As `connected` names it.
    pub name: String,
    /// Sessions it opened.
    pub sessions: u64,
    /// Messages it delivered.
    pub delivered: u64,
    /// How long from due to arrival, half of them, in µs.
    pub p50_us: u64,
    /// Likewise 99 %.
    pub p99_us: u64,
}

/// What a server's process cost while messages were sent.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ServerCost {
    /// As it was named.
    pub name: String,
    /// Its process, the last one where it was started anew.
    pub pid: u32,
    /// Time on the processors, user and system, in µs.
    pub cpu_us: u64,
    /// The same for each delivery of the whole cluster, in ns.
    pub cpu_ns_per_delivery: Option<u64>,
    /// Resident memory before anybody connected, in bytes.
    pub idle_bytes: u64,
    /// Resident memory at its highest, in bytes.
    pub peak_bytes: u64,
    /// What each session of this node added once all were in and nobody talked, in bytes.
    pub bytes_per_session: Option<u64>,
}

/// Something that was expected of the run.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Expectation {
    /// What, in words.
    pub what: String,
    /// What it was, in words.
    pub measured: String,
    /// Whether it came about.
    pub is_met: bool,
}
