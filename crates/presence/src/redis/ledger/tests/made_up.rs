//! A Redis with one room, and what the scripts do there, said as plainly as can be.

use std::collections::{BTreeMap, BTreeSet};

use roomcast_protocol::UserId;

use super::super::super::life::Life;
use super::super::super::listing::Listing;
use super::super::super::scripts::{Asking, Released};

const GRACE_MS: u64 = 100;

/// Somebody's join, and by life until when they are held (0: while here).
pub(super) struct Held {
    token: String,
    revision: u64,
    holders: BTreeMap<String, u64>,
}

/// What the scripts do, for one room and one node.
#[derive(Default)]
pub(super) struct MadeUpRedis {
    pub(super) people: BTreeMap<UserId, Held>,
    /// Every change there was: who, and whether they joined. The first has revision 1.
    pub(super) changes: Vec<(UserId, bool)>,
    /// By user and life: the sessions that are listed.
    pub(super) lists: BTreeMap<(UserId, String), Listing>,
    /// Who may not enter.
    pub(super) banned: BTreeSet<UserId>,
    /// Tokens of releases that made somebody leave, and the revision of that.
    answers: BTreeMap<String, u64>,
}

impl MadeUpRedis {
    /// It forgets all but how far it counted: a count that begins anew is higher.
    pub(super) fn forget(&mut self) {
        *self = Self {
            changes: std::mem::take(&mut self.changes),
            ..Self::default()
        };
    }

    fn count(&mut self, user: &UserId, joined: bool) -> u64 {
        self.changes.push((user.clone(), joined));
        self.changes.len() as u64
    }

    /// The revision of the join, if they joined by this token.
    pub(super) fn hold(
        &mut self,
        user: &UserId,
        life: &Life,
        token: &str,
        listing: &Listing,
    ) -> Option<u64> {
        if !self.people.contains_key(user) {
            let held = Held {
                token: token.to_owned(),
                revision: self.count(user, true),
                holders: BTreeMap::new(),
            };
            self.people.insert(user.clone(), held);
        }
        let held = self.people.get_mut(user)?;
        held.holders.insert(life.to_string(), 0);
        let join = (held.token == token).then_some(held.revision);
        let listed = self
            .lists
            .entry((user.clone(), life.to_string()))
            .or_default();
        if listing.edition >= listed.edition {
            listed.clone_from(listing);
        }
        join
    }

    /// The join of this token if it stands, and whether `life` holds them.
    pub(super) fn stands(&self, user: &UserId, life: &Life, token: &str) -> (Option<u64>, bool) {
        let held = self.people.get(user);
        let held = held.filter(|held| held.holders.contains_key(&life.to_string()));
        let join = held.filter(|held| held.token == token);
        (join.map(|held| held.revision), held.is_some())
    }

    pub(super) fn release(
        &mut self,
        (user, life): (&UserId, &Life),
        (token, asking): (&str, Asking),
        now: u64,
    ) -> Released {
        if asking != Asking::First
            && let Some(revision) = self.answers.get(token)
        {
            return left(*revision);
        }
        if asking == Asking::WhetherGone {
            return Released::NotGone;
        }
        let Some(Held { holders, .. }) = self.people.get_mut(user) else {
            return match asking {
                Asking::EvenIfUnknown => self.leave(user, token),
                _ => Released::Unknown,
            };
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
        self.leave(user, token)
    }

    fn leave(&mut self, user: &UserId, token: &str) -> Released {
        let revision = self.count(user, false);
        self.answers.insert(token.to_owned(), revision);
        left(revision)
    }

    /// Removes a life; who left, and the revision of it.
    pub(super) fn reap(&mut self, life: &Life) -> Vec<(UserId, u64)> {
        let mut left = Vec::new();
        self.lists
            .retain(|(_, holder), _| *holder != life.to_string());
        self.people.retain(|user, held| {
            let was_held = held.holders.remove(&life.to_string()).is_some();
            if was_held && held.holders.is_empty() {
                left.push(user.clone());
            }
            !held.holders.is_empty()
        });
        let counted = left.into_iter().map(|user| {
            let revision = self.count(&user, false);
            (user, revision)
        });
        counted.collect()
    }
}

fn left(revision: u64) -> Released {
    Released::Left {
        name: None,
        count: 0,
        revision,
    }
}
