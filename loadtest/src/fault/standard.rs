//! The standard faults, each as an act of its own.
//!
//! Data only. The sizes suit two cores that also run the cluster; nothing here is a limit.

use std::time::Duration;

use super::Fault;
use super::deed::Deed;
use super::plan::random;
use crate::expect::Expect;

/// When an act's fault begins: late enough for a calm stretch to compare with.
const AT: Duration = Duration::from_secs(8);
/// What follows the longest fault: coming back, and a calm stretch.
const AFTER: Duration = Duration::from_secs(15);

/// How long slow readers don't read: longer than a session may be stuck.
const SLOW: Duration = Duration::from_secs(20);

/// A run of the load with its faults.
#[derive(Clone, PartialEq, Debug)]
pub struct Act {
    /// As shown, and as chosen by.
    pub name: &'static str,
    /// What is done, usually one thing.
    pub faults: Vec<Fault>,
    /// Clients of the load.
    pub clients: u32,
    /// Rooms they talk in.
    pub rooms: u32,
    /// How unlike rooms are in size; none for as unlike as usual.
    pub zipf: Option<f64>,
    /// Messages a second of all of them together.
    pub rate: u32,
    /// Bytes of each message beyond what names it; none for as many as usual.
    pub bytes: Option<usize>,
    /// How long they talk.
    pub lasts: Duration,
    /// What must hold beside the audit and what each fault expects.
    pub expects: Vec<Expect>,
}

/// The standard acts for a cluster of these nodes; what needs a node takes them in turn.
pub fn standard(nodes: &[String]) -> Vec<Act> {
    let mut turn = nodes.iter().cycle();
    let mut node = || turn.next().cloned().unwrap_or_else(|| "gateway-1".into());
    let deeds = [
        ("kill", Deed::Kill { node: node() }),
        ("drain", Deed::Drain { node: node() }),
        ("stop", Deed::Stop { node: node() }),
        ("cut-feed", Deed::CutFeed),
        ("cut-commands", Deed::CutCommands),
        ("redis-restart", Deed::RedisRestart),
        ("redis-flush", Deed::RedisFlush),
        ("redis-full", Deed::RedisFull),
        ("redis-stop", Deed::RedisStop),
        ("slow-readers", Deed::SlowReaders { clients: 50 }),
        ("half-open", Deed::HalfOpen { clients: 50 }),
        ("starve", Deed::Starve { node: node() }),
        ("reconnect", Deed::Reconnect),
    ];
    deeds
        .into_iter()
        .map(|(name, deed)| act(name, deed))
        .collect()
}

/// A few faults in one act: what a change of the code must not break.
pub fn short(nodes: &[String]) -> Act {
    let node = |index: usize| nodes[index % nodes.len().max(1)].clone();
    let deeds = [
        Deed::Kill { node: node(0) },
        Deed::CutFeed,
        Deed::RedisRestart,
        Deed::HalfOpen { clients: 10 },
        Deed::Drain { node: node(1) },
        Deed::Reconnect,
    ];
    let mut at = Duration::from_secs(3);
    let mut faults = Vec::new();
    for deed in deeds {
        let takes = takes(&deed);
        faults.push(Fault::usual(deed, at));
        at += takes + Duration::from_secs(3);
    }
    Act {
        name: "short",
        faults,
        clients: 90,
        rooms: 12,
        zipf: None,
        rate: 60,
        bytes: None,
        lasts: at,
        expects: Vec::new(),
    }
}

/// Faults at random for as long as a million messages take, with ten deliveries each.
pub fn all_at_once(nodes: &[String], seed: u64) -> Act {
    let lasts = Duration::from_secs(900);
    Act {
        name: "all-at-once",
        faults: random(seed, lasts, nodes, 40),
        clients: 600,
        rooms: 200,
        zipf: Some(0.5),
        rate: 1_200,
        bytes: None,
        lasts,
        expects: Vec::new(),
    }
}

/// How long a fault takes with what it brings about.
fn takes(deed: &Deed) -> Duration {
    match deed {
        // Its window.
        Deed::Drain { .. } => Duration::from_secs(10),
        // The way back of so many.
        Deed::Reconnect => Duration::from_secs(16),
        _ => deed.usual_length(),
    }
}

fn act(name: &'static str, deed: Deed) -> Act {
    let takes = takes(&deed);
    let act = Act {
        name,
        clients: 300,
        rooms: 30,
        zipf: None,
        rate: 200,
        bytes: None,
        lasts: AT + takes + AFTER,
        expects: expects(&deed),
        faults: vec![Fault::usual(deed, AT)],
    };
    match act.faults[0].deed {
        // Enough that what isn't read fills more than the systems' buffers, for long enough.
        Deed::SlowReaders { .. } => Act {
            rate: 60,
            bytes: Some(8_000),
            lasts: AT + SLOW + AFTER,
            faults: vec![Fault::new(act.faults[0].deed.clone(), AT, SLOW)],
            ..act
        },
        _ => act,
    }
}

fn expects(deed: &Deed) -> Vec<Expect> {
    match deed {
        Deed::SlowReaders { .. } => vec![
            Expect::SlowOnesFeelIt,
            Expect::OthersDontNotice {
                factor: 3.0,
                us_max: 250_000,
            },
        ],
        Deed::HalfOpen { .. } => vec![Expect::HalfOpenAreEnded],
        _ => Vec::new(),
    }
}
