//! When users were last seen.
//!
//! Keeps true: there are at most `last_seen_max`, and who was seen longest ago goes first; what is
//! older than `last_seen_ms` is forgotten. Times are in ms since the epoch.

use std::collections::{BTreeSet, HashMap};

use roomcast_protocol::UserId;

#[derive(Debug)]
pub(super) struct Seen {
    max: usize,
    keep_ms: u64,
    at: HashMap<UserId, u64>,
    order: BTreeSet<(u64, UserId)>,
}

impl Seen {
    pub(super) fn new(max: usize, keep_ms: u64) -> Self {
        Self {
            max,
            keep_ms,
            at: HashMap::new(),
            order: BTreeSet::new(),
        }
    }

    /// Notes that `user` was seen at `at_ms`, and forgets what is too old `now_ms`.
    pub(super) fn note(&mut self, user: UserId, at_ms: u64, now_ms: u64) {
        if let Some(before) = self.at.insert(user.clone(), at_ms) {
            self.order.remove(&(before, user.clone()));
        }
        self.order.insert((at_ms, user));
        while let Some((oldest_ms, _)) = self.order.first() {
            if self.at.len() <= self.max && self.is_kept(*oldest_ms, now_ms) {
                return;
            }
            if let Some((_, user)) = self.order.pop_first() {
                self.at.remove(&user);
            }
        }
    }

    pub(super) fn of(&self, user: &UserId, now_ms: u64) -> Option<u64> {
        let at_ms = self.at.get(user).copied()?;
        self.is_kept(at_ms, now_ms).then_some(at_ms)
    }

    fn is_kept(&self, at_ms: u64, now_ms: u64) -> bool {
        now_ms < at_ms.saturating_add(self.keep_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_seen_longest_ago_is_forgotten_when_there_are_too_many_or_it_is_too_long_ago() {
        let users: [UserId; 3] = ["a", "b", "c"].map(|user| user.parse().unwrap());
        let mut seen = Seen::new(2, 100);
        seen.note(users[0].clone(), 10, 10);
        seen.note(users[1].clone(), 20, 20);
        seen.note(users[0].clone(), 30, 30);
        seen.note(users[2].clone(), 40, 40);
        let at = |seen: &Seen, now_ms| [0, 1, 2].map(|number| seen.of(&users[number], now_ms));
        assert_eq!(at(&seen, 40), [Some(30), None, Some(40)]);
        assert_eq!(at(&seen, 130), [None, None, Some(40)]);
        seen.note(users[1].clone(), 150, 150);
        assert_eq!((seen.at.len(), seen.order.len()), (1, 1));
    }
}
