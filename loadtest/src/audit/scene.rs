//! Where a violation is told: it gets the room, the client, the time and the fault that was on.

use super::check::Check;
use super::faults::seconds;
use super::plan::Plan;
use super::survey::Survey;
use super::tally::Tally;

/// One room under the eyes of the audit.
pub(super) struct Scene<'a> {
    pub(super) survey: &'a Survey,
    pub(super) plan: &'a Plan,
    pub(super) room: u32,
    pub(super) tally: &'a mut Tally,
}

impl Scene<'_> {
    pub(super) fn looked(&mut self, check: Check, cases: u64) {
        self.tally.looked(check, cases);
    }

    /// Notes a violation that came to light at a time of the run.
    pub(super) fn found(&mut self, check: Check, at_us: u64, words: impl FnOnce() -> String) {
        let (survey, room) = (self.survey, self.room);
        self.tally.found(check, || {
            let (room, fault) = (survey.names.text(room), survey.faults.words(at_us));
            format!("{room} at {}, {fault}: {}", seconds(at_us), words())
        });
    }

    pub(super) fn room_name(&self) -> &str {
        self.survey.names.text(self.room)
    }

    /// When the client's ledger comes to rest, if it does.
    pub(super) fn rest_us(&self, client: u32) -> Option<u64> {
        let known = self.survey.clients.get(&client)?;
        self.survey.files[known.file].rest_us
    }

    /// A client in words.
    pub(super) fn who(&self, client: u32) -> String {
        let known = self.survey.clients.get(&client);
        let user = known.map_or("nobody known", |known| self.survey.names.text(known.user));
        format!("{user} (client {client})")
    }
}
