//! What faults did to clients: who was cut, when they were back, and how long nobody heard an ack.

use std::collections::BTreeSet;

use crate::fault::Fault;
use crate::outcome::FaultOutcome;
use crate::worker::tally::{Away, SLOT_US};

/// A session that ends so long after a fault still ends because of it, in µs.
const AFTER_US: u64 = 5_000_000;

/// One fault as it happened, in µs of the run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Happened {
    /// Its number in the plan.
    pub(super) index: usize,
    pub(super) fault: Fault,
    pub(super) began_us: u64,
    pub(super) ended_us: Option<u64>,
    /// What could not be done.
    pub(super) failed: Option<String>,
}

/// The effect of each fault. The talk lasted until `hushed_us`.
pub(super) fn effects(
    happened: &[Happened],
    aways: &[Away],
    ack_slots: &BTreeSet<u64>,
    hushed_us: u64,
) -> Vec<FaultOutcome> {
    let outcome = |one: &Happened| {
        let ended_us = one.ended_us.unwrap_or(one.began_us);
        let next_us = happened.iter().map(|other| other.began_us);
        let next_us = next_us.filter(|at| *at > one.began_us).min();
        let until_us = next_us.unwrap_or(u64::MAX).min(ended_us + AFTER_US);
        let cut: Vec<&Away> = (aways.iter())
            .filter(|away| (one.began_us..until_us.max(ended_us)).contains(&away.lost_us))
            .collect();
        let silence_until_us = next_us.unwrap_or(hushed_us).min(hushed_us);
        let silence_ms = silence_us(ack_slots, one.began_us, silence_until_us) / 1_000;
        let never = cut.iter().filter(|away| away.back_us.is_none()).count();
        let back_p99_ms = back_p99_us(&cut, one.began_us).map(|us| us / 1_000);
        FaultOutcome {
            name: one.fault.name.clone(),
            began_ms: one.began_us / 1_000,
            ended_ms: ended_us / 1_000,
            expects: one.fault.expects().words,
            cut: cut.len() as u64,
            back_p99_ms,
            silence_ms,
            failures: failures(one, cut.len(), never, back_p99_ms, silence_ms),
        }
    };
    happened.iter().map(outcome).collect()
}

fn failures(
    one: &Happened,
    cut: usize,
    never: usize,
    back_p99_ms: Option<u64>,
    silence_ms: u64,
) -> Vec<String> {
    let expects = one.fault.expects();
    let mut failures: Vec<String> = one.failed.iter().cloned().collect();
    if one.ended_us.is_none() {
        failures.push("it never ended".into());
    }
    if !expects.cuts && cut > 0 {
        failures.push(format!("{cut} sessions were cut"));
    }
    if never > 0 {
        failures.push(format!("{never} clients never came back"));
    }
    if let (Some(max), Some(back)) = (expects.back_p99_ms_max, back_p99_ms)
        && back > max
    {
        failures.push(format!("99 % were back after {back} ms, not {max}"));
    }
    if let Some(max) = expects.silence_ms_max
        && silence_ms > max
    {
        failures.push(format!("no ack for {silence_ms} ms, not {max}"));
    }
    failures
}

/// When 99 % of those who came back were there, from the beginning of the fault.
fn back_p99_us(cut: &[&Away], began_us: u64) -> Option<u64> {
    let back = cut.iter().filter_map(|away| away.back_us);
    let mut took: Vec<u64> = back.map(|at| at.saturating_sub(began_us)).collect();
    took.sort_unstable();
    let index = (took.len() * 99).div_ceil(100).checked_sub(1)?;
    took.get(index).copied()
}

/// The longest stretch without an ack, to a tenth of a second.
fn silence_us(ack_slots: &BTreeSet<u64>, from_us: u64, to_us: u64) -> u64 {
    let (from, to) = (from_us / SLOT_US, to_us / SLOT_US);
    if from >= to {
        return 0;
    }
    let mut longest = 0;
    let mut last = from;
    for slot in ack_slots.range(from..to).copied().chain([to]) {
        longest = longest.max(slot.saturating_sub(last + 1));
        last = slot;
    }
    longest * SLOT_US
}

#[cfg(test)]
mod tests {
    use super::{Away, Happened, effects, silence_us};

    fn away(lost_us: u64, back_us: Option<u64>) -> Away {
        Away { lost_us, back_us }
    }

    #[test]
    fn who_is_cut_belongs_to_the_fault_that_began_last() {
        let fault = |text: &str, began_us, ended_us| Happened {
            index: 0,
            fault: text.parse().unwrap(),
            began_us,
            ended_us: Some(ended_us),
            failed: None,
        };
        let happened = [
            fault("kill:a@1s", 1_000_000, 3_000_000),
            fault("cut-feed@9s", 9_000_000, 9_000_000),
        ];
        let aways = [
            away(1_100_000, Some(2_000_000)),
            away(3_500_000, Some(5_000_000)),
            away(9_100_000, None),
        ];
        let acks = (0..200).collect();
        let outcomes = effects(&happened, &aways, &acks, 20_000_000);
        assert_eq!((outcomes[0].cut, outcomes[0].back_p99_ms), (2, Some(4_000)));
        assert!(outcomes[0].failures.is_empty());
        assert_eq!(
            outcomes[1].failures,
            ["1 sessions were cut", "1 clients never came back"]
        );
    }

    #[test]
    fn silence_is_the_longest_stretch_without_an_ack() {
        let acks = [1, 2, 9, 10].into();
        assert_eq!(silence_us(&acks, 0, 1_100_000), 600_000);
        assert_eq!(silence_us(&acks, 1_000_000, 2_000_000), 900_000);
        assert_eq!(silence_us(&acks, 500_000, 500_000), 0);
    }
}
