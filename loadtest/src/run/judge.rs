//! What a run comes to: its figures, what faults did, what was expected of it, and the audit's verdict.

use super::effects::{Happened, effects};
use super::told::Told;
use crate::audit::verdict::Verdict;
use crate::expect::Expect;
use crate::outcome::{Expectation, Outcome, RunFacts};
use crate::script::{Script, Talk};

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

/// How long a cluster has until all is well again.
const CALM_MS: u64 = 10_000;
/// How old what is known of it may be.
const NEWS_MS: u64 = 3_000;

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
    all.push(answered(told));
    all.extend(calm_in_time(script, told));
    all.extend(looked_up(told));
    all.extend(cut_without_cause(script, told));
    all.push(own_work(told));
    all.extend(script.expects.iter().map(|expect| expected(*expect, told)));
    all
}

/// Words that are never answered, or refused for good, break no promise of delivery; they are lost on people
/// all the same.
fn answered(told: &Told) -> Expectation {
    let totals = &told.figures.totals;
    let sent = totals.due.saturating_sub(totals.held_back);
    let open = sent.saturating_sub(totals.acked);
    Expectation {
        what: "every message is acked in the end".into(),
        measured: format!("{open} of {sent} are not"),
        is_met: open == 0,
    }
}

/// At rest nothing is wrong any more even if it took long until then; a cluster has ten seconds.
fn calm_in_time(script: &Script, told: &Told) -> Option<Expectation> {
    if matches!(script.talk, Talk::Steps { .. }) {
        return None;
    }
    let max_ms = CALM_MS + NEWS_MS;
    Some(Expectation {
        what:
            "within 10 s of the last fault and the last new word all are back and all is answered"
                .into(),
        measured: format!("after {} ms, known to within {NEWS_MS} ms", told.calm_ms),
        is_met: told.calm_ms <= max_ms,
    })
}

/// A question that is not answered leaves nothing in the ledger of which an audit could complain.
fn looked_up(told: &Told) -> Option<Expectation> {
    (told.restless > 0).then(|| Expectation {
        what: "at rest all clients are told who is there and what the logs hold".into(),
        measured: format!("{} were not", told.restless),
        is_met: false,
    })
}

/// Who comes back loses nothing, so the audit is content with sessions that are cut for no reason. Once a
/// fault may cut, nobody can tell any more why one was; and rates that rise without end may cost sessions.
fn cut_without_cause(script: &Script, told: &Told) -> Option<Expectation> {
    if matches!(script.talk, Talk::Steps { .. }) {
        return None;
    }
    let may_cut = |one: &&Happened| one.fault.expects().cuts;
    let happened = told.happened.iter().filter(may_cut);
    let until_us = happened.map(|one| one.began_us).min().unwrap_or(u64::MAX);
    let aways = told.figures.aways.iter();
    let cut = aways.filter(|away| away.lost_us < until_us).count();
    (cut > 0).then(|| Expectation {
        what: "no session is cut before a fault may cut any".into(),
        measured: format!("{cut} were"),
        is_met: false,
    })
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

#[cfg(test)]
mod tests {
    use super::{Script, Told, expectations};
    use crate::run::effects::Happened;
    use crate::scenario::{Scenario, Setting};
    use crate::settings::Settings;
    use crate::worker::tally::{Away, News};

    fn script(scenario: Scenario) -> Script {
        let given = Setting {
            run: "r".into(),
            targets: vec!["ws://127.0.0.1:1".into()],
            nodes: Vec::new(),
            tokens: Vec::new(),
        };
        scenario.script(&Settings::default(), given).unwrap()
    }

    /// What is told of a run in which all is well but for what `change` does.
    fn unmet(scenario: Scenario, change: impl FnOnce(&mut Told)) -> Vec<String> {
        let script = script(scenario);
        let mut told = Told {
            settled: script.load.clients,
            ..Told::default()
        };
        change(&mut told);
        let all = expectations(&script, &told);
        let unmet = all.into_iter().filter(|one| !one.is_met);
        unmet.map(|one| one.measured).collect()
    }

    #[test]
    fn words_that_were_said_and_never_acked_are_not_well() {
        let said = |acked| {
            move |told: &mut Told| {
                let totals = &mut told.figures.totals;
                (totals.due, totals.held_back, totals.acked) = (12, 2, acked);
            }
        };
        assert!(unmet(Scenario::Chatter, said(10)).is_empty());
        assert_eq!(unmet(Scenario::Chatter, said(7)), ["3 of 10 are not"]);
    }

    #[test]
    fn questions_that_nobody_answered_are_not_well() {
        let unanswered = |told: &mut Told| told.restless = 3;
        assert_eq!(unmet(Scenario::Chatter, unanswered), ["3 were not"]);
    }

    #[test]
    fn a_load_that_waited_for_its_own_ledgers_is_not_well() {
        let waited = |by_process: [u64; 2]| {
            move |told: &mut Told| {
                told.took_us = 1_000_000;
                for (process, ledger_waits_us) in by_process.into_iter().enumerate() {
                    // Told in all, each time anew.
                    for ledger_waits_us in [ledger_waits_us / 2, ledger_waits_us] {
                        let news = News {
                            ledger_waits_us,
                            ..News::default()
                        };
                        told.figures.add(process, news);
                    }
                }
            }
        };
        assert!(unmet(Scenario::Chatter, waited([6_000, 4_000])).is_empty());
        let too_long = unmet(Scenario::Chatter, waited([6_000, 5_000]));
        assert_eq!(too_long, ["11 ms of 1000 ms"]);
    }

    #[test]
    fn a_session_that_is_cut_while_nothing_is_wrong_is_not_well() {
        let cut = |told: &mut Told| {
            let (lost_us, back_us) = (5, Some(6));
            told.figures.aways.push(Away {
                by_us: false,
                lost_us,
                back_us,
            });
        };
        let fault = |told: &mut Told, text: &str| {
            told.happened.push(Happened {
                index: 0,
                fault: text.parse().unwrap(),
                began_us: 4,
                ended_us: Some(4),
                failed: None,
            });
        };
        assert_eq!(unmet(Scenario::Chatter, cut), ["1 were"]);
        let spared = |told: &mut Told| {
            cut(told);
            fault(told, "cut-feed@1s");
        };
        assert_eq!(unmet(Scenario::Chatter, spared), ["1 were"]);
        let excused = |told: &mut Told| {
            cut(told);
            fault(told, "kill:a@1s");
        };
        assert!(unmet(Scenario::Chatter, excused).is_empty());
        assert!(unmet(Scenario::Saturate, cut).is_empty(), "it was too much");
    }
}
