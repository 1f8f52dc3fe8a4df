//! The members of a room here: found by session, walked in a row.

use std::collections::HashMap;

use roomcast_protocol::{Seq, SessionId};

use super::member::Member;

/// After at most so many sweeps it is looked whether a member's session has ended without a word.
/// None should: it costs a lock a member, and is there only for what nobody thought of.
const SWEEPS_A_LOOK: u32 = 20;

/// Members that are looked through rather than looked up.
const FEW: usize = 8;

#[derive(Default)]
pub(super) struct Members {
    row: Vec<Member>,
    /// Where each is in the row; empty while so few are in it that looking through is as good.
    places: HashMap<SessionId, usize>,
    sweeps_left: u32,
}

impl Members {
    pub(super) fn is_empty(&self) -> bool {
        self.row.is_empty()
    }

    /// The furthest position that any of them was told.
    pub(super) fn furthest(&self) -> Option<Seq> {
        self.row.iter().map(|member| member.told).max()
    }

    pub(super) fn insert(&mut self, member: Member) {
        self.remove(member.session);
        if self.row.is_empty() {
            // Most rooms are inboxes, with one session in them.
            self.row.reserve_exact(1);
        }
        if !self.places.is_empty() {
            self.places.insert(member.session, self.row.len());
        }
        self.row.push(member);
        if self.places.is_empty() && self.row.len() > FEW {
            let places = self.row.iter().enumerate();
            self.places = places.map(|(place, it)| (it.session, place)).collect();
        }
    }

    pub(super) fn remove(&mut self, session: SessionId) {
        let Some(place) = self.place(session) else {
            return;
        };
        self.row.swap_remove(place);
        if self.places.remove(&session).is_some()
            && let Some(moved) = self.row.get(place)
        {
            self.places.insert(moved.session, place);
        }
    }

    pub(super) fn one(&mut self, session: SessionId) -> Option<&mut Member> {
        let place = self.place(session)?;
        self.row.get_mut(place)
    }

    /// Now and then removes members whose session has ended without a word.
    pub(super) fn sweep(&mut self) {
        if let Some(left) = self.sweeps_left.checked_sub(1) {
            self.sweeps_left = left;
            return;
        }
        // At random, so that rooms that opened together take turns.
        self.sweeps_left = rand::random_range(SWEEPS_A_LOOK / 2..SWEEPS_A_LOOK);
        let closed: Vec<_> = self
            .row
            .iter()
            .filter(|m| m.outbox.is_shut())
            .map(|m| m.session)
            .collect();
        for session in closed {
            self.remove(session);
        }
    }

    fn place(&self, session: SessionId) -> Option<usize> {
        if self.places.is_empty() {
            return self.row.iter().position(|it| it.session == session);
        }
        self.places.get(&session).copied()
    }

    /// How many are told live.
    pub(super) fn live(&self) -> usize {
        self.row.iter().filter(|member| member.live).count()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Member> {
        self.row.iter_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::Outbox;

    fn member(n: u128) -> Member {
        Member {
            session: SessionId::from_uuid(uuid::Uuid::from_u128(n)),
            user: "u".parse().unwrap(),
            outbox: Outbox::new(1),
            told: Seq::ZERO,
            live: true,
            reading: false,
            missed: false,
        }
    }

    #[test]
    fn who_ends_without_a_word_is_gone_after_some_sweeps() {
        let mut members = Members::default();
        for n in 0..3 {
            members.insert(member(n));
        }
        members.sweep();
        let ended = member(1).session;
        members.one(ended).unwrap().outbox.shut();
        let sweeps = (1..).take_while(|_| {
            members.sweep();
            members.one(ended).is_some()
        });
        let looked_after = sweeps.take(100).count() + 1;
        assert!((10..=20).contains(&looked_after), "{looked_after} sweeps");
        assert_eq!(members.iter_mut().count(), 2, "the others stay");
    }

    #[test]
    fn everybody_is_found_after_somebody_left() {
        let mut members = Members::default();
        let sessions: Vec<_> = (0..10).map(|n| member(n).session).collect();
        for n in 0..10 {
            members.insert(member(n));
            assert!(members.one(sessions[n as usize]).is_some(), "{n}");
        }
        for gone in [0, 9, 4] {
            members.remove(sessions[gone]);
        }
        for (n, session) in sessions.iter().enumerate() {
            let found = members.one(*session).map(|member| member.session);
            assert_eq!(found, (![0, 4, 9].contains(&n)).then_some(*session));
        }
        assert_eq!(members.iter_mut().count(), 7);
    }
}
