//! Who has read how far, and how much there is left to read.
//!
//! Inside an epoch positions rise by one, so what is unread is the distance from one's own mark to
//! the last message.

use std::collections::BTreeMap;

use roomcast_protocol::{Epoch, Position, Seq, UserId};

/// Marks of others held; those furthest behind go first.
const MARKS_MAX: usize = 1_000;

#[derive(Clone, Default, Debug)]
pub(super) struct Reading {
    epoch: Option<Epoch>,
    /// The last position known to be taken.
    head: u64,
    own: Option<Seq>,
    /// What counts as read; one's own mark, or the beginning of the epoch.
    read_up_to: Option<u64>,
    marks: BTreeMap<UserId, Seq>,
}

impl Reading {
    /// What `joined` says: a position covered, one's own mark, how much stands behind it.
    pub(super) fn began(&mut self, at: Position, own: Option<Seq>, unread: Option<u64>) {
        self.turn_to(at.epoch);
        self.own = self.own.max(own);
        // The log may reach further than a `joined` with its page does.
        let told_head = match (own, unread) {
            (Some(own), Some(unread)) => own.value().saturating_add(unread),
            (None, Some(unread)) => unread,
            (_, None) => 0,
        };
        let head = told_head.max(at.seq.value());
        self.head = self.head.max(head);
        let read_up_to = unread.map(|unread| head.saturating_sub(unread));
        self.read_up_to = self
            .read_up_to
            .max(read_up_to)
            .max(self.own.map(Seq::value));
    }

    pub(super) fn said(&mut self, at: Position) {
        if self.epoch != Some(at.epoch) {
            self.skipped(at.epoch, at.seq.previous());
        }
        self.head = self.head.max(at.seq.value());
    }

    /// Positions up to `to` will not come. They count as unread, unless they are of an epoch in
    /// which nobody can have read yet.
    pub(super) fn skipped(&mut self, epoch: Epoch, to: Seq) {
        let is_new = self.turn_to(epoch);
        self.head = self.head.max(to.value());
        if is_new {
            self.read_up_to = Some(to.value());
        }
    }

    /// The user has read, here or in another session.
    pub(super) fn read(&mut self, seq: Seq) {
        self.own = self.own.max(Some(seq));
        self.read_up_to = self.read_up_to.max(Some(seq.value()));
        // A mark stands at a message, which may still be on its way.
        self.head = self.head.max(seq.value());
    }

    pub(super) fn read_by(&mut self, user: &UserId, seq: Seq) {
        if let Some(mark) = self.marks.get_mut(user) {
            *mark = seq.max(*mark);
            return;
        }
        if self.marks.len() >= MARKS_MAX {
            let behind = self.marks.iter().min_by_key(|(_, mark)| **mark);
            if let Some((behind, _)) = behind.filter(|(_, mark)| **mark < seq) {
                let behind = behind.clone();
                self.marks.remove(&behind);
            } else {
                return;
            }
        }
        self.marks.insert(user.clone(), seq);
    }

    pub(super) fn own(&self) -> Option<Seq> {
        self.own
    }

    pub(super) fn unread(&self) -> Option<u64> {
        let read_up_to = self.read_up_to?;
        Some(self.head.saturating_sub(read_up_to))
    }

    pub(super) fn marks(&self) -> impl Iterator<Item = (&UserId, Seq)> {
        self.marks.iter().map(|(user, seq)| (user, *seq))
    }

    /// In another epoch, marks say nothing. Says whether it is another.
    fn turn_to(&mut self, epoch: Epoch) -> bool {
        let is_new = self.epoch != Some(epoch);
        if is_new {
            *self = Self {
                epoch: Some(epoch),
                ..Self::default()
            };
        }
        is_new
    }
}
