//! The few figures by which a run is judged at a glance, and the one sentence that says why.
//!
//! Owns which checks of the audit stand for "lost", "repeated" and the like. Keeps true: each check counts in
//! one of them, and where none of its checks had a case there is no number, because nothing was proven.

use crate::audit::check::Check;
use crate::audit::verdict::{Outcome as Word, Verdict};
use crate::outcome::Outcome;
use crate::units::{counted, short};

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

    fn is_counted(&self, checked: &crate::audit::verdict::Checked) -> bool {
        self.checks.contains(&checked.check)
    }
}

/// Why the verdict is what it is, in a sentence.
pub(crate) fn why(outcome: &Outcome) -> String {
    let audit = &outcome.audit;
    let broken: Vec<_> = (audit.checks.iter())
        .filter(|checked| checked.violations > 0)
        .collect();
    match (outcome.word(), broken.as_slice()) {
        (Word::Passed, _) => held(audit),
        (Word::Failed, [first, rest @ ..]) => {
            let more = match rest.len() {
                0 => String::new(),
                more => format!(", and {} more", counted(more as u64, "check")),
            };
            let times = counted(first.violations, "violation");
            format!("{} was not kept: {times}{more}.", first.check.name())
        }
        (Word::Failed, []) => {
            let unmet = (outcome.expectations.iter()).find(|expectation| !expectation.is_met);
            let words = unmet.map(|e| format!("{} (measured: {})", e.what, e.measured));
            format!(
                "The audit found nothing wrong, but this was expected: {}.",
                words.unwrap_or_default()
            )
        }
        (Word::Inconclusive, _) => {
            let why = (audit.missing.first()).map_or("", |missing| missing.why.as_str());
            let more = match audit.missing.len().saturating_sub(1) {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            format!("Nothing wrong was found, but the run proves nothing: {why}{more}.")
        }
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
    use super::{Check, WRONGS, why};
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
    fn a_sentence_says_why() {
        assert!(why(&lively::passed()).starts_with("17 checks held in "));
        assert_eq!(
            why(&lively::failed()),
            "no_duplicate was not kept: 11 violations, and 1 check more."
        );
        assert_eq!(
            why(&lively::inconclusive()),
            "Nothing wrong was found, but the run proves nothing: 5 faults, not the 6 that were \
             planned, and 1 more."
        );
        let mut unmet = lively::passed();
        unmet.expectations[0].is_met = false;
        assert!(why(&unmet).contains("but this was expected: delivery p99"));
    }
}
