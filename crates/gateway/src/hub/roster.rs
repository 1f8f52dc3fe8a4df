//! Who is in a room, as this node knows it: a replica of presence's roster, led by revisions as a
//! cursor is by positions. Pure.
//!
//! Keeps true: what members are told adds up to the replica, and the replica to the roster once
//! everything was heard. A change heard before the one in front of it waits; if that one stays out,
//! or nothing is known at all, the roster must be read, and the difference is told. In a large room
//! changes are gathered; in a larger one nobody is named, and only the count is kept.

use std::collections::BTreeMap;
use std::mem;
use std::ops::Bound;

use roomcast_presence::Roster as Truth;
use roomcast_protocol::{
    DisplayName, Member, PresenceNews, RoomName, ServerFrame, UserId, UserJoined, UserLeft,
};

use crate::limits::Limits;

/// Changes that wait for those in front of them; beyond it the roster is read.
const EARLY_MAX: usize = 1_024;
/// Users named in one summary; the others come in the next.
const NAMES_PER_NEWS: usize = 500;

pub(super) struct Roster {
    /// Whether it was ever read.
    known: bool,
    /// The last change it includes.
    revision: u64,
    count: u64,
    /// Who; `None` where nothing is known yet, or there are too many.
    names: Option<BTreeMap<UserId, Option<DisplayName>>>,
    /// Changes that wait, by revision.
    early: BTreeMap<u64, Change>,
    /// Whether some have waited since before the last pulse.
    waited: bool,
    stale: bool,
    /// What it included when presence was asked.
    asked_at: u64,
    /// The last change that had been heard by then. An answer without it has forgotten it.
    asked_early: u64,
    news: News,
}

/// A change of who is in the room.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Joined(UserJoined),
    Left(UserLeft),
}

/// What happened and was not told yet.
#[derive(Default)]
struct News {
    joined: BTreeMap<UserId, Option<DisplayName>>,
    left: BTreeMap<UserId, Option<DisplayName>>,
    /// Whether the count alone is to be told.
    counted: bool,
}

impl Roster {
    pub(super) fn new() -> Self {
        Self {
            known: false,
            revision: 0,
            count: 0,
            names: None,
            early: BTreeMap::new(),
            waited: false,
            stale: true,
            asked_at: 0,
            asked_early: 0,
            news: News::default(),
        }
    }

    /// Users in the room.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Whether this includes the change with this revision.
    pub(super) fn includes(&self, revision: u64) -> bool {
        self.known && self.revision >= revision
    }

    /// Whether it can't be right, and the roster must be read.
    pub(super) fn is_stale(&self) -> bool {
        self.stale
    }

    /// What was heard may not be all there was.
    pub(super) fn doubt(&mut self) {
        self.stale = true;
    }

    /// Users in the room as far as members were told: what is gathered comes on top of it.
    pub(super) fn told_count(&self) -> u64 {
        let told = self.count + self.news.left.len() as u64;
        told.saturating_sub(self.news.joined.len() as u64)
    }

    /// At most `limit` of the users behind `after` that members were told of, in the order of their
    /// ids, and whether there are more. `None` if they are not known.
    pub(super) fn page(&self, after: Option<&UserId>, limit: usize) -> Option<(Vec<Member>, bool)> {
        let begin = after.map_or(Bound::Unbounded, Bound::Excluded);
        let range = (begin, Bound::Unbounded);
        let here = self.names.as_ref()?.range::<UserId, _>(range);
        let here = here.filter(|(user, _)| !self.news.joined.contains_key(*user));
        let gone = self.news.left.range::<UserId, _>(range);
        let mut page: Vec<Member> = here
            .take(limit + 1)
            .chain(gone.take(limit + 1))
            .map(|(user, name)| Member {
                user: user.clone(),
                name: name.clone(),
            })
            .collect();
        page.sort_unstable_by(|a, b| a.user.cmp(&b.user));
        let more = page.len() > limit;
        page.truncate(limit);
        Some((page, more))
    }

    /// Presence is being asked.
    pub(super) fn ask(&mut self) {
        self.asked_at = self.revision;
        self.asked_early = self.early.last_key_value().map_or(0, |last| *last.0);
    }

    /// Takes a change; what is to be told at once.
    pub(super) fn hear(
        &mut self,
        change: Change,
        revision: u64,
        limits: &Limits,
    ) -> Vec<ServerFrame> {
        if self.known && revision <= self.revision {
            // What was read included it.
            return Vec::new();
        }
        // Also where nothing is known yet: what is on its way may have been read before it.
        self.early.insert(revision, change);
        let mut told = Vec::new();
        if self.known {
            self.go_on(limits, &mut told);
        }
        if self.early.len() > EARLY_MAX {
            // The others still say that there is more than an answer on its way may have.
            self.early.pop_first();
            self.stale = true;
        }
        told
    }

    /// Takes what presence says; what is to be told at once.
    pub(super) fn read(
        &mut self,
        truth: Truth,
        room: &RoomName,
        limits: &Limits,
    ) -> Vec<ServerFrame> {
        let mut told = Vec::new();
        self.stale = false;
        // A keeper that has forgotten, all or its last writes, says less than was known when it was
        // asked: that is how things stand all the same.
        if self.known && truth.revision < self.revision && self.revision != self.asked_at {
            // More was heard while it was asked.
            self.stale = !self.early.is_empty();
            return told;
        }
        let were_known = self.known;
        let before = mem::replace(&mut self.count, truth.count);
        self.known = true;
        self.revision = truth.revision;
        let included = truth.revision.max(self.asked_early);
        self.early = self.early.split_off(&(included + 1));
        self.waited = false;
        let all = !truth.more && truth.count <= limits.presence_named_max as u64;
        let names = all.then(|| {
            let named = truth.members.into_iter().map(|it| (it.user, it.name));
            named.collect::<BTreeMap<_, _>>()
        });
        match (mem::replace(&mut self.names, names), self.names.take()) {
            (Some(old), Some(new)) => {
                self.tell_difference(&old, &new, room, limits, &mut told);
                self.names = Some(new);
            }
            (old, new) => {
                if old.is_some() {
                    self.news.forget_names();
                }
                self.names = new;
                if were_known && before != truth.count {
                    self.news.counted = true;
                }
            }
        }
        self.go_on(limits, &mut told);
        told
    }

    /// What was gathered, to be told at a pulse.
    pub(super) fn pulse(&mut self, room: &RoomName, limits: &Limits) -> Option<ServerFrame> {
        if !self.early.is_empty() && mem::replace(&mut self.waited, true) {
            self.stale = true;
        }
        // Somewhat below the bound, so that a room at the bound is not read again and again.
        let few = (limits.presence_named_max - limits.presence_named_max / 10) as u64;
        if self.known && self.names.is_none() && self.count <= few {
            self.stale = true;
        }
        let (joined, left) = self.news.take()?;
        Some(ServerFrame::Presence(PresenceNews {
            room: room.clone(),
            joined,
            left,
            count: self.told_count(),
        }))
    }

    /// Whether the next pulse has something to do.
    pub(super) fn is_stirred(&self) -> bool {
        self.stale || !self.early.is_empty() || !self.news.is_empty()
    }

    /// What tells somebody that the list they hold is not complete.
    pub(super) fn summary(&self, room: &RoomName) -> ServerFrame {
        ServerFrame::Presence(PresenceNews {
            room: room.clone(),
            joined: Vec::new(),
            left: Vec::new(),
            count: self.told_count(),
        })
    }

    /// Applies the changes that follow on what is known.
    fn go_on(&mut self, limits: &Limits, told: &mut Vec<ServerFrame>) {
        while let Some(change) = self.early.remove(&(self.revision + 1)) {
            self.revision += 1;
            self.waited = false;
            self.apply(change, limits, told);
        }
    }

    fn apply(&mut self, change: Change, limits: &Limits, told: &mut Vec<ServerFrame>) {
        let count = match &change {
            Change::Joined(joined) => joined.count,
            Change::Left(left) => left.count,
        };
        let most = count.max(mem::replace(&mut self.count, count));
        if let Some(names) = &mut self.names {
            match &change {
                Change::Joined(it) => drop(names.insert(it.user.clone(), it.name.clone())),
                Change::Left(it) => drop(names.remove(&it.user)),
            }
            if names.len() > limits.presence_named_max {
                self.names = None;
                self.news.forget_names();
            }
        }
        if most <= limits.presence_each_max as u64 && self.news.is_empty() {
            told.push(match change {
                Change::Joined(joined) => ServerFrame::UserJoined(joined),
                Change::Left(left) => ServerFrame::UserLeft(left),
            });
        } else if self.names.is_some() {
            self.news.gather(change);
        } else {
            self.news.counted = true;
        }
    }

    /// Tells how `new` differs from `old`, of which every change was told or gathered.
    fn tell_difference(
        &mut self,
        old: &BTreeMap<UserId, Option<DisplayName>>,
        new: &BTreeMap<UserId, Option<DisplayName>>,
        room: &RoomName,
        limits: &Limits,
        told: &mut Vec<ServerFrame>,
    ) {
        let most = old.len().max(new.len());
        let singly = most <= limits.presence_each_max && self.news.is_empty();
        let mut count = old.len() as u64;
        let left = old.iter().filter(|(user, _)| !new.contains_key(*user));
        let left = left.map(|it| (it, false));
        let joined = new.iter().filter(|(user, _)| !old.contains_key(*user));
        for ((user, name), came) in left.chain(joined.map(|it| (it, true))) {
            let (room, user, name) = (room.clone(), user.clone(), name.clone());
            count = if came { count + 1 } else { count - 1 };
            let change = match came {
                true => Change::Joined(UserJoined {
                    room,
                    user,
                    name,
                    count,
                }),
                false => Change::Left(UserLeft {
                    room,
                    user,
                    name,
                    count,
                }),
            };
            match (singly, change) {
                (true, Change::Joined(joined)) => told.push(ServerFrame::UserJoined(joined)),
                (true, Change::Left(left)) => told.push(ServerFrame::UserLeft(left)),
                (false, change) => self.news.gather(change),
            }
        }
    }
}

impl News {
    fn is_empty(&self) -> bool {
        self.joined.is_empty() && self.left.is_empty() && !self.counted
    }

    /// Adds a change; one that undoes another takes it away.
    fn gather(&mut self, change: Change) {
        match change {
            Change::Joined(joined) => {
                if self.left.remove(&joined.user).is_none() {
                    self.joined.insert(joined.user, joined.name);
                }
            }
            Change::Left(left) => {
                if self.joined.remove(&left.user).is_none() {
                    self.left.insert(left.user, left.name);
                }
            }
        }
    }

    /// From here on nobody is named.
    fn forget_names(&mut self) {
        self.joined.clear();
        self.left.clear();
        self.counted = true;
    }

    /// The next summary: who came, and who left. Nobody, if only the count is to be told.
    fn take(&mut self) -> Option<(Vec<Member>, Vec<UserId>)> {
        if mem::take(&mut self.counted) {
            return Some(Default::default());
        }
        let (mut joined, mut left) = (Vec::new(), Vec::new());
        while joined.len() < NAMES_PER_NEWS
            && let Some((user, name)) = self.joined.pop_first()
        {
            joined.push(Member { user, name });
        }
        while joined.len() + left.len() < NAMES_PER_NEWS
            && let Some((user, _)) = self.left.pop_first()
        {
            left.push(user);
        }
        (!joined.is_empty() || !left.is_empty()).then_some((joined, left))
    }
}

#[cfg(test)]
mod tests;
