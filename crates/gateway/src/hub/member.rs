//! One session in one room: how far it has been told, and whether it is told live.

use roomcast_protocol::{RoomName, Seq, SessionId, UserId};

use crate::frame::Frame;
use crate::outbox::{Offer, Outbox};

/// A member, as the relay of its room knows it.
pub(super) struct Member {
    pub(super) session: SessionId,
    pub(super) user: UserId,
    pub(super) outbox: Outbox,
    /// The last position told, in the room's epoch. What comes next has `told + 1` (P2, P3).
    pub(super) told: Seq,
    /// Whether new messages are told as they come. Otherwise they are read from the log (P10).
    pub(super) live: bool,
    /// A read of the log for this member is on its way.
    pub(super) reading: bool,
    /// It was not told of a coming or going.
    pub(super) missed: bool,
}

impl Member {
    /// Tells the message at `seq`, if it is this member's next one.
    pub(super) fn tell(&mut self, room: &RoomName, seq: Seq, frame: &Frame) -> Offer {
        if seq != self.told.next() {
            return Offer::Taken;
        }
        let offer = self.outbox.offer_message(frame);
        match offer {
            Offer::Taken => self.told = seq,
            Offer::Full => {
                self.live = false;
                self.outbox.note_behind(room);
            }
            Offer::Closed => self.live = false,
        }
        offer
    }
}
