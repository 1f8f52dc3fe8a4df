//! What a process counts, second by second, for whoever watches the run.
//!
//! Keeps true: nothing here is proof; that is the ledger's. A latency beyond two minutes counts as two
//! minutes, and histograms are right to one part in a hundred.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::outcome::Totals;

/// The longest time that is told apart, in µs.
const LONGEST_US: u64 = 120_000_000;
/// Acks are marked by the tenth of a second in which they came.
pub const SLOT_US: u64 = 100_000;

/// Times and how often each came: the upper end of a bucket in µs, and a count.
pub type Counts = Vec<(u64, u64)>;

/// A client that lost its session, and came back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Away {
    /// Whether the client was told to go, by a fault that the load does itself.
    pub by_us: bool,
    /// When its session ended, in µs of the run.
    pub lost_us: u64,
    /// When it was back in every room; none while it isn't.
    pub back_us: Option<u64>,
}

/// What a node did in a second.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct NodeNews {
    /// As `connected` names it.
    pub name: String,
    /// Sessions that it opened.
    pub opened: u64,
    /// Sessions that are open.
    pub open: u32,
    /// Times from due to arrival.
    pub delivery: Counts,
}

/// What a process did in a second.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct News {
    /// What was counted.
    pub counted: Totals,
    /// Frames that no server of this wire sends.
    pub unreadable: u64,
    /// Connections that had been let lie and that the server had ended when they were looked at again.
    pub lay_ended: u64,
    /// Those that it held to be alive.
    pub lay_open: u64,
    /// Sessions that are open.
    pub open: u32,
    /// Clients in all their rooms.
    pub settled: u32,
    /// Messages without an ack.
    pub waiting: u32,
    /// Clients who have yet to look up what they were to at rest.
    pub restless: u32,
    /// Nodes that did anything.
    pub nodes: Vec<NodeNews>,
    /// From due to ack.
    pub ack: Counts,
    /// From the first SYN to `connected`.
    pub connect: Counts,
    /// From `join` to `joined`.
    pub join: Counts,
    /// The same from a position.
    pub resume: Counts,
    /// Who came back.
    pub aways: Vec<Away>,
    /// In which tenths of seconds of the run acks came.
    pub ack_slots: Vec<u64>,
    /// Clients that stopped for good.
    pub gone: u32,
    /// Why; the first few.
    pub stopped: Vec<String>,
    /// Why somebody could not connect last.
    pub rebuff: Option<String>,
    /// How long the load has waited for its ledger in all, in µs.
    pub ledger_waits_us: u64,
}

/// Times of one kind.
struct Times(Histogram<u64>);

impl Default for Times {
    fn default() -> Self {
        let bounds = Histogram::new_with_bounds(1, LONGEST_US, 2);
        Self(bounds.expect("the bounds are fixed and fit"))
    }
}

impl Times {
    fn add(&mut self, us: u64) {
        self.0.saturating_record(us.max(1));
    }

    fn take(&mut self) -> Counts {
        let counts = self.0.iter_recorded();
        let counts = counts
            .map(|step| (step.value_iterated_to(), step.count_since_last_iteration()))
            .collect();
        self.0.reset();
        counts
    }
}

/// A node by its number in the tally.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct NodeNumber(usize);

#[derive(Default)]
struct OneNode {
    name: String,
    opened: u64,
    open: u32,
    delivery: Times,
}

/// What a process counts.
#[derive(Default)]
pub(crate) struct Tally {
    /// Counts that need no more than adding.
    pub(crate) counted: Totals,
    pub(crate) unreadable: u64,
    lay_ended: u64,
    lay_open: u64,
    pub(crate) open: u32,
    pub(crate) settled: u32,
    pub(crate) waiting: u32,
    pub(crate) restless: u32,
    nodes: Vec<OneNode>,
    by_name: BTreeMap<String, usize>,
    ack: Times,
    connect: Times,
    join: Times,
    resume: Times,
    aways: Vec<Away>,
    ack_slots: Vec<u64>,
    gone: u32,
    stopped: Vec<String>,
    rebuff: Option<String>,
}

/// Reasons shown of those who stopped.
const STOPPED_SHOWN_MAX: usize = 8;

impl Tally {
    pub(crate) fn opened(&mut self, node: &str, connect_us: u64) -> NodeNumber {
        let next = self.nodes.len();
        let number = *self.by_name.entry(node.into()).or_insert(next);
        if number == next {
            self.nodes.push(OneNode {
                name: node.into(),
                ..OneNode::default()
            });
        }
        self.nodes[number].opened += 1;
        self.nodes[number].open += 1;
        self.open += 1;
        self.counted.opened += 1;
        self.connect.add(connect_us);
        NodeNumber(number)
    }

    pub(crate) fn closed(&mut self, node: NodeNumber) {
        let open = &mut self.nodes[node.0].open;
        *open = open.saturating_sub(1);
        self.open = self.open.saturating_sub(1);
    }

    pub(crate) fn joined(&mut self, us: u64, is_resume: bool) {
        if is_resume {
            self.counted.resumed += 1;
            self.resume.add(us);
        } else {
            self.join.add(us);
        }
    }

    pub(crate) fn delivered(&mut self, node: NodeNumber, late_us: Option<u64>) {
        self.counted.delivered += 1;
        if let Some(us) = late_us {
            self.nodes[node.0].delivery.add(us);
        }
    }

    pub(crate) fn acked(&mut self, at_us: u64, late_us: u64) {
        self.counted.acked += 1;
        self.ack.add(late_us);
        let slot = at_us / SLOT_US;
        if self.ack_slots.last() != Some(&slot) {
            self.ack_slots.push(slot);
        }
    }

    pub(crate) fn back(&mut self, away: Away) {
        self.aways.push(away);
    }

    /// A connection that was let lie was looked at again.
    pub(crate) fn rose(&mut self, was_ended: bool) {
        self.lay_ended += u64::from(was_ended);
        self.lay_open += u64::from(!was_ended);
    }

    /// An attempt to connect came to nothing.
    pub(crate) fn turned_away(&mut self, why: String) {
        self.counted.turned_away += 1;
        self.rebuff = Some(why);
    }

    pub(crate) fn stopped(&mut self, why: String) {
        self.gone += 1;
        if self.stopped.len() < STOPPED_SHOWN_MAX {
            self.stopped.push(why);
        }
    }

    /// What was counted since this was asked last; with it what is counted elsewhere: bytes in and out
    /// since then, and how long the load has waited for its ledger in all, in µs.
    pub(crate) fn take(&mut self, traffic: (u64, u64), ledger_waits_us: u64) -> News {
        (self.counted.bytes_in, self.counted.bytes_out) = traffic;
        let node = |node: &mut OneNode| NodeNews {
            name: node.name.clone(),
            opened: std::mem::take(&mut node.opened),
            open: node.open,
            delivery: node.delivery.take(),
        };
        News {
            counted: std::mem::take(&mut self.counted),
            unreadable: std::mem::take(&mut self.unreadable),
            lay_ended: std::mem::take(&mut self.lay_ended),
            lay_open: std::mem::take(&mut self.lay_open),
            open: self.open,
            settled: self.settled,
            waiting: self.waiting,
            restless: self.restless,
            nodes: self.nodes.iter_mut().map(node).collect(),
            ack: self.ack.take(),
            connect: self.connect.take(),
            join: self.join.take(),
            resume: self.resume.take(),
            aways: std::mem::take(&mut self.aways),
            ack_slots: std::mem::take(&mut self.ack_slots),
            gone: std::mem::take(&mut self.gone),
            stopped: std::mem::take(&mut self.stopped),
            rebuff: self.rebuff.take(),
            ledger_waits_us,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{SLOT_US, Tally};

    #[test]
    fn what_was_told_is_not_told_again() {
        let mut tally = Tally::default();
        let node = tally.opened("a", 500);
        tally.delivered(node, Some(1_000));
        tally.delivered(node, None);
        tally.acked(SLOT_US, 10);
        tally.acked(SLOT_US + 1, u64::MAX);
        let news = tally.take((3, 4), 5);
        assert_eq!((news.counted.bytes_in, news.counted.bytes_out), (3, 4));
        assert_eq!(news.ledger_waits_us, 5);
        assert_eq!((news.counted.delivered, news.counted.acked), (2, 2));
        assert_eq!(news.ack_slots, [1]);
        assert_eq!(news.nodes[0].delivery.len(), 1);
        assert_eq!(news.ack.len(), 2);
        let again = tally.take((0, 0), 0);
        assert_eq!(again.counted.delivered, 0);
        assert!(again.ack.is_empty() && again.nodes[0].delivery.is_empty());
        assert_eq!((again.open, again.nodes[0].open), (1, 1));
        tally.closed(node);
        assert_eq!(tally.take((0, 0), 0).open, 0);
    }
}
