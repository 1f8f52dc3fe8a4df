//! The figures of a run as they come in: the second that is under way, and all so far.

use std::collections::{BTreeMap, BTreeSet};

use hdrhistogram::Histogram;

use crate::outcome::{Latencies, NodeOutcome, Second, Spread, Totals};
use crate::worker::tally::{Away, Counts, News};

/// Aways that are kept; of those beyond only how many.
const AWAYS_MAX: usize = 1_000_000;
/// Reasons kept of clients that stopped for good.
const STOPPED_MAX: usize = 20;

/// Times of one kind, from all processes.
#[derive(Clone)]
pub(super) struct Times(Histogram<u64>);

impl Default for Times {
    fn default() -> Self {
        Self(Histogram::new(2).expect("two digits are allowed"))
    }
}

impl Times {
    fn add(&mut self, counts: &Counts) {
        for (us, count) in counts {
            // It grows by itself, so nothing is out of range.
            let _ = self.0.record_n(*us, *count);
        }
    }

    fn quantile(&self, quantile: f64) -> Option<u64> {
        (!self.0.is_empty()).then(|| self.0.value_at_quantile(quantile))
    }

    pub(super) fn spread(&self) -> Spread {
        if self.0.is_empty() {
            return Spread::default();
        }
        let at = |quantile| self.0.value_at_quantile(quantile);
        let buckets = self.0.iter_recorded();
        Spread {
            count: self.0.len(),
            min_us: self.0.min(),
            mean_us: self.0.mean() as u64,
            p50_us: at(0.5),
            p90_us: at(0.9),
            p99_us: at(0.99),
            p999_us: at(0.999),
            max_us: self.0.max(),
            buckets: buckets
                .map(|step| (step.value_iterated_to(), step.count_since_last_iteration()))
                .collect(),
        }
    }
}

#[derive(Default)]
struct OneNode {
    sessions: u64,
    delivery: Times,
}

/// The figures of a run.
#[derive(Default)]
pub(super) struct Figures {
    pub(super) totals: Totals,
    pub(super) seconds: Vec<Second>,
    pub(super) delivery: Times,
    pub(super) aways: Vec<Away>,
    pub(super) ack_slots: BTreeSet<u64>,
    pub(super) unreadable: u64,
    /// Connections that had been let lie: ended by the server, and still open to it.
    pub(super) lay_ended: u64,
    pub(super) lay_open: u64,
    pub(super) stopped: Vec<String>,
    /// Why somebody could not connect last.
    pub(super) rebuff: Option<String>,
    /// How many clients that are.
    pub(super) gone: u32,
    /// Delivery since this was last begun anew: a step of `saturate`, the stretch before a fault.
    pub(super) stretch: Stretch,
    nodes: Vec<(String, OneNode)>,
    ack: Times,
    connect: Times,
    join: Times,
    resume: Times,
    /// The last news of each process, for what is not added up over time.
    latest: BTreeMap<usize, News>,
    second: Second,
    second_delivery: Times,
}

/// A part of the run that is looked at by itself.
#[derive(Clone, Default)]
pub(super) struct Stretch {
    pub(super) counted: Totals,
    pub(super) delivery: Times,
}

impl Figures {
    /// Adds what a process told.
    pub(super) fn add(&mut self, process: usize, news: News) {
        for sum in [
            &mut self.totals,
            &mut self.second.counted,
            &mut self.stretch.counted,
        ] {
            add(sum, &news.counted);
        }
        self.unreadable += news.unreadable;
        self.lay_ended += news.lay_ended;
        self.lay_open += news.lay_open;
        self.gone += news.gone;
        let room = STOPPED_MAX.saturating_sub(self.stopped.len());
        self.stopped.extend(news.stopped.iter().take(room).cloned());
        self.rebuff = news.rebuff.clone().or(self.rebuff.take());
        self.ack.add(&news.ack);
        self.connect.add(&news.connect);
        self.join.add(&news.join);
        self.resume.add(&news.resume);
        for node in &news.nodes {
            let number = self.node(&node.name);
            let one = &mut self.nodes[number].1;
            one.sessions += node.opened;
            one.delivery.add(&node.delivery);
            for times in [
                &mut self.delivery,
                &mut self.second_delivery,
                &mut self.stretch.delivery,
            ] {
                times.add(&node.delivery);
            }
        }
        let room = AWAYS_MAX.saturating_sub(self.aways.len());
        self.aways.extend(news.aways.iter().take(room));
        self.ack_slots.extend(news.ack_slots.iter());
        self.latest.insert(process, news);
    }

    fn node(&mut self, name: &str) -> usize {
        let known = self.nodes.iter().position(|(known, _)| known == name);
        known.unwrap_or_else(|| {
            self.nodes.push((name.into(), OneNode::default()));
            self.nodes.len() - 1
        })
    }

    /// Ends the second that is under way.
    pub(super) fn end_second(&mut self) {
        let mut second = std::mem::take(&mut self.second);
        second.at_s = self.seconds.len() as u32;
        second.open = self.sum(|news| news.open);
        second.settled = self.settled();
        second.waiting = self.waiting();
        let delivery = std::mem::take(&mut self.second_delivery);
        second.p50_us = delivery.quantile(0.5);
        second.p99_us = delivery.quantile(0.99);
        second.max_us = delivery.quantile(1.0);
        second.by_node = vec![0; self.nodes.len()];
        let open = self.latest.values().flat_map(|news| &news.nodes);
        for node in open {
            let number = self.nodes.iter().position(|(name, _)| *name == node.name);
            if let Some(number) = number {
                second.by_node[number] += node.open;
            }
        }
        self.seconds.push(second);
    }

    fn sum(&self, what: impl Fn(&News) -> u32) -> u32 {
        self.latest.values().map(what).sum()
    }

    /// Clients in all their rooms.
    pub(super) fn settled(&self) -> u32 {
        self.sum(|news| news.settled)
    }

    /// Messages without an ack.
    pub(super) fn waiting(&self) -> u32 {
        self.sum(|news| news.waiting)
    }

    /// Clients that still look something up.
    pub(super) fn restless(&self) -> u32 {
        self.sum(|news| news.restless)
    }

    /// Whether each of so many processes has told anything.
    pub(super) fn has_heard(&self, processes: u32) -> bool {
        self.latest.len() >= processes as usize
    }

    /// How long the load waited for its ledgers, in µs.
    pub(super) fn ledger_waits_us(&self) -> u64 {
        self.latest.values().map(|news| news.ledger_waits_us).sum()
    }

    /// Sessions open on each node, by its name.
    pub(super) fn open_by_node(&self) -> BTreeMap<String, u64> {
        let mut open = BTreeMap::new();
        for node in self.latest.values().flat_map(|news| &news.nodes) {
            *open.entry(node.name.clone()).or_default() += u64::from(node.open);
        }
        open
    }

    pub(super) fn nodes(&self) -> Vec<NodeOutcome> {
        let node = |(name, one): &(String, OneNode)| {
            let spread = one.delivery.spread();
            NodeOutcome {
                name: name.clone(),
                sessions: one.sessions,
                delivered: spread.count,
                p50_us: spread.p50_us,
                p99_us: spread.p99_us,
            }
        };
        self.nodes.iter().map(node).collect()
    }

    pub(super) fn latencies(&self) -> Latencies {
        let mut away = Times::default();
        for one in &self.aways {
            if let Some(back_us) = one.back_us {
                away.add(&vec![(back_us.saturating_sub(one.lost_us).max(1), 1)]);
            }
        }
        Latencies {
            delivery: self.delivery.spread(),
            ack: self.ack.spread(),
            connect: self.connect.spread(),
            join: self.join.spread(),
            resume: self.resume.spread(),
            away: away.spread(),
        }
    }
}

impl Stretch {
    pub(super) fn quantile_us(&self, quantile: f64) -> u64 {
        self.delivery.quantile(quantile).unwrap_or(0)
    }
}

fn add(sum: &mut Totals, more: &Totals) {
    let Totals {
        due,
        sent,
        held_back,
        acked,
        refused,
        delivered,
        gaps,
        resumed,
        opened,
        turned_away,
        cut,
        signals,
        bytes_in,
        bytes_out,
    } = more;
    for (sum, more) in [
        (&mut sum.due, due),
        (&mut sum.sent, sent),
        (&mut sum.held_back, held_back),
        (&mut sum.acked, acked),
        (&mut sum.refused, refused),
        (&mut sum.delivered, delivered),
        (&mut sum.gaps, gaps),
        (&mut sum.resumed, resumed),
        (&mut sum.opened, opened),
        (&mut sum.turned_away, turned_away),
        (&mut sum.cut, cut),
        (&mut sum.signals, signals),
        (&mut sum.bytes_in, bytes_in),
        (&mut sum.bytes_out, bytes_out),
    ] {
        *sum += more;
    }
}
