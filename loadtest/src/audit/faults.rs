//! The faults of a run on its timeline: what was on when, and what the store may have forgotten by then.

use std::collections::BTreeMap;

use crate::ledger::record::Cost;

/// One fault.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Fault {
    pub(super) name: String,
    pub(super) cost: Cost,
    pub(super) began_us: u64,
    /// None while it lasts.
    pub(super) ended_us: Option<u64>,
}

/// All of them, by their number in the run.
#[derive(Default)]
pub(super) struct Faults {
    pub(super) all: BTreeMap<u32, Fault>,
    /// A ledger was cut short, so there may have been others.
    pub(super) is_partial: bool,
}

impl Faults {
    /// What was on at that time, or had been last.
    pub(super) fn words(&self, at_us: u64) -> String {
        let began = |fault: &&Fault| fault.began_us <= at_us;
        let is_on = |fault: &&Fault| fault.ended_us.is_none_or(|end| at_us <= end);
        let on: Vec<&str> = (self.all.values().filter(began).filter(is_on))
            .map(|fault| fault.name.as_str())
            .collect();
        if !on.is_empty() {
            return format!("during {}", on.join(" and "));
        }
        let past = self.all.values().filter(began).max_by_key(|f| f.ended_us);
        past.and_then(|fault| Some((fault, fault.ended_us?)))
            .map_or_else(
                || "before any fault".into(),
                |(fault, end)| format!("{} after {}", seconds(at_us - end), fault.name),
            )
    }

    /// Whether a fault that lets the store forget had begun by then.
    pub(super) fn may_have_forgotten_by(&self, at_us: u64) -> bool {
        let mut all = self.all.values();
        self.is_partial || all.any(|fault| fault.cost.forgets && fault.began_us <= at_us)
    }

    /// How many faults that let the store forget had begun by then.
    pub(super) fn forgetting_by(&self, at_us: u64) -> usize {
        if self.is_partial {
            return usize::MAX;
        }
        let all = self.all.values();
        all.filter(|fault| fault.cost.forgets && fault.began_us <= at_us)
            .count()
    }

    /// Whether what was stored at that time may have been forgotten since: a fault that lets the store
    /// forget ended no more than `settle_us` before, or came later.
    pub(super) fn may_forget_what_stood(&self, at_us: u64, settle_us: u64) -> bool {
        let mut all = self.all.values();
        let forgets = all.any(|fault| {
            let over = |end: u64| end.saturating_add(settle_us) < at_us;
            fault.cost.forgets && !fault.ended_us.is_some_and(over)
        });
        self.is_partial || forgets
    }

    /// Whether the store may have forgotten something between two moments.
    pub(super) fn may_forget_between(&self, from_us: u64, to_us: u64) -> bool {
        let mut all = self.all.values();
        let forgets = all.any(|fault| {
            let begins = fault.began_us <= to_us;
            fault.cost.forgets && begins && fault.ended_us.is_none_or(|end| end >= from_us)
        });
        self.is_partial || forgets
    }

    /// When the last one ended; none where there was none, or one still lasts.
    pub(super) fn last_end_us(&self) -> Option<u64> {
        let ends = self.all.values().map(|fault| fault.ended_us);
        ends.collect::<Option<Vec<_>>>()?.into_iter().max()
    }
}

/// A time of the run in words.
pub(super) fn seconds(us: u64) -> String {
    format!("{}.{:03} s", us / 1_000_000, us / 1_000 % 1_000)
}

#[cfg(test)]
mod tests {
    use super::{Cost, Fault, Faults};

    #[test]
    fn a_time_is_told_by_the_fault_that_was_on_or_went_before() {
        let fault = |name: &str, began_us, ended_us| Fault {
            name: name.into(),
            cost: Cost {
                forgets: name == "flush",
                ..Cost::default()
            },
            began_us,
            ended_us,
        };
        let faults = Faults {
            all: [
                (1, fault("stop", 10, Some(20))),
                (2, fault("flush", 15, Some(16))),
            ]
            .into(),
            is_partial: false,
        };
        assert_eq!(faults.words(9), "before any fault");
        assert_eq!(faults.words(12), "during stop");
        assert_eq!(faults.words(16), "during stop and flush");
        assert_eq!(faults.words(5_020), "0.005 s after stop");
        assert!(!faults.may_have_forgotten_by(14) && faults.may_have_forgotten_by(15));
        assert!(faults.may_forget_what_stood(1, 0) && faults.may_forget_what_stood(20, 4));
        assert!(!faults.may_forget_what_stood(21, 4));
        assert!(faults.may_forget_between(0, 15) && faults.may_forget_between(16, 99));
        assert!(!faults.may_forget_between(0, 14) && !faults.may_forget_between(17, 99));
        assert_eq!(faults.last_end_us(), Some(20));
    }
}
