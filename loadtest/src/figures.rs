//! The few figures by which a run is judged at a glance, and the one sentence that says why.
//!
//! Owns which checks of the audit stand for "lost", "repeated" and the like. Keeps true: each check counts in
//! one of them, and where none of its checks had a case there is no number, because nothing was proven.

use crate::audit::check::Check;
use crate::audit::verdict::{Checked, Outcome as Word, Verdict};
use crate::outcome::{Outcome, StepOutcome};
use crate::units::{counted, grouped, short};

/// A kind of wrong, and the checks that find it.
pub(crate) struct Wrong {
    /// What to call it.
    pub(crate) name: &'static str,
    /// What is counted.
    pub(crate) checks: &'static [Check],
}

/// All kinds, in the order in which they are shown.
pub(crate) const WRONGS: [Wrong; 5] = [
    Wrong {
        name: "lost",
        checks: &[
            Check::AckedIsKept,
            Check::NoSilentHole,
            Check::Convergence,
            Check::LogIsWhole,
        ],
    },
    Wrong {
        name: "repeated",
        checks: &[Check::NoDuplicate, Check::RetrySafe],
    },
    Wrong {
        name: "out of order",
        checks: &[
            Check::OrderPerClient,
            Check::SenderOrder,
            Check::OneMessagePerPosition,
        ],
    },
    Wrong {
        name: "unexplained gaps",
        checks: &[Check::GapIsTrue, Check::EpochHasCause],
    },
    Wrong {
        name: "otherwise wrong",
        checks: &[
            Check::NothingFromNowhere,
            Check::AckAgrees,
            Check::JoinedIsTrue,
            Check::PresenceAtRest,
            Check::RefusedIsNotSaid,
            Check::ResumeIsHonest,
        ],
    },
];

impl Wrong {
    /// How often it was found; none where there was nothing to look at.
    pub(crate) fn count(&self, verdict: &Verdict) -> Option<u64> {
        let of = |checked: &&_| self.is_counted(checked);
        let checks = || verdict.checks.iter().filter(of);
        let has_cases = checks().any(|checked| checked.cases > 0 || checked.violations > 0);
        has_cases.then(|| checks().map(|checked| checked.violations).sum())
    }

    /// In how many cases it was looked for.
    pub(crate) fn cases(&self, verdict: &Verdict) -> u64 {
        let checks = verdict.checks.iter().filter(|c| self.is_counted(c));
        checks.map(|checked| checked.cases).sum()
    }

    fn is_counted(&self, checked: &Checked) -> bool {
        self.checks.contains(&checked.check)
    }
}

/// The highest rate up to which the cluster kept up with each one; a rate beyond one that it did not keep
/// up with is luck.
pub(crate) fn kept(steps: &[StepOutcome]) -> Option<&StepOutcome> {
    let lost = steps.iter().filter(|step| !step.is_kept);
    let ends = lost.map(|step| step.rate).min().unwrap_or(u64::MAX);
    let kept = steps.iter().filter(|step| step.rate < ends);
    kept.max_by_key(|step| step.rate)
}

/// Checks that are named in a sentence.
const NAMES_MAX: usize = 3;

/// Why the verdict is what it is, in a sentence or two.
pub(crate) fn why(outcome: &Outcome) -> String {
    let audit = &outcome.audit;
    let is_broken = audit.checks.iter().any(|checked| checked.violations > 0);
    match outcome.word() {
        Word::Passed => format!("{}{}", held(audit), met(outcome)),
        Word::Failed if is_broken => format!("{}{}", broken(audit), met(outcome)),
        Word::Failed => format!("The audit found nothing wrong.{}", met(outcome)),
        Word::Inconclusive => {
            let first = audit.missing.first();
            let why = first.map_or("", |missing| missing.why.as_str());
            let more = more(audit.missing.len(), 1);
            format!("Nothing wrong was found, but the run proves nothing: {why}{more}.")
        }
    }
}

/// Which checks were broken, and how often.
fn broken(audit: &Verdict) -> String {
    let broken = audit.checks.iter().filter(|checked| checked.violations > 0);
    let count = broken.clone().count();
    let named = broken.take(NAMES_MAX);
    let named: Vec<String> = named
        .map(|checked| format!("{} ({})", checked.check.name(), grouped(checked.violations)))
        .collect();
    let (all, more) = (audit.checks.len(), more(count, NAMES_MAX));
    format!(
        "{count} of {all} checks broken: {}{more}.",
        named.join(", ")
    )
}

/// What became of what was expected; nothing where nothing was.
fn met(outcome: &Outcome) -> String {
    let expectations = &outcome.expectations;
    let mut unmet = expectations
        .iter()
        .filter(|expectation| !expectation.is_met);
    let (all, left) = (expectations.len(), unmet.clone().count());
    match unmet.next() {
        None if all == 0 => String::new(),
        None if all == 1 => " What was expected came about.".into(),
        None => format!(" All {all} expectations were met."),
        Some(first) => {
            let more = more(left, 1);
            format!(
                " Not met: {}, measured {}{more}.",
                first.what, first.measured
            )
        }
    }
}

/// How many are not told.
fn more(count: usize, told: usize) -> String {
    match count.saturating_sub(told) {
        0 => String::new(),
        more => format!(", and {more} more"),
    }
}

/// How many checks held, and in how many cases.
fn held(audit: &Verdict) -> String {
    let tried = audit.checks.iter().filter(|checked| checked.cases > 0);
    let cases = tried.clone().map(|checked| checked.cases).sum();
    let (tried, all) = (tried.count(), audit.checks.len());
    let untried = match all - tried {
        0 => String::new(),
        rest => format!("; {rest} had nothing to look at"),
    };
    let checks = counted(tried as u64, "check");
    format!("{checks} held in {} cases{untried}.", short(cases))
}

#[cfg(test)]
mod tests {
    use super::{Check, WRONGS, kept, why};
    use crate::lively;

    #[test]
    fn each_check_counts_as_one_kind_of_wrong() {
        for check in Check::ALL {
            let kinds = WRONGS.iter().filter(|wrong| wrong.checks.contains(&check));
            assert_eq!(kinds.count(), 1, "{check:?}");
        }
    }

    #[test]
    fn what_was_never_looked_at_has_no_count() {
        let mut outcome = lively::passed();
        assert_eq!(WRONGS[0].count(&outcome.audit), Some(0));
        for checked in &mut outcome.audit.checks {
            checked.cases = 0;
        }
        assert_eq!(WRONGS[0].count(&outcome.audit), None);
    }

    #[test]
    fn a_rate_is_kept_only_if_all_lower_ones_were() {
        let mut steps = lively::saturated().steps;
        assert_eq!(kept(&steps).map(|step| step.rate), Some(8_000));
        steps[2].is_kept = false;
        assert_eq!(kept(&steps).map(|step| step.rate), Some(2_000));
        steps[0].is_kept = false;
        assert_eq!((kept(&steps), kept(&[])), (None, None));
    }

    #[test]
    fn a_sentence_says_why() {
        assert!(why(&lively::passed()).starts_with("17 checks held in "));
        assert!(why(&lively::passed()).ends_with(" cases. All 2 expectations were met."));
        assert_eq!(
            why(&lively::failed()),
            "2 of 17 checks broken: no_duplicate (11), presence_at_rest (1). Not met: 99 % back in \
             every room within 5 s of a fault's end, measured 7.84 s."
        );
        assert_eq!(
            why(&lively::inconclusive()),
            "Nothing wrong was found, but the run proves nothing: 5 faults, not the 6 that were \
             planned, and 1 more."
        );
        let mut unmet = lively::passed();
        unmet.expectations[0].is_met = false;
        assert_eq!(
            why(&unmet),
            "The audit found nothing wrong. Not met: delivery p99 below 50 ms outside faults, \
             measured 12.4 ms."
        );
    }
}
