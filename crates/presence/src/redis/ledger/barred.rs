//! What the ledger makes of bans: a session that may not be here is forgotten.
//!
//! Keeps true: a refusal leaves no doubt about a join behind, so that nobody is entered only to
//! find out whether they were.

use roomcast_protocol::{RoomName, SessionId, UserId};
use tokio::time::Instant;

use super::super::life::Life;
use super::super::step::{Due, Held};
use super::Ledger;

/// An edition that no list of sessions has.
const NO_EDITION: u64 = u64::MAX;

impl Ledger {
    /// A hold came up against a ban, and did nothing; `stands` if they are held all the same. Whether
    /// a join is to be told: one from before the ban, whose answer was lost.
    pub(in crate::redis) fn barred(
        &mut self,
        (room, user): (&RoomName, &UserId),
        life: &Life,
        (answer, stands): (Held, bool),
        now: Instant,
    ) -> bool {
        if answer.joined {
            // As if held, but their sessions were not listed.
            let edition = NO_EDITION;
            return self.held((room, user), life, Held { edition, ..answer }, now);
        }
        let stands = stands && self.is_present(life);
        let known = self.rooms.get_mut(room);
        if let Some(person) = known.and_then(|known| known.people.get_mut(user)) {
            person.barred(answer.token, stands);
        }
        false
    }

    /// Forgets a session that may not be here.
    pub(in crate::redis) fn refuse(&mut self, room: &RoomName, session: SessionId, now: Instant) {
        if let Some(user) = self.leave(room, session, now) {
            self.agenda.set(Due::Person(room.clone(), user), now);
        }
    }
}
