//! What must come about in spite of a fault.
//!
//! The numbers are for a small machine that has other work too. They tell a cluster that recovers from one
//! that doesn't; how fast it is stands in the report.

use std::time::Duration;

use super::deed::Deed;

/// For what a killed or cut-off client goes through: noticing, backing off, connecting, coming into rooms.
const BACK: Duration = Duration::from_secs(10);
/// For nodes to find that Redis is there again.
const RECOVERY: Duration = Duration::from_secs(5);
/// How long a node takes to send its sessions elsewhere unless it is told otherwise.
const DRAIN: Duration = Duration::from_secs(10);
/// For everybody at once.
const HERD: Duration = Duration::from_secs(30);

/// What is expected during a fault, and after it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expects {
    /// All of it in words.
    pub words: String,
    /// When 99 % of those who were cut are back in every room at the latest, in ms since it began.
    pub back_p99_ms_max: Option<u64>,
    /// The longest time in which nobody got an ack, in ms.
    pub silence_ms_max: Option<u64>,
    /// Whether sessions may be cut at all.
    pub cuts: bool,
}

impl Expects {
    /// What is expected of a deed that lasts so long.
    pub(super) fn of(deed: &Deed, lasts: Duration) -> Self {
        let (what, back, silence) = match deed {
            Deed::Kill { .. } => ("its clients go elsewhere", BACK, RECOVERY),
            Deed::Stop { .. } => (
                "its clients go elsewhere or wait for it",
                lasts + BACK,
                lasts + RECOVERY,
            ),
            Deed::Drain { .. } => (
                "its clients are sent elsewhere in time",
                DRAIN + BACK,
                RECOVERY,
            ),
            Deed::Starve { .. } => ("the others go on", lasts + BACK, RECOVERY),
            Deed::CutFeed | Deed::CutCommands => ("the links come back", BACK, RECOVERY),
            Deed::RedisRestart => ("nothing acked is lost", BACK, lasts + RECOVERY),
            Deed::RedisFlush => ("rooms say that they forgot", BACK, RECOVERY),
            Deed::RedisFull => ("senders are told so", BACK, lasts + RECOVERY),
            Deed::RedisStop => ("clients wait for it", BACK, lasts + RECOVERY),
            Deed::Reconnect => ("everybody comes back", HERD, HERD),
            Deed::SlowReaders { .. } => ("nobody else feels it", lasts + BACK, RECOVERY),
            Deed::HalfOpen { .. } => ("nobody else feels it", lasts + BACK, RECOVERY),
            Deed::Run { .. } => ("the cluster recovers", lasts + HERD, lasts + HERD),
        };
        Self::put(what, deed.cost().cuts.then_some(back), silence)
    }

    fn put(what: &str, back: Option<Duration>, silence: Duration) -> Self {
        let cut = match back {
            Some(back) => format!("99 % of those cut back within {} s", back.as_secs()),
            None => "nobody cut".to_owned(),
        };
        let silence_s = silence.as_secs();
        Self {
            words: format!("{what}; {cut}; no silence above {silence_s} s"),
            back_p99_ms_max: back.map(ms),
            silence_ms_max: Some(ms(silence)),
            cuts: back.is_some(),
        }
    }
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
