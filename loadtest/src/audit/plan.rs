//! What a run was meant to be: what it must show to prove anything, and what the cluster was set to.

use super::check::Check;

/// What the audit goes by. Times in microseconds.
#[derive(Clone, PartialEq, Debug)]
pub struct Plan {
    /// Acked messages below which a run proves nothing.
    pub acked_min: u64,
    /// Deliveries below which a run proves nothing.
    pub deliveries_min: u64,
    /// How many faults were planned; each must have begun and ended.
    pub faults: u64,
    /// Resumes from a position below which a run proves nothing.
    pub resumes_min: u64,
    /// Sessions that must be open at rest.
    pub live_at_rest_min: u64,
    /// Whether some client must have been in two rooms at once.
    pub two_rooms: bool,
    /// Checks that must have had a case.
    pub tried: Vec<Check>,
    /// How long after the last fault and the last word rest may be declared.
    pub settle_us: u64,
    /// How long the cluster remembers a key. Tries further apart are not judged.
    pub key_window_us: u64,
    /// How many messages a room's log keeps at the least; none where it isn't known. A gap may then only
    /// cover what lies further back than that.
    pub history_messages: Option<u64>,
    /// How much memory one pass may take, by estimate.
    pub memory_bytes: u64,
}

impl Default for Plan {
    /// A calm run: no faults, no resumes; the cluster as it is set by default.
    fn default() -> Self {
        Self {
            acked_min: 1,
            deliveries_min: 1,
            faults: 0,
            resumes_min: 0,
            live_at_rest_min: 1,
            two_rooms: true,
            tried: vec![
                Check::OneMessagePerPosition,
                Check::NoSilentHole,
                Check::AckedIsKept,
                Check::AckAgrees,
                Check::NothingFromNowhere,
                Check::Convergence,
                Check::LogIsWhole,
            ],
            settle_us: 10_000_000,
            key_window_us: 300_000_000,
            history_messages: None,
            memory_bytes: 1 << 30,
        }
    }
}
