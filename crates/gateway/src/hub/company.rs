//! The people of one room, as this node knows them, and the joiners that wait to be among them.

use super::order::JoinRequest;
use super::reads::Reads;
use super::roster::Roster;
use super::typists::Typists;

/// An inbox has none: its user alone is in it.
pub(super) struct Company {
    pub(super) roster: Roster,
    pub(super) typists: Typists,
    pub(super) reads: Reads,
    /// Joiners that wait until the roster includes them, so that what `joined` says and what is
    /// told afterwards add up.
    pub(super) expected: Vec<JoinRequest>,
    /// Presence is being asked; so many of the expected were there when it was.
    pub(super) asking: Option<usize>,
    /// Whether bans must be looked up: an order may have been missed.
    pub(super) must_check_bans: bool,
    /// Whether some member was not told of a coming or going.
    pub(super) is_missed: bool,
}

impl Company {
    pub(super) fn new() -> Self {
        Self {
            roster: Roster::new(),
            typists: Typists::default(),
            reads: Reads::default(),
            expected: Vec::new(),
            asking: None,
            must_check_bans: false,
            is_missed: false,
        }
    }

    /// Whether the next pulse has something to do.
    pub(super) fn is_stirred(&self) -> bool {
        self.roster.is_stirred()
            || self.typists.is_stirred()
            || !self.reads.is_empty()
            || !self.expected.is_empty()
            || self.must_check_bans
            || self.is_missed
    }

    /// The joiners that need not wait any longer.
    pub(super) fn arrived(&mut self) -> Vec<JoinRequest> {
        let roster = &self.roster;
        let here = |request: &mut JoinRequest| roster.includes(request.revision.unwrap_or(0));
        self.expected.extract_if(.., here).collect()
    }
}
