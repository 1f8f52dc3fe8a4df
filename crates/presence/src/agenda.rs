//! What is to be looked at, and when.
//!
//! Owns a set of deadlines, at most one for each thing. Pure: the time is passed in. Leaves what
//! is to be done to those who take from it. Bounded by what its owner puts in.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

use tokio::time::Instant;

/// Deadlines by thing, and in order.
#[derive(Debug)]
pub(crate) struct Agenda<K> {
    order: BTreeSet<(Instant, K)>,
    deadlines: HashMap<K, Instant>,
}

impl<K: Clone + Eq + Hash + Ord> Agenda<K> {
    pub(crate) fn new() -> Self {
        Self {
            order: BTreeSet::new(),
            deadlines: HashMap::new(),
        }
    }

    /// Puts `thing` on `at`, wherever it was before.
    pub(crate) fn set(&mut self, thing: K, at: Instant) {
        if let Some(before) = self.deadlines.insert(thing.clone(), at) {
            self.order.remove(&(before, thing.clone()));
        }
        self.order.insert((at, thing));
    }

    /// Puts `thing` on `at` unless it is on an earlier time already.
    pub(crate) fn set_earlier(&mut self, thing: K, at: Instant) {
        if self.deadlines.get(&thing).is_none_or(|before| at < *before) {
            self.set(thing, at);
        }
    }

    /// Takes `thing` off.
    pub(crate) fn clear(&mut self, thing: &K) {
        if let Some(before) = self.deadlines.remove(thing) {
            self.order.remove(&(before, thing.clone()));
        }
    }

    /// Takes off the earliest thing whose time has come.
    pub(crate) fn take(&mut self, now: Instant) -> Option<K> {
        if self.next()? > now {
            return None;
        }
        let (_, thing) = self.order.pop_first()?;
        self.deadlines.remove(&thing);
        Some(thing)
    }

    /// When the earliest is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.order.first().map(|(at, _)| *at)
    }

    /// Whether `thing` is on it.
    pub(crate) fn has(&self, thing: &K) -> bool {
        self.deadlines.contains_key(thing)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_thing_put_off_is_taken_once_at_its_last_time() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut agenda = Agenda::new();
        agenda.set('a', at(10));
        agenda.set('b', at(20));
        agenda.set('a', at(30));
        agenda.set_earlier('b', at(25));
        assert_eq!(agenda.take(at(19)), None);
        assert_eq!(agenda.take(at(30)), Some('b'));
        assert_eq!(agenda.take(at(30)), Some('a'));
        assert_eq!(agenda.take(at(99)), None);
        agenda.set('c', at(1));
        assert!(agenda.has(&'c'));
        agenda.clear(&'c');
        assert_eq!(agenda.next(), None);
    }
}
