//! The sessions of this node: found when the node drains, counted by user. Pure.

use std::collections::HashMap;

use roomcast_protocol::{SessionId, UserId};

use crate::outbox::Outbox;

#[derive(Default)]
pub(crate) struct Registry {
    sessions: HashMap<SessionId, Outbox>,
    by_user: HashMap<UserId, usize>,
}

impl Registry {
    /// Takes a session in, unless its user has `user_max` of them already.
    pub(crate) fn insert(
        &mut self,
        session: SessionId,
        user: &UserId,
        outbox: &Outbox,
        user_max: usize,
    ) -> bool {
        let count = self.by_user.entry(user.clone()).or_default();
        if *count >= user_max {
            return false;
        }
        *count += 1;
        self.sessions.insert(session, outbox.clone());
        true
    }

    /// Takes out a session that was taken in for this user.
    pub(crate) fn remove(&mut self, session: SessionId, user: &UserId) {
        if self.sessions.remove(&session).is_none() {
            return;
        }
        if let Some(count) = self.by_user.get_mut(user) {
            *count -= 1;
            if *count == 0 {
                self.by_user.remove(user);
            }
        }
    }

    pub(crate) fn outboxes(&self) -> Vec<Outbox> {
        self.sessions.values().cloned().collect()
    }

    /// Bytes that wait in all outboxes.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.sessions.values().map(Outbox::waiting_bytes).sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }
}
