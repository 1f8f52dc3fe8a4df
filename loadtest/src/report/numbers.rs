//! The numbers that the page's script draws.

use serde::Serialize;

use super::series::Series;
use crate::figures::kept;
use crate::outcome::{Outcome, Spread, StepOutcome};

/// All of them. The script reads these names.
#[derive(Serialize)]
pub(super) struct Numbers<'a> {
    took_s: f64,
    clients: u32,
    series: Series,
    faults: Vec<Band<'a>>,
    nodes: Vec<&'a str>,
    spreads: Vec<Named<'a>>,
    steps: &'a [StepOutcome],
    /// The highest rate that was kept up with, and all below it.
    kept: Option<u64>,
}

/// A fault on the timeline.
#[derive(Serialize)]
struct Band<'a> {
    name: &'a str,
    from_s: f64,
    to_s: f64,
    /// Until 99 % of those who were cut were back.
    back_s: Option<f64>,
}

/// A distribution.
#[derive(Serialize)]
struct Named<'a> {
    name: &'a str,
    spread: &'a Spread,
}

impl<'a> Numbers<'a> {
    pub(super) fn of(outcome: &'a Outcome) -> Self {
        let latency = &outcome.latency;
        let spreads = [
            ("delivery", &latency.delivery),
            ("ack", &latency.ack),
            ("connect", &latency.connect),
            ("join", &latency.join),
            ("resume", &latency.resume),
            ("away", &latency.away),
        ];
        let spreads = spreads.into_iter().filter(|(_, spread)| spread.count > 0);
        let seconds = |ms: u64| ms as f64 / 1e3;
        let faults = outcome.faults.iter().map(|fault| Band {
            name: &fault.name,
            from_s: seconds(fault.began_ms),
            to_s: seconds(fault.ended_ms.max(fault.began_ms)),
            back_s: (fault.back_p99_ms).map(|back_ms| seconds(fault.began_ms + back_ms)),
        });
        Self {
            took_s: seconds(outcome.run.took_ms),
            clients: outcome.run.clients,
            series: Series::of(&outcome.seconds),
            faults: faults.collect(),
            nodes: outcome
                .nodes
                .iter()
                .map(|node| node.name.as_str())
                .collect(),
            spreads: spreads
                .map(|(name, spread)| Named { name, spread })
                .collect(),
            steps: &outcome.steps,
            kept: kept(&outcome.steps).map(|step| step.rate),
        }
    }
}
