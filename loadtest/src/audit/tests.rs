//! The audit is audited: sound runs pass, and each planted fault is found by its check.

mod figure;
mod history;
mod inconclusive;
mod planted;
mod plants;
mod step;
mod world;

use std::collections::BTreeSet;

use super::check::Check;
use super::verdict::{Outcome, Verdict};
use history::History;
use proptest::prelude::*;
use step::Step;
use world::World;

/// The checks that were broken.
fn broken(verdict: &Verdict) -> BTreeSet<Check> {
    let broken = verdict.checks.iter().filter(|c| c.violations > 0);
    broken.map(|checked| checked.check).collect()
}

/// A sound run of these steps.
fn sound(steps: &[Step]) -> History {
    let mut world = World::new();
    for step in steps {
        world.take(*step);
    }
    world.rest()
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (any::<[u8; 4]>()).prop_map(Step::from_dice);
    prop::collection::vec(step, 40..160)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_sound_run_passes_every_check_in_one_pass_and_in_many(steps in steps()) {
        let mut history = sound(&steps);
        let verdict = history.audit();
        prop_assert!(broken(&verdict).is_empty(), "{verdict}");
        prop_assert_eq!(verdict.outcome, Outcome::Passed, "{}", verdict);
        history.plan.memory_bytes = 1;
        prop_assert_eq!(history.audit(), verdict);
    }

    #[test]
    fn a_process_that_is_killed_makes_a_sound_run_inconclusive_and_never_failed(
        steps in steps(), process in 0_usize..3, left in 0_u64..1_000,
    ) {
        let mut history = sound(&steps);
        history.killed = Some((process, left));
        let verdict = history.audit();
        prop_assert_eq!(verdict.outcome, Outcome::Inconclusive, "{}", verdict);
    }

    #[test]
    fn a_planted_fault_is_found_wherever_it_stands(
        steps in steps(), which in 0..plants::ALL.len(), at: prop::sample::Index,
    ) {
        let mut history = sound(&steps);
        let plant = &plants::ALL[which];
        let mut places = |candidates: usize| (candidates > 0).then(|| at.index(candidates));
        if (plant.plant)(&mut history, &mut places) {
            let broken = broken(&history.audit());
            prop_assert!(plant.is_found_by(&broken), "{} broke {broken:?}", plant.name);
        }
    }
}
