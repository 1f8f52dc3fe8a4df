//! What faults did to clients: who was cut, when they were back, and how long nobody heard an ack.

use std::collections::BTreeSet;

use crate::fault::Fault;
use crate::fault::deed::Deed;
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
    let mut cut: Vec<Vec<&Away>> = vec![Vec::new(); happened.len()];
    for away in aways {
        if let Some(index) = blamed(happened, away) {
            cut[index].push(away);
        }
    }
    let outcome = |(one, cut): (&Happened, Vec<&Away>)| {
        let ended_us = one.ended_us.unwrap_or(one.began_us);
        let next_us = happened.iter().map(|other| other.began_us);
        let next_us = next_us.filter(|at| *at > one.began_us).min();
        let silence_until_us = next_us.unwrap_or(hushed_us).min(hushed_us);
        let silence_ms = silence_us(ack_slots, one.began_us, silence_until_us) / 1_000;
        let back_p99_ms = back_p99_us(&cut, one.began_us).map(|us| us / 1_000);
        FaultOutcome {
            name: one.fault.name.clone(),
            began_ms: one.began_us / 1_000,
            ended_ms: ended_us / 1_000,
            expects: one.fault.expects().words,
            cut: cut.len() as u64,
            back_p99_ms,
            silence_ms,
            failures: failures(one, &cut, back_p99_ms, silence_ms),
        }
    };
    happened.iter().zip(cut).map(outcome).collect()
}

/// The fault because of which a session ended: the last one that had begun and was not long over, and one
/// that may cut before one that may not. What the load did itself is blamed on what it was told to do.
fn blamed(happened: &[Happened], away: &Away) -> Option<usize> {
    let was_on = |one: &Happened| {
        let until_us = one.ended_us.unwrap_or(u64::MAX).saturating_add(AFTER_US);
        (one.began_us..until_us).contains(&away.lost_us)
    };
    let could_be = happened.iter().enumerate().filter(|(_, one)| {
        let is_ours = one.fault.is_of_the_load();
        was_on(one) && (is_ours || !away.by_us || told_to_move(one))
    });
    let likely = could_be.max_by_key(|(_, one)| {
        let is_ours = one.fault.is_of_the_load() == away.by_us;
        (one.fault.expects().cuts, is_ours, one.began_us)
    });
    likely.map(|(index, _)| index)
}

/// Whether a client ends its session itself because the fault's node told it to.
fn told_to_move(one: &Happened) -> bool {
    matches!(one.fault.deed, Deed::Drain { .. } | Deed::Run { .. })
}

fn failures(
    one: &Happened,
    cut: &[&Away],
    back_p99_ms: Option<u64>,
    silence_ms: u64,
) -> Vec<String> {
    let expects = one.fault.expects();
    let never = cut.iter().filter(|away| away.back_us.is_none()).count();
    let cut = cut.len();
    // What lasted longer than planned (a store that reads a large file again) may take so much longer.
    let planned_us = u64::try_from(one.fault.lasts.as_micros()).unwrap_or(u64::MAX);
    let lasted_us = one.ended_us.unwrap_or(one.began_us) - one.began_us;
    let longer_ms = lasted_us.saturating_sub(planned_us) / 1_000;
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
    let bounds = [
        (expects.back_p99_ms_max, back_p99_ms, "99 % were back after"),
        (expects.silence_ms_max, Some(silence_ms), "no ack for"),
    ];
    for (max, measured, words) in bounds {
        if let (Some(max), Some(measured)) = (max, measured)
            && measured > max + longer_ms
        {
            failures.push(format!("{words} {measured} ms, not {}", max + longer_ms));
        }
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

    fn away(lost_us: u64, back_us: Option<u64>, by_us: bool) -> Away {
        Away {
            by_us,
            lost_us,
            back_us,
        }
    }

    fn happened(text: &str, began_us: u64, ended_us: u64) -> Happened {
        Happened {
            index: 0,
            fault: text.parse().unwrap(),
            began_us,
            ended_us: Some(ended_us),
            failed: None,
        }
    }

    #[test]
    fn who_is_cut_belongs_to_the_fault_that_began_last() {
        let happened = [
            happened("kill:a@1s", 1_000_000, 3_000_000),
            happened("cut-feed@9s", 9_000_000, 9_000_000),
        ];
        let aways = [
            away(1_100_000, Some(2_000_000), false),
            away(3_500_000, Some(5_000_000), false),
            away(9_100_000, None, false),
            away(9_200_000, None, true),
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
    fn of_two_faults_at_once_the_one_that_may_cut_is_blamed_and_ours_for_what_we_did() {
        let happened = [
            happened("starve:a@1s+5s", 1_000_000, 6_000_000),
            happened("redis-full@2s+5s", 2_000_000, 7_000_000),
            happened("reconnect@3s", 3_000_000, 3_000_000),
        ];
        let aways = [
            away(2_500_000, Some(3_000_000), false),
            away(3_100_000, Some(3_500_000), true),
        ];
        let acks = (0..200).collect();
        let cut = effects(&happened, &aways, &acks, 9_000_000);
        assert_eq!((cut[0].cut, cut[1].cut, cut[2].cut), (1, 0, 1));
    }

    #[test]
    fn what_took_longer_than_planned_has_so_much_longer() {
        let restart = happened("redis-restart@1s+2s", 1_000_000, 13_000_000);
        // Acks until the fault, and from 14 s on.
        let acks = (0..10).chain(140..200).collect();
        let outcomes = effects(&[restart], &[], &acks, 20_000_000);
        assert_eq!(outcomes[0].silence_ms, 12_900);
        assert!(outcomes[0].failures.is_empty(), "{outcomes:?}");
    }

    #[test]
    fn silence_is_the_longest_stretch_without_an_ack() {
        let acks = [1, 2, 9, 10].into();
        assert_eq!(silence_us(&acks, 0, 1_100_000), 600_000);
        assert_eq!(silence_us(&acks, 1_000_000, 2_000_000), 900_000);
        assert_eq!(silence_us(&acks, 500_000, 500_000), 0);
    }
}
