//! What a client knows of who is in a room, by what it was told and by nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parking_lot::Mutex;
use roomcast_protocol::{Joined, Members, PresenceNews, RoomName, UserId};

/// What each session holds at rest, by room.
pub(crate) type Views = Arc<Mutex<BTreeMap<usize, BTreeMap<RoomName, View>>>>;

/// A list that begins with `joined`, is completed by `who`, and kept by what is told after.
#[derive(Clone, Default, Debug)]
pub(crate) struct View {
    users: BTreeSet<UserId>,
    count: u64,
    /// Whether every page has come.
    pub(crate) whole: bool,
    /// Whether pages are on their way.
    pub(crate) is_paging: bool,
    /// What could not be: somebody who came twice, or left without being there.
    odd: Vec<String>,
}

impl View {
    pub(crate) fn of(joined: &Joined) -> Self {
        let members = joined.members.iter().flatten();
        let users: BTreeSet<UserId> = members.map(|member| member.user.clone()).collect();
        Self {
            whole: joined.members.is_some() && users.len() as u64 == joined.count,
            users,
            count: joined.count,
            is_paging: false,
            odd: Vec::new(),
        }
    }

    /// The last one known of a list that is not whole: where the next page begins.
    pub(crate) fn page(&mut self, page: &Members) -> Option<UserId> {
        let last = page.members.last().map(|member| member.user.clone());
        let users = page.members.iter().map(|member| member.user.clone());
        self.users.extend(users);
        self.count = page.count;
        self.whole = !page.more;
        self.is_paging = page.more;
        last.filter(|_| page.more)
    }

    pub(crate) fn begin_pages(&mut self) {
        self.users.clear();
        self.whole = false;
        self.is_paging = true;
    }

    pub(crate) fn comes(&mut self, user: UserId, count: u64) {
        self.count = count;
        if !self.users.insert(user.clone()) && self.whole {
            self.odd.push(format!("{user} came twice"));
        }
    }

    pub(crate) fn goes(&mut self, user: &UserId, count: u64) {
        self.count = count;
        if !self.users.remove(user) && self.whole {
            self.odd.push(format!("{user} left twice"));
        }
    }

    /// Whether the list must be asked for anew.
    pub(crate) fn sums(&mut self, news: PresenceNews) -> bool {
        let is_lost = news.joined.is_empty() && news.left.is_empty();
        for user in &news.left {
            self.goes(user, news.count);
        }
        for member in news.joined {
            self.comes(member.user, news.count);
        }
        self.count = news.count;
        is_lost
    }

    pub(crate) fn differs_from(&self, truth: &BTreeSet<UserId>) -> Option<String> {
        let missing: Vec<_> = truth.difference(&self.users).take(5).collect();
        let ghosts: Vec<_> = self.users.difference(truth).take(5).collect();
        let agrees = self.whole
            && missing.is_empty()
            && ghosts.is_empty()
            && self.count == truth.len() as u64
            && self.odd.is_empty();
        (!agrees).then(|| {
            format!(
                "whole {}, count {} of {}, missing {missing:?}, ghosts {ghosts:?}, odd {:?}",
                self.whole,
                self.count,
                truth.len(),
                self.odd
            )
        })
    }
}
