//! What there is to see of a run that is going on, and who sees it.

use crate::outcome::{Second, Totals};

/// A run at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Snapshot<'a> {
    /// What is being done: connecting, load, settling.
    pub phase: &'a str,
    /// Since the run began.
    pub elapsed_ms: u64,
    /// How long it is meant to take; none where nobody knows.
    pub planned_ms: Option<u64>,
    /// Clients that are meant to be there.
    pub clients: u32,
    /// The last whole second.
    pub second: &'a Second,
    /// All so far.
    pub totals: &'a Totals,
    /// Of messages that arrived lately: half took no longer, in µs.
    pub p50_us: Option<u64>,
    /// Likewise 99 %.
    pub p99_us: Option<u64>,
    /// The fault that is on.
    pub fault: Option<&'a str>,
    /// The seconds up to now, the last one at the end. Only the last sixty are looked at.
    pub history: &'a [Second],
}

/// Sees a run go on.
pub trait Watcher: Send {
    /// A second has passed, or a phase has begun.
    fn saw(&mut self, now: &Snapshot<'_>);
}
