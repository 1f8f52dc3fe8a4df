//! Who types, for as long as that may be believed.

use std::collections::BTreeMap;

use roomcast_protocol::{TypingNews, UserId};

/// A server ends typing 6 s after its last repetition and tells so. That word may be lost to a slow
/// reader, so 2 s later it is no longer waited for.
const BELIEVED_MS: u64 = 8_000;
/// Users held who type at the same time; servers name far fewer.
const TYPISTS_MAX: usize = 64;

#[derive(Clone, Default, Debug)]
pub(super) struct Typing {
    /// Until when each is believed to.
    users: BTreeMap<UserId, u64>,
    /// How many, and until when, where they are too many to be named.
    crowd: Option<(u64, u64)>,
}

impl Typing {
    pub(super) fn seen(&mut self, user: &UserId, is_typing: bool, now_ms: u64) {
        self.users.retain(|_, until_ms| *until_ms > now_ms);
        if !is_typing {
            self.users.remove(user);
        } else if self.users.len() < TYPISTS_MAX || self.users.contains_key(user) {
            let until_ms = now_ms.saturating_add(BELIEVED_MS);
            self.users.insert(user.clone(), until_ms);
        }
    }

    /// What was known before counts no more.
    pub(super) fn replace(&mut self, news: Option<&TypingNews>, now_ms: u64) {
        *self = Self::default();
        let Some(news) = news else {
            return;
        };
        if news.users.is_empty() && news.count > 0 {
            self.crowd = Some((news.count, now_ms.saturating_add(BELIEVED_MS)));
        }
        for user in &news.users {
            self.seen(user, true, now_ms);
        }
    }

    /// Who types besides `user`.
    pub(super) fn now(&self, user: &UserId, now_ms: u64) -> TypingNews {
        if let Some((count, until_ms)) = self.crowd
            && until_ms > now_ms
        {
            let users = Vec::new();
            return TypingNews { count, users };
        }
        let believed = self.users.iter();
        let users: Vec<UserId> = believed
            .filter(|(other, until_ms)| **until_ms > now_ms && *other != user)
            .map(|(other, _)| other.clone())
            .collect();
        TypingNews {
            count: users.len() as u64,
            users,
        }
    }

    pub(super) fn ends_at_ms(&self, now_ms: u64) -> Option<u64> {
        let crowd = self.crowd.map(|(_, until_ms)| until_ms);
        let all = self.users.values().copied().chain(crowd);
        all.filter(|until_ms| *until_ms > now_ms).min()
    }
}
