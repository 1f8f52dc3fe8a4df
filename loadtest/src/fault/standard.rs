//! The standard faults, each as an act of its own.
//!
//! Data only. The sizes suit two cores that also run the cluster; nothing here is a limit.

use std::time::Duration;

use super::Fault;
use super::deed::Deed;

/// When an act's fault begins: late enough for a calm stretch to compare with.
const AT: Duration = Duration::from_secs(8);
/// What follows the longest fault: coming back, and a calm stretch.
const AFTER: Duration = Duration::from_secs(15);

/// A run of the load with its faults.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Act {
    /// As shown, and as chosen by.
    pub name: &'static str,
    /// What is done, usually one thing.
    pub faults: Vec<Fault>,
    /// Clients of the load.
    pub clients: u32,
    /// Rooms they talk in.
    pub rooms: u32,
    /// Messages a second of all of them together.
    pub rate: u32,
    /// How long they talk.
    pub lasts: Duration,
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

fn act(name: &'static str, deed: Deed) -> Act {
    let takes = match deed {
        // Its window.
        Deed::Drain { .. } => Duration::from_secs(10),
        // The way back of so many.
        Deed::Reconnect => Duration::from_secs(20),
        _ => deed.usual_length(),
    };
    Act {
        name,
        faults: vec![Fault::usual(deed, AT)],
        clients: 300,
        rooms: 30,
        rate: 200,
        lasts: AT + takes + AFTER,
    }
}
