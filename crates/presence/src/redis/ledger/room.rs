//! One room, as this node knows it: its own people there and their sessions.

use std::collections::HashMap;

use roomcast_protocol::{SessionId, UserId};

use super::super::person::Person;

#[derive(Debug, Default)]
pub(super) struct Room {
    pub(super) people: HashMap<UserId, Person>,
    pub(super) sessions: HashMap<SessionId, UserId>,
    pub(super) registered: bool,
}

impl Room {
    /// The sessions of `user` in the order of their ids, at most `limit`.
    pub(super) fn sessions_of(&self, user: &UserId, limit: usize) -> Vec<SessionId> {
        let theirs = self.sessions.iter().filter(|(_, owner)| *owner == user);
        let mut sessions: Vec<SessionId> = theirs.map(|(session, _)| *session).collect();
        sessions.sort_unstable();
        sessions.truncate(limit);
        sessions
    }
}
