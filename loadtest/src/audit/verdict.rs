//! What the audit says in the end, as a value that becomes JSON or a table.

use serde::Serialize;

use super::check::Check;
use super::faults::Faults;
use super::tally::Tally;

/// In one word.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Every check was kept, and the run proves it.
    Passed,
    /// At least one violation.
    Failed,
    /// No violation, but the run is not what was planned, so it proves nothing.
    Inconclusive,
}

/// What one check found.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Checked {
    /// Which.
    pub check: Check,
    /// What it asks, in words.
    pub asks: &'static str,
    /// How many cases were looked at.
    pub cases: u64,
    /// How many were wrong.
    pub violations: u64,
    /// The first few, in words.
    pub first: Vec<String>,
}

/// What a run lacks to prove anything.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Missing {
    /// The requirement's name.
    pub requirement: &'static str,
    /// What was wanted, and what there is.
    pub why: String,
}

/// A fault that happened. Times in µs since the run began.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct FaultSeen {
    /// As in the plan.
    pub name: String,
    /// When it began.
    pub began_us: u64,
    /// When it was over; none where nobody said so.
    pub ended_us: Option<u64>,
}

/// What the run was, in numbers.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Facts {
    /// Files.
    pub ledgers: u64,
    /// Records in all of them.
    pub records: u64,
    /// From the first record to the last, in µs.
    pub run_us: u64,
    /// Rooms that anybody spoke of.
    pub rooms: u64,
    /// Clients.
    pub clients: u64,
    /// Sessions that were opened.
    pub sessions: u64,
    /// Sessions that were open at rest.
    pub live_at_rest: u64,
    /// Sessions that the server closed, or whose line broke.
    pub cut: u64,
    /// Most rooms that one session joined.
    pub rooms_of_a_session: u64,
    /// Rooms joined, without a position to come back from.
    pub joins: u64,
    /// Rooms joined from a position.
    pub resumes: u64,
    /// Times that something was sent, retries included.
    pub sent: u64,
    /// Acks.
    pub acks: u64,
    /// Acks of what had been said before.
    pub duplicates: u64,
    /// Refusals of messages.
    pub refused: u64,
    /// Tries that were never answered.
    pub unanswered: u64,
    /// Messages that sessions received.
    pub deliveries: u64,
    /// Gaps that were told.
    pub gaps: u64,
    /// New epochs of rooms, beyond the first that was seen.
    pub epochs_begun: u64,
    /// Acked messages.
    pub acked: u64,
    /// Acked messages that the store forgot where a fault let it.
    pub forgotten: u64,
    /// Acked messages that nobody was there to see and that the log no longer reaches.
    pub unprovable: u64,
    /// Messages of clients whose ledger was cut short, which it doesn't say were sent.
    pub unwritten: u64,
    /// Rooms in which something was said and whose log was not read at the end.
    pub rooms_unread: u64,
}

impl Facts {
    /// Adds what a pass found.
    pub(super) fn add(&mut self, pass: &Self) {
        self.epochs_begun += pass.epochs_begun;
        self.acked += pass.acked;
        self.forgotten += pass.forgotten;
        self.unprovable += pass.unprovable;
        self.unwritten += pass.unwritten;
        self.rooms_unread += pass.rooms_unread;
    }
}

/// The audit's last word. Prints as a table; [`Verdict::json`] is for programs.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Verdict {
    /// In one word.
    pub outcome: Outcome,
    /// Each check.
    pub checks: Vec<Checked>,
    /// What the run lacks; empty where it proves something.
    pub missing: Vec<Missing>,
    /// The faults, as they began.
    pub faults: Vec<FaultSeen>,
    /// The run in numbers.
    pub facts: Facts,
}

impl Verdict {
    pub(super) fn new(facts: Facts, faults: &Faults, tally: Tally, missing: Vec<Missing>) -> Self {
        let checked = |check: Check| {
            let count = tally.of(check);
            Checked {
                check,
                asks: check.asks(),
                cases: count.cases,
                violations: count.violations,
                first: count.first,
            }
        };
        let checks: Vec<Checked> = Check::ALL.into_iter().map(checked).collect();
        let outcome = if checks.iter().any(|checked| checked.violations > 0) {
            Outcome::Failed
        } else if missing.is_empty() {
            Outcome::Passed
        } else {
            Outcome::Inconclusive
        };
        let seen = faults.all.values().map(|fault| FaultSeen {
            name: fault.name.clone(),
            began_us: fault.began_us,
            ended_us: fault.ended_us,
        });
        let mut faults: Vec<FaultSeen> = seen.collect();
        faults.sort_by_key(|fault| fault.began_us);
        Self {
            outcome,
            checks,
            missing,
            faults,
            facts,
        }
    }

    /// What a check found.
    pub fn violations(&self, check: Check) -> u64 {
        let of = |checked: &&Checked| checked.check == check;
        self.checks.iter().find(of).map_or(0, |c| c.violations)
    }

    /// The whole of it as JSON, on many lines.
    ///
    /// # Errors
    /// None that this value can cause; the JSON library's signature has one.
    pub fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }
}
