//! Who is here, as far as it was told.

use std::collections::{BTreeMap, BTreeSet};

use roomcast_protocol::{DisplayName, Member, UserId};

use crate::outgoing::MembersPage;

/// Users held; of rooms that are larger, no complete list is to be had.
const USERS_MAX: usize = 10_000;

#[derive(Clone, Default, Debug)]
pub(super) struct People {
    pub(super) count: u64,
    users: BTreeMap<UserId, Option<DisplayName>>,
    listed: Listed,
}

/// For which users, in the order of their ids, we know who is here and who is not.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
enum Listed {
    #[default]
    Nobody,
    UpTo(UserId),
    All,
}

impl People {
    /// What `joined` says of them: the first ones, or nobody.
    pub(super) fn began(&mut self, count: u64, members: Option<&[Member]>) {
        *self = Self {
            count,
            ..Self::default()
        };
        let members = members.unwrap_or_default();
        for member in members {
            self.came(&member.user, member.name.as_ref());
        }
        self.listed = match members.last() {
            _ if members.len() as u64 == count => Listed::All,
            Some(last) => Listed::UpTo(last.user.clone()),
            None => Listed::Nobody,
        };
    }

    pub(super) fn came(&mut self, user: &UserId, name: Option<&DisplayName>) {
        if self.users.len() >= USERS_MAX && !self.users.contains_key(user) {
            self.lose_track();
            return;
        }
        self.users.insert(user.clone(), name.cloned());
    }

    pub(super) fn went(&mut self, user: &UserId) {
        self.users.remove(user);
    }

    /// Who comes and goes is not told any more, or was not told for a while.
    pub(super) fn lose_track(&mut self) {
        self.listed = Listed::Nobody;
    }

    /// A page: those it spans and doesn't name are not here.
    pub(super) fn listed(&mut self, page: &MembersPage) {
        self.count = page.count;
        let last = page.members.last().map(|member| &member.user);
        if page.more && last.is_none() {
            return;
        }
        let named: BTreeSet<&UserId> = page.members.iter().map(|member| &member.user).collect();
        let is_spanned = |user: &UserId| {
            let is_after = page.after.as_ref().is_none_or(|after| user > after);
            is_after && (!page.more || last.is_some_and(|last| user <= last))
        };
        self.users
            .retain(|user, _| named.contains(user) || !is_spanned(user));
        let is_next = match (&page.after, &self.listed) {
            (None, _) | (_, Listed::All) => true,
            (Some(after), Listed::UpTo(listed)) => after <= listed,
            (Some(_), Listed::Nobody) => false,
        };
        if is_next {
            self.listed = match (std::mem::take(&mut self.listed), last) {
                (Listed::All, _) => Listed::All,
                _ if !page.more => Listed::All,
                (Listed::UpTo(listed), Some(last)) => Listed::UpTo(listed.max(last.clone())),
                (Listed::Nobody, Some(last)) => Listed::UpTo(last.clone()),
                (listed @ (Listed::UpTo(_) | Listed::Nobody), None) => listed,
            };
        }
        for member in &page.members {
            self.came(&member.user, member.name.as_ref());
        }
    }

    /// The count is a second witness: it disagrees where something was not told.
    pub(super) fn is_complete(&self) -> bool {
        self.listed == Listed::All && self.users.len() as u64 == self.count
    }

    pub(super) fn users(&self) -> impl Iterator<Item = (&UserId, Option<&DisplayName>)> {
        self.users.iter().map(|(user, name)| (user, name.as_ref()))
    }
}
