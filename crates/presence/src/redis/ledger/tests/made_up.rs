//! A Redis with one room, and what the scripts do there, said as plainly as can be.

use std::collections::{BTreeMap, BTreeSet};

use roomcast_protocol::UserId;

use super::super::super::life::Life;
use super::super::super::listing::Listing;
use super::super::super::scripts::{Asking, Released};

const GRACE_MS: u64 = 100;

/// What the scripts do, for one room and one node.
#[derive(Default)]
pub(super) struct MadeUpRedis {
    /// By user: the token of the join, and by life until when they are held (0: while here).
    pub(super) people: BTreeMap<UserId, (String, BTreeMap<String, u64>)>,
    /// By user and life: the sessions that are listed.
    pub(super) lists: BTreeMap<(UserId, String), Listing>,
    /// Who may not enter.
    pub(super) banned: BTreeSet<UserId>,
    /// Tokens of releases that made somebody leave.
    answers: BTreeSet<String>,
}

impl MadeUpRedis {
    pub(super) fn hold(
        &mut self,
        user: &UserId,
        life: &Life,
        token: &str,
        listing: &Listing,
    ) -> bool {
        let mut joined = false;
        let entry = self.people.entry(user.clone()).or_insert_with(|| {
            joined = true;
            (token.to_owned(), BTreeMap::new())
        });
        joined |= entry.0 == token;
        entry.1.insert(life.to_string(), 0);
        let listed = self
            .lists
            .entry((user.clone(), life.to_string()))
            .or_default();
        if listing.edition >= listed.edition {
            listed.clone_from(listing);
        }
        joined
    }

    /// Whether a join of this token stands, and whether `life` holds them.
    pub(super) fn stands(&self, user: &UserId, life: &Life, token: &str) -> (bool, bool) {
        let entry = self.people.get(user);
        let stands = entry.is_some_and(|(_, holders)| holders.contains_key(&life.to_string()));
        let joined = entry.is_some_and(|(first, _)| first == token);
        (joined && stands, stands)
    }

    pub(super) fn release(
        &mut self,
        (user, life): (&UserId, &Life),
        (token, asking): (&str, Asking),
        now: u64,
    ) -> Released {
        let left = Released::Left {
            name: None,
            count: 0,
        };
        if asking != Asking::First && self.answers.contains(token) {
            return left;
        }
        if asking == Asking::WhetherGone {
            return Released::NotGone;
        }
        let Some((_, holders)) = self.people.get_mut(user) else {
            return Released::Unknown { count: 0 };
        };
        let is_held_elsewhere = holders
            .iter()
            .any(|(other, till)| *other != life.to_string() && *till == 0);
        let Some(till) = holders.get_mut(&life.to_string()) else {
            return Released::HeldByOthers;
        };
        if !is_held_elsewhere {
            if *till == 0 {
                *till = now + GRACE_MS;
            }
            if *till > now {
                return Released::Waits {
                    wait_ms: *till - now,
                };
            }
        }
        holders.remove(&life.to_string());
        self.lists.remove(&(user.clone(), life.to_string()));
        if !holders.is_empty() {
            return Released::HeldByOthers;
        }
        self.people.remove(user);
        self.answers.insert(token.to_owned());
        left
    }

    /// Removes a life; who left.
    pub(super) fn reap(&mut self, life: &Life) -> Vec<UserId> {
        let mut left = Vec::new();
        self.lists
            .retain(|(_, holder), _| *holder != life.to_string());
        self.people.retain(|user, (_, holders)| {
            let was_held = holders.remove(&life.to_string()).is_some();
            if was_held && holders.is_empty() {
                left.push(user.clone());
            }
            !holders.is_empty()
        });
        left
    }
}
