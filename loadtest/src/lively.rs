//! Outcomes with something to look at, for tests of what shows them: ten minutes, three nodes, six faults.
//!
//! Made up, without dice that change from run to run.

use crate::audit::check::Check;
use crate::audit::verdict::{Checked, Facts, Missing, Outcome as Word, Verdict};
use crate::outcome::{
    Expectation, FaultOutcome, Latencies, NodeOutcome, Outcome, RunFacts, Second, ServerCost,
    Spread, StepOutcome, Totals,
};

const SECONDS: u32 = 600;
const CLIENTS: u32 = 10_000;
const RATE: f64 = 2_000.0;
/// When a fault begins and ends, how long clients need to come back, all in s; what it is; who is cut.
const FAULTS: [(f64, f64, f64, &str, f64); 6] = [
    (75.0, 79.0, 3.2, "kill gateway-2", 0.33),
    (150.0, 152.0, 0.0, "pause redis", 0.0),
    (235.0, 265.0, 1.4, "rolling restart", 1.0),
    (340.0, 350.0, 0.0, "lose 5 % of packets", 0.0),
    (420.0, 420.2, 0.8, "cut 500 lines", 0.05),
    (500.0, 503.0, 2.1, "fail over redis", 0.0),
];

/// A run in which everything held.
pub(crate) fn passed() -> Outcome {
    let mut dice = Dice(7);
    let seconds: Vec<Second> = (0..SECONDS).map(|at_s| second(at_s, &mut dice)).collect();
    let totals = add_up(&seconds);
    Outcome {
        run: run_facts(),
        totals,
        latency: latencies(&totals),
        seconds,
        faults: FAULTS.iter().map(fault).collect(),
        steps: Vec::new(),
        nodes: (1..=3).map(|number| node(number, &totals)).collect(),
        servers: (1..=3).map(server).collect(),
        expectations: vec![
            expectation("delivery p99 below 50 ms outside faults", "12.4 ms"),
            expectation(
                "99 % back in every room within 5 s of a fault's end",
                "3.20 s",
            ),
        ],
        audit: audit(&totals),
    }
}

/// The same one, in which clients were told messages twice.
pub(crate) fn failed() -> Outcome {
    let mut outcome = passed();
    outcome.audit.outcome = Word::Failed;
    for checked in &mut outcome.audit.checks {
        let (violations, words) = match checked.check {
            Check::NoDuplicate => (
                11,
                "client 4711 got seq 812 of room-17 twice, 0.412 s after kill gateway-2",
            ),
            Check::PresenceAtRest => (
                1,
                "room-3 is told to hold user-99, who has no session there",
            ),
            _ => continue,
        };
        checked.violations = violations;
        checked.first = vec![words.into(); violations.min(3) as usize];
    }
    outcome.expectations[1].is_met = false;
    outcome.expectations[1].measured = "7.84 s".into();
    outcome.faults[2].failures = vec!["99 % were back after 7.84 s, not within 5 s".into()];
    outcome
}

/// The same one, of which a fault never happened.
pub(crate) fn inconclusive() -> Outcome {
    let mut outcome = passed();
    outcome.audit.outcome = Word::Inconclusive;
    outcome.faults.pop();
    let missing = |requirement, why: &str| Missing {
        requirement,
        why: why.into(),
    };
    outcome.audit.missing = vec![
        missing(
            "every_fault_happened",
            "5 faults, not the 6 that were planned",
        ),
        missing("every_check_is_tried", "epoch_has_cause had no case"),
    ];
    outcome
}

/// A run that tried rate after rate, with neither faults nor servers that were watched.
pub(crate) fn saturated() -> Outcome {
    let mut outcome = passed();
    outcome.run.scenario = "saturate".into();
    outcome.faults.clear();
    outcome.servers.clear();
    outcome.expectations.clear();
    let rates = [1_000, 2_000, 4_000, 6_000, 8_000, 10_000, 11_000, 12_000];
    outcome.steps = rates.into_iter().map(step).collect();
    outcome
}

/// A run of nothing at all.
pub(crate) fn empty() -> Outcome {
    let mut outcome = inconclusive();
    outcome.totals = Totals::default();
    outcome.latency = Latencies::default();
    outcome.seconds.clear();
    outcome.faults.clear();
    outcome.nodes.clear();
    outcome.servers.clear();
    outcome.expectations.clear();
    outcome.audit.facts = Facts::default();
    for checked in &mut outcome.audit.checks {
        checked.cases = 0;
    }
    outcome
}

fn run_facts() -> RunFacts {
    RunFacts {
        scenario: "steady, with faults".into(),
        command: "loadtest run steady --clients 10000 --rooms 200 --rate 2000 --for 10m --seed 42"
            .into(),
        seed: 42,
        began_unix_ms: 1_795_339_349_000,
        took_ms: u64::from(SECONDS) * 1_000,
        targets: vec!["127.0.0.1:8081".into(), "127.0.0.1:8082".into()],
        clients: CLIENTS,
        rooms: 200,
        processes: 2,
        cpus: 8,
        version: "0.1.0".into(),
    }
}

fn second(at_s: u32, dice: &mut Dice) -> Second {
    let at = f64::from(at_s);
    let ramp = (at / 30.0).min(1.0);
    let on = FAULTS.iter().find(|f| at >= f.0.floor() && at < f.1.ceil());
    let after = (FAULTS.iter()).find(|f| at >= f.0.floor() && at < (f.1 + f.2).ceil());
    let away = after.map_or(0.0, |f| {
        let past = (at - f.0.floor()) / (f.1 + f.2 - f.0).max(1.0);
        f.4 * (1.0 - past).max(0.0) * if f.4 > 0.9 { 0.3 } else { 1.0 }
    });
    let is_stalled = on.is_some_and(|f| f.3.contains("redis"));
    let due = (RATE * ramp * dice.around(0.03)) as u64;
    let acked = if is_stalled { due / 40 } else { due };
    let open = (f64::from(CLIENTS) * ramp * (1.0 - away)) as u32;
    let settled = (f64::from(open) * (1.0 - away * 0.4)) as u32;
    let p50 = 1_150.0 * dice.around(0.08) * if is_stalled { 300.0 } else { 1.0 + 4.0 * away };
    let lossy = if on.is_some_and(|f| f.3.contains("packets")) {
        9.0
    } else {
        1.0
    };
    let p99 = p50 * 5.0 * dice.around(0.3) * lossy * if after.is_some() { 6.0 } else { 1.0 };
    let is_silent = due == 0 || is_stalled && at_s.is_multiple_of(2);
    let time = |us: f64| (!is_silent).then_some(us as u64);
    let killed = after.is_some_and(|f| f.3.contains("gateway-2"));
    let share = |node: u32| if killed && node == 1 { 0 } else { open / 3 };
    let spread = if killed { open / 6 } else { 0 };
    Second {
        at_s,
        counted: Totals {
            due,
            sent: acked + acked / 100,
            held_back: due - acked,
            acked,
            refused: u64::from(is_stalled) * due / 50,
            delivered: if is_silent { 0 } else { acked * 50 },
            gaps: u64::from(on.is_some()) * (dice.around(1.0) * 2.0) as u64,
            resumed: (away * f64::from(CLIENTS) * 0.2) as u64,
            opened: u64::from(at < 30.0) * u64::from(CLIENTS) / 30,
            turned_away: (away * 40.0) as u64,
            cut: on
                .filter(|f| at == f.0.floor())
                .map_or(0, |f| (f.4 * f64::from(CLIENTS)) as u64),
            signals: acked / 3,
            bytes_in: acked * 50 * 220,
            bytes_out: acked * 130,
        },
        open,
        settled,
        waiting: if is_stalled {
            (due * 2) as u32
        } else {
            (due / 400) as u32
        },
        p50_us: time(p50),
        p99_us: time(p99),
        max_us: time(p99 * (1.5 + dice.around(0.9))),
        by_node: vec![share(0) + spread, share(1), share(2) + spread],
    }
}

fn add_up(seconds: &[Second]) -> Totals {
    let sum = |of: fn(&Totals) -> u64| seconds.iter().map(|second| of(&second.counted)).sum();
    Totals {
        due: sum(|t| t.due),
        sent: sum(|t| t.sent),
        held_back: sum(|t| t.held_back),
        acked: sum(|t| t.acked),
        refused: sum(|t| t.refused),
        delivered: sum(|t| t.delivered),
        gaps: sum(|t| t.gaps),
        resumed: sum(|t| t.resumed),
        opened: sum(|t| t.opened),
        turned_away: sum(|t| t.turned_away),
        cut: sum(|t| t.cut),
        signals: sum(|t| t.signals),
        bytes_in: sum(|t| t.bytes_in),
        bytes_out: sum(|t| t.bytes_out),
    }
}

fn latencies(totals: &Totals) -> Latencies {
    Latencies {
        delivery: spread(totals.delivered, 1_150.0, 3.2),
        ack: spread(totals.acked, 820.0, 2.6),
        connect: spread(18_400, 2_100.0, 1.8),
        join: spread(36_000, 1_400.0, 1.5),
        resume: spread(13_100, 4_800.0, 1.6),
        away: spread(13_100, 240_000.0, 1.2),
    }
}

/// A hump with a long tail, in buckets of about 6 %.
fn spread(count: u64, middle_us: f64, tail: f64) -> Spread {
    let weight = |step: i32| {
        let x = f64::from(step) / 12.0;
        if x < 0.0 {
            (-x * x * 9.0).exp()
        } else {
            (-x * 6.0 / tail.sqrt()).exp() + 1e-6 * (6.0 - x).max(0.0)
        }
    };
    let steps = -18..(40 + (tail * 18.0) as i32);
    let whole: f64 = steps.clone().map(weight).sum();
    let mut buckets: Vec<(u64, u64)> = steps
        .map(|step| {
            let upper_us = (middle_us * 1.06_f64.powi(step)) as u64;
            (upper_us, (weight(step) / whole * count as f64) as u64)
        })
        .filter(|(_, count)| *count > 0)
        .collect();
    buckets.dedup_by_key(|(upper_us, _)| *upper_us);
    let count: u64 = buckets.iter().map(|(_, count)| count).sum();
    let at = |share: f64| {
        let mut left = (share * count as f64).ceil() as u64;
        let hit = buckets.iter().find(|(_, count)| {
            left = left.saturating_sub(*count);
            left == 0
        });
        hit.or(buckets.last()).map_or(0, |(upper_us, _)| *upper_us)
    };
    Spread {
        count,
        min_us: buckets.first().map_or(0, |bucket| bucket.0),
        mean_us: at(0.6),
        p50_us: at(0.5),
        p90_us: at(0.9),
        p99_us: at(0.99),
        p999_us: at(0.999),
        max_us: buckets.last().map_or(0, |bucket| bucket.0),
        buckets,
    }
}

fn fault(&(began, ended, back, name, cut): &(f64, f64, f64, &str, f64)) -> FaultOutcome {
    let ms = |s: f64| (s * 1_000.0) as u64;
    FaultOutcome {
        name: name.into(),
        began_ms: ms(began),
        ended_ms: ms(ended),
        expects: match name {
            "pause redis" => "acks stop, nobody is cut, nothing is lost",
            "lose 5 % of packets" => "slower, nothing else",
            _ => "everybody is back within 5 s of its end",
        }
        .into(),
        cut: (cut * f64::from(CLIENTS)) as u64,
        back_p99_ms: (cut > 0.0).then(|| ms(ended - began + back)),
        silence_ms: if name.contains("redis") {
            ms(ended - began) + 212
        } else {
            84
        },
        failures: Vec::new(),
    }
}

fn node(number: u64, totals: &Totals) -> NodeOutcome {
    NodeOutcome {
        name: format!("gateway-{number}"),
        sessions: 7_700 - number * 420,
        delivered: totals.delivered / 3,
        p50_us: 1_100 + number * 40,
        p99_us: 11_800 + number * 610,
    }
}

fn server(number: u64) -> ServerCost {
    ServerCost {
        name: format!("gateway-{number}"),
        pid: 4_200 + number as u32,
        cpu_us: 118_000_000 + number * 1_700_000,
        cpu_ns_per_delivery: Some(2_010 + number * 17),
        idle_bytes: 12_400_000,
        peak_bytes: 141_000_000 + number * 2_000_000,
        bytes_per_session: (number < 3).then_some(31_744 + number * 300),
    }
}

fn step(rate: u64) -> StepOutcome {
    let acked = rate.min(9_700);
    let strain = rate as f64 / 9_700.0;
    let p50_us = (900.0
        + 700.0 * strain.powi(4)
        + if strain > 1.0 {
            480_000.0 * (strain - 0.95)
        } else {
            0.0
        }) as u64;
    StepOutcome {
        rate,
        acked,
        delivered: acked * 50,
        p50_us,
        p99_us: p50_us * 5,
        is_kept: strain < 1.0,
    }
}

fn expectation(what: &str, measured: &str) -> Expectation {
    Expectation {
        what: what.into(),
        measured: measured.into(),
        is_met: true,
    }
}

fn audit(totals: &Totals) -> Verdict {
    let checked = |check: Check| Checked {
        check,
        asks: check.asks(),
        cases: match check {
            Check::NoDuplicate | Check::OrderPerClient | Check::NoSilentHole => totals.delivered,
            Check::EpochHasCause | Check::GapIsTrue => 212,
            _ => totals.acked,
        },
        violations: 0,
        first: Vec::new(),
    };
    Verdict {
        outcome: Word::Passed,
        checks: Check::ALL.into_iter().map(checked).collect(),
        missing: Vec::new(),
        faults: Vec::new(),
        facts: Facts {
            ledgers: 2,
            run_us: u64::from(SECONDS) * 1_000_000,
            rooms: 10_200,
            clients: u64::from(CLIENTS),
            sessions: 23_100,
            acked: totals.acked,
            deliveries: totals.delivered,
            resumes: 13_100,
            duplicates: 1_214,
            gaps: totals.gaps,
            forgotten: 37,
            ..Facts::default()
        },
    }
}

/// Numbers that look like chance, the same ones each time.
struct Dice(u64);

impl Dice {
    /// About 1, as far away as `by`.
    fn around(&mut self, by: f64) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let unit = (self.0 >> 11) as f64 / (1_u64 << 53) as f64;
        1.0 + (unit * 2.0 - 1.0) * by
    }
}
