//! What a run comes to: its figures, what faults did, what was expected of it, and the audit's verdict.

use super::effects::effects;
use super::told::Told;
use crate::audit::verdict::Verdict;
use crate::expect::Expect;
use crate::outcome::{Expectation, Outcome, RunFacts};
use crate::script::Script;

pub(super) fn outcome(script: &Script, run: RunFacts, told: Told, audit: Verdict) -> Outcome {
    let expectations = expectations(script, &told);
    let Told {
        figures,
        costs,
        happened,
        steps,
        hushed_us,
        ..
    } = told;
    let faults = effects(&happened, &figures.aways, &figures.ack_slots, hushed_us);
    Outcome {
        run,
        totals: figures.totals,
        latency: figures.latencies(),
        nodes: figures.nodes(),
        servers: costs.outcome(figures.totals.delivered),
        seconds: figures.seconds,
        faults,
        steps,
        expectations,
        audit,
    }
}

fn expectations(script: &Script, told: &Told) -> Vec<Expectation> {
    let figures = &told.figures;
    let clients = script.load.clients;
    let mut all = vec![Expectation {
        what: "all clients are in all their rooms at the end".into(),
        measured: format!("{} of {clients}", told.settled),
        is_met: told.settled >= clients,
    }];
    if figures.unreadable > 0 {
        all.push(Expectation {
            what: "every frame can be read".into(),
            measured: format!("{} could not", figures.unreadable),
            is_met: false,
        });
    }
    for why in &figures.stopped {
        all.push(Expectation {
            what: "no client is sent away for good".into(),
            measured: why.clone(),
            is_met: false,
        });
    }
    all.push(own_work(told));
    all.extend(script.expects.iter().map(|expect| expected(*expect, told)));
    all
}

/// A load that waits for its own ledger is no open loop.
fn own_work(told: &Told) -> Expectation {
    let waited_us = told.figures.ledger_waits_us();
    Expectation {
        what: "the load isn't held up by its own ledger for 1 % of the run".into(),
        measured: format!("{} ms of {} ms", waited_us / 1_000, told.took_us / 1_000),
        is_met: waited_us * 100 <= told.took_us,
    }
}

fn expected(expect: Expect, told: &Told) -> Expectation {
    match expect {
        Expect::OthersDontNotice { factor, us_max } => {
            let p99 = |stretch: &Option<_>| {
                let stretch: &super::figures::Stretch = stretch.as_ref()?;
                Some(stretch.quantile_us(0.99))
            };
            let (calm, slow) = (p99(&told.calm), p99(&told.slow));
            let (measured, is_met) = match (calm, slow) {
                (Some(calm), Some(slow)) => (
                    format!("p99 {calm} µs before, {slow} µs meanwhile"),
                    slow <= us_max || slow as f64 <= calm as f64 * factor,
                ),
                _ => ("nobody stopped reading".into(), false),
            };
            Expectation {
                what: format!(
                    "while some don't read, p99 of the others stays below {factor} times what it was, or below {us_max} µs"
                ),
                measured,
                is_met,
            }
        }
        Expect::MemoryIsFlat { factor } => {
            let growth = told.costs.growth();
            Expectation {
                what: format!(
                    "in the last quarter servers hold at most {factor} times the memory of the second"
                ),
                measured: growth.map_or_else(
                    || "no process was watched".into(),
                    |growth| format!("{growth:.3} times"),
                ),
                is_met: growth.is_some_and(|growth| growth <= factor),
            }
        }
        Expect::HalfOpenAreEnded => {
            let (ended, open) = (told.figures.lay_ended, told.figures.lay_open);
            Expectation {
                what: "connections that clients let lie are ended by the server".into(),
                measured: format!("{ended} ended, {open} still open"),
                is_met: ended > 0 && open == 0,
            }
        }
        Expect::SlowOnesFeelIt => {
            let totals = &told.figures.totals;
            Expectation {
                what: "who doesn't read is told a gap, refilled or cut".into(),
                measured: format!("{} gaps, {} sessions cut", totals.gaps, totals.cut),
                is_met: totals.gaps + totals.cut > 0,
            }
        }
        Expect::Offered { share } => {
            let totals = &told.figures.totals;
            let acked = totals.acked as f64 / totals.due.max(1) as f64;
            Expectation {
                what: format!("at least {:.1} % of what was due is acked", share * 100.0),
                measured: format!("{:.2} % of {}", acked * 100.0, totals.due),
                // Where nothing was due nothing is broken; the audit says that nothing is proven.
                is_met: totals.due == 0 || acked >= share,
            }
        }
    }
}
