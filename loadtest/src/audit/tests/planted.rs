//! Each fault of the list, planted in one fixed run that has a place for it.

use super::plants::ALL;
use super::step::Step;
use super::{broken, sound};
use crate::audit::check::Check;
use crate::audit::verdict::Outcome;

/// Dice that fall the same way each time.
fn fixed(seed: u64, count: usize) -> Vec<Step> {
    let mut dice = seed;
    let mut roll = move || {
        dice = dice
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (dice >> 56) as u8
    };
    (0..count)
        .map(|_| Step::from_dice([roll(), roll(), roll(), roll()]))
        .collect()
}

#[test]
fn every_planted_fault_has_a_place_in_a_long_run_and_is_found_by_its_check() {
    let run = sound(&fixed(7, 400));
    let verdict = run.audit();
    assert_eq!(verdict.outcome, Outcome::Passed, "{verdict}");
    for plant in ALL {
        let mut places = Vec::new();
        let mut count = |candidates: usize| {
            places.push(candidates);
            (candidates > 0).then_some(candidates / 2)
        };
        let mut changed = run.clone();
        assert!((plant.plant)(&mut changed, &mut count), "{}", plant.name);
        let verdict = changed.audit();
        let broken = broken(&verdict);
        assert_eq!(verdict.outcome, Outcome::Failed, "{}", plant.name);
        assert!(plant.is_found_by(&broken), "{}: {verdict}", plant.name);
    }
}

#[test]
fn a_long_sound_run_tries_every_check() {
    let verdict = sound(&fixed(7, 400)).audit();
    let idle: Vec<Check> = verdict
        .checks
        .iter()
        .filter(|c| c.cases == 0)
        .map(|c| c.check)
        .collect();
    assert!(idle.is_empty(), "{idle:?}\n{verdict}");
    assert!(
        verdict.facts.forgotten > 0 && verdict.facts.epochs_begun > 0,
        "{verdict}"
    );
}

#[test]
fn a_violation_is_told_with_room_client_time_and_fault() {
    let mut run = sound(&fixed(7, 400));
    let plant = ALL.iter().find(|p| p.name == "one is dropped").unwrap();
    assert!((plant.plant)(&mut run, &mut |candidates| Some(
        candidates / 2
    )));
    let verdict = run.audit();
    let hole = verdict
        .checks
        .iter()
        .find(|c| c.check == Check::NoSilentHole)
        .unwrap();
    let words = &hole.first[0];
    for part in [" at ", " s, ", "user-", "(client ", "never got "] {
        assert!(words.contains(part), "{words}");
    }
    let table = verdict.to_string();
    assert!(
        table.starts_with("FAILED: ") && table.contains(words),
        "{table}"
    );
    let json = verdict.json().unwrap();
    assert!(
        json.contains("\"outcome\": \"failed\"") && json.contains("\"no_silent_hole\""),
        "{json}"
    );
}
