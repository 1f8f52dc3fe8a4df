//! Read marks that moved in a large room and wait to be told together. Pure.

use std::collections::BTreeMap;

use roomcast_protocol::{ReadMark, Reads as Told, RoomName, Seq, ServerFrame, UserId, UserMark};

/// Users whose marks wait; what moves beyond it is told when it moves again.
const WAITING_MAX: usize = 2_000;
/// Marks told at once; the others come next.
const MARKS_PER_FRAME: usize = 500;

#[derive(Default)]
pub(super) struct Reads(BTreeMap<UserId, Seq>);

impl Reads {
    /// Somebody has read.
    pub(super) fn gather(&mut self, read: ReadMark) {
        if self.0.len() < WAITING_MAX || self.0.contains_key(&read.user) {
            // Two nodes' words may cross on the way, and a mark never goes back.
            let mark = self.0.entry(read.user).or_insert(read.seq);
            *mark = read.seq.max(*mark);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Everything that waits.
    pub(super) fn take(&mut self) -> BTreeMap<UserId, Seq> {
        std::mem::take(&mut self.0)
    }

    /// The next summary.
    pub(super) fn pulse(&mut self, room: &RoomName) -> Option<ServerFrame> {
        let mut marks = Vec::new();
        while marks.len() < MARKS_PER_FRAME
            && let Some((user, seq)) = self.0.pop_first()
        {
            marks.push(UserMark { user, seq });
        }
        let room = room.clone();
        (!marks.is_empty()).then_some(ServerFrame::Reads(Told { room, marks }))
    }
}
