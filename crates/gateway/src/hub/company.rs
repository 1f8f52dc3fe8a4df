//! The people of one room, as this node knows them, and the joiners that wait to be among them.

use std::time::Duration;

use tokio::time::Instant;

use super::order::JoinRequest;
use super::reads::Reads;
use super::roster::Roster;
use super::typists::Typists;

/// Presence that has lost its memory learns it again from each node's next beat.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(5);
/// Beats may fail.
const ASK_AGAIN_TIMES: u32 = 3;

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
    /// Presence may still be learning what it lost: it is asked again then, and so often.
    pub(super) ask_again: Option<(Instant, u32)>,
    /// Whether bans must be looked up: an order may have been missed.
    pub(super) must_check_bans: bool,
    /// When bans were last looked up. Who asked to join before it may have been let in by presence
    /// before the ban, and be a member only now.
    pub(super) bans_read_at: Option<Instant>,
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
            ask_again: None,
            must_check_bans: false,
            bans_read_at: None,
            is_missed: false,
        }
    }

    /// Whatever was heard, something may have been missed.
    pub(super) fn doubt(&mut self) {
        self.roster.doubt();
        self.must_check_bans = true;
    }

    /// The same, and presence may have lost its memory.
    pub(super) fn doubt_presence(&mut self, now: Instant) {
        self.doubt();
        self.ask_again = Some((now + ASK_AGAIN_AFTER, ASK_AGAIN_TIMES));
    }

    /// Looks at the clock.
    pub(super) fn pulse(&mut self, now: Instant) {
        if let Some((at, times)) = self.ask_again
            && at <= now
        {
            self.roster.doubt();
            self.ask_again = (times > 1).then(|| (now + ASK_AGAIN_AFTER, times - 1));
        }
    }

    /// Whether the next pulse has something to do.
    pub(super) fn is_stirred(&self) -> bool {
        self.roster.is_stirred()
            || self.typists.is_stirred()
            || !self.reads.is_empty()
            || !self.expected.is_empty()
            || self.must_check_bans
            || self.ask_again.is_some()
            || self.is_missed
    }

    /// The joiners that need not wait any longer.
    pub(super) fn arrived(&mut self) -> Vec<JoinRequest> {
        let roster = &self.roster;
        let here = |request: &mut JoinRequest| roster.includes(request.revision.unwrap_or(0));
        self.expected.extract_if(.., here).collect()
    }
}
