//! The count of each check: cases, violations, and the first few violations in words.

use std::collections::BTreeMap;

use super::check::Check;

/// How many violations of a check are told in words.
const WORDS_MAX: usize = 8;

/// What one check has found.
#[derive(Clone, Debug, Default)]
pub(super) struct Count {
    pub(super) cases: u64,
    pub(super) violations: u64,
    pub(super) first: Vec<String>,
}

/// What all checks have found.
#[derive(Default)]
pub(super) struct Tally {
    counts: BTreeMap<Check, Count>,
}

impl Tally {
    /// Notes that `cases` cases were looked at.
    pub(super) fn looked(&mut self, check: Check, cases: u64) {
        if cases > 0 {
            self.counts.entry(check).or_default().cases += cases;
        }
    }

    /// Notes a violation; it is put into words only while few are.
    pub(super) fn found(&mut self, check: Check, words: impl FnOnce() -> String) {
        let count = self.counts.entry(check).or_default();
        count.violations += 1;
        if count.first.len() < WORDS_MAX {
            count.first.push(words());
        }
    }

    /// What a check has found so far.
    pub(super) fn of(&self, check: Check) -> Count {
        self.counts.get(&check).cloned().unwrap_or_default()
    }
}
