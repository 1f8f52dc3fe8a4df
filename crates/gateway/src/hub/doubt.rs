//! Doubts: the part of the relay that looks up what it may have missed, in one room or in all (P7, P9).
//!
//! What was said is in the log, who is there is in presence. Orders about a user come through their inbox
//! and are kept nowhere, but a ban is: where an inbox is doubted, bans are looked up in every room on
//! this node that its user is in.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use roomcast_protocol::{RoomName, UserId};
use tokio::time::Instant;

use super::company::Company;
use super::order::Order;
use super::reading::Done;
use super::relay::Relay;

impl Relay {
    /// Something may have been missed in a room.
    pub(super) fn doubt(&mut self, name: &RoomName) {
        self.repair(name, Duration::ZERO);
        let Some(room) = self.rooms.get_mut(name) else {
            return;
        };
        match &mut room.company {
            Some(company) => company.doubt(),
            None => self.unheard.extend(name.owner()),
        }
        self.stir(name);
    }

    /// From time to time: a change that was lost without a trace, as the last in its room, is found
    /// by asking once.
    pub(super) fn look_at_everybody(&mut self) {
        self.doubt_all(Company::doubt);
    }

    /// The feed was interrupted: something may have been missed, and presence may have forgotten.
    pub(super) fn doubt_everybody(&mut self) {
        let now = Instant::now();
        self.doubt_all(|company| company.doubt_presence(now));
    }

    fn doubt_all(&mut self, doubt: impl Fn(&mut Company)) {
        let mut doubted = HashSet::new();
        for room in self.rooms.values_mut() {
            if let Some(company) = &mut room.company {
                doubt(company);
                doubted.insert(room.name.clone());
            }
        }
        self.stirred.extend(doubted);
    }

    /// Has all relays look up whether those users are banned whose inboxes are doubted; once a pulse,
    /// for it takes a walk through all members.
    pub(super) fn share_doubts(&mut self) {
        if self.unheard.is_empty() {
            return;
        }
        let users = Arc::new(std::mem::take(&mut self.unheard));
        let siblings = self.siblings.clone();
        self.reads.push(Box::pin(async move {
            for shard in siblings.all() {
                let _ = shard.send(Order::CheckBans(users.clone())).await;
            }
            Done::Nothing
        }));
    }

    /// Has bans looked up in the rooms that any of these users is in.
    pub(super) fn check_bans(&mut self, users: &HashSet<UserId>) {
        for room in self.rooms.values_mut() {
            let Some(company) = &mut room.company else {
                continue;
            };
            if room.members.iter_mut().any(|it| users.contains(&it.user)) {
                company.must_check_bans = true;
                self.stirred.insert(room.name.clone());
            }
        }
    }
}
