//! One client's way through one room: what it was told, step by step, over all its sessions.
//!
//! Pure. Keeps a cursor as the wire's document describes one, and written for this purpose alone. A
//! missing position is a hole only once nothing can fill it: one that comes late is out of order.

use super::trouble::Trouble;
use crate::ledger::record::{Place, Range};

/// Where a client is in a room, and how it came there.
#[derive(Default)]
pub(in crate::audit) struct Walk {
    stands: Option<Place>,
    /// The session that is joined, by its number in the file.
    session: Option<u32>,
    asked: Option<Asked>,
    page: Option<Page>,
    missing: Vec<Missing>,
    moved_us: u64,
    left_us: Option<u64>,
    /// How it was at rest, once it has gone on after that.
    at_rest: Option<AtRest>,
}

/// Where a client is in a room when its ledger comes to rest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::audit) struct AtRest {
    pub(in crate::audit) stands: Option<Place>,
    /// The session that is joined, or has asked and got no answer.
    pub(in crate::audit) session: Option<u32>,
    /// Whether a join is not answered.
    pub(in crate::audit) is_waiting: bool,
    /// Messages of `joined` that have not come.
    pub(in crate::audit) still_to_come: u32,
    /// When it last moved.
    pub(in crate::audit) moved_us: u64,
}

struct Asked {
    session: u32,
    since: Option<Place>,
}

/// Messages of a `joined` that are still to come, and where they lead.
struct Page {
    left: u32,
    leads_to: Place,
}

struct Missing {
    epoch: u64,
    seqs: Range,
}

/// More holes than these in one session are told as they arise.
const MISSING_MAX: usize = 32;

/// A gap that fits; whether it is true is known at the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::audit) struct ToldGap {
    /// Where the client stood before.
    pub(in crate::audit) left: Place,
    pub(in crate::audit) epoch: u64,
    pub(in crate::audit) gap: Range,
}

/// What `joined` says.
pub(in crate::audit) struct JoinedWords {
    pub(in crate::audit) at: Place,
    pub(in crate::audit) recovered: bool,
    pub(in crate::audit) gap: Option<Range>,
    pub(in crate::audit) messages: u32,
}

impl Walk {
    /// When it last moved.
    pub(in crate::audit) fn moved_us(&self) -> u64 {
        self.moved_us
    }

    /// How it was when the client's ledger came to rest, at that time.
    pub(in crate::audit) fn at_rest(&self, rest_us: u64) -> AtRest {
        self.at_rest.unwrap_or_else(|| {
            let asking = self.asked.as_ref().map(|asked| asked.session);
            let is_in = self.left_us.is_none_or(|left| left > rest_us);
            AtRest {
                stands: self.stands,
                session: asking.or(self.session).filter(|_| is_in),
                is_waiting: self.asked.is_some(),
                still_to_come: self.page.as_ref().map_or(0, |page| page.left),
                moved_us: self.moved_us,
            }
        })
    }

    /// The client goes on at `at_us`: what it does after its rest says nothing of how it was then.
    pub(in crate::audit) fn goes_on(&mut self, at_us: u64, rest_us: Option<u64>) {
        if let Some(rest_us) = rest_us.filter(|rest| *rest < at_us) {
            self.at_rest = Some(self.at_rest(rest_us));
        }
    }

    pub(in crate::audit) fn asked(
        &mut self,
        session: u32,
        since: Option<Place>,
        troubles: &mut Vec<Trouble>,
    ) {
        self.end(troubles);
        if let Some(since) = since {
            let honest = self
                .stands
                .is_some_and(|at| at.epoch == since.epoch && since.seq <= at.seq);
            if !honest {
                let stands = self.stands;
                troubles.push(Trouble::ResumedFromElsewhere { since, stands });
            }
        }
        self.asked = Some(Asked { session, since });
        self.session = None;
        self.page = None;
        self.left_us = None;
    }

    pub(in crate::audit) fn joined(
        &mut self,
        session: u32,
        at_us: u64,
        words: &JoinedWords,
        troubles: &mut Vec<Trouble>,
    ) -> Option<ToldGap> {
        // One's own inbox is joined without asking.
        let asked = self.asked.take().filter(|asked| asked.session == session);
        let since = asked.and_then(|asked| asked.since);
        self.end(troubles);
        (self.session, self.left_us, self.moved_us) = (Some(session), None, at_us);
        if words.recovered != (since.is_some() && words.gap.is_none()) {
            let recovered = words.recovered;
            troubles.push(Trouble::RecoveredLies { recovered });
        }
        let at = words.at;
        let before_page = Place {
            seq: at.seq.saturating_sub(u64::from(words.messages)),
            ..at
        };
        let mut told = None;
        self.stands = Some(match (words.gap, since) {
            (Some(gap), None) => {
                troubles.push(Trouble::GapForNewcomer { gap });
                before_page
            }
            (Some(gap), Some(left)) => {
                told = fit(left, at.epoch, gap, troubles);
                Place { seq: gap.to, ..at }
            }
            (None, Some(since)) if since.epoch != at.epoch => {
                troubles.push(Trouble::SilentEpoch { stood: since, at });
                before_page
            }
            (None, Some(since)) => since,
            (None, None) => before_page,
        });
        self.page = Some(Page {
            left: words.messages,
            leads_to: at,
        });
        self.close_page(troubles);
        told
    }

    pub(in crate::audit) fn received(
        &mut self,
        session: u32,
        at_us: u64,
        at: Place,
        troubles: &mut Vec<Trouble>,
    ) {
        let stood = match self.stands {
            Some(stood) if self.is_in(session) => stood,
            _ => {
                troubles.push(Trouble::NotJoined { at });
                return;
            }
        };
        if let Some(page) = &mut self.page {
            page.left = page.left.saturating_sub(1);
        }
        if at.epoch != stood.epoch {
            troubles.push(Trouble::SilentEpoch { stood, at });
            self.move_to(at, at_us);
        } else if at.seq == stood.seq.saturating_add(1) {
            self.move_to(at, at_us);
        } else if at.seq > stood.seq {
            let seqs = Range {
                from: stood.seq + 1,
                to: at.seq - 1,
            };
            self.miss(
                Missing {
                    epoch: at.epoch,
                    seqs,
                },
                troubles,
            );
            self.move_to(at, at_us);
        } else if self.fill(at) {
            troubles.push(Trouble::Disorder { stood, at });
        } else {
            troubles.push(Trouble::Repeat { stood, at });
        }
        self.close_page(troubles);
    }

    pub(in crate::audit) fn gap(
        &mut self,
        session: u32,
        at_us: u64,
        epoch: u64,
        gap: Range,
        troubles: &mut Vec<Trouble>,
    ) -> Option<ToldGap> {
        let at = Place { epoch, seq: gap.to };
        let stood = match self.stands {
            Some(stood) if self.is_in(session) => stood,
            _ => {
                troubles.push(Trouble::NotJoined { at });
                return None;
            }
        };
        let told = fit(stood, epoch, gap, troubles);
        if epoch != stood.epoch || gap.to > stood.seq {
            self.move_to(at, at_us);
        }
        told
    }

    /// The session is no longer in the room.
    pub(in crate::audit) fn left(&mut self, at_us: u64, troubles: &mut Vec<Trouble>) {
        self.end(troubles);
        self.asked = None;
        self.left_us = Some(at_us);
    }

    /// Nothing more comes that could fill what is missing.
    pub(in crate::audit) fn end(&mut self, troubles: &mut Vec<Trouble>) {
        let holes = self.missing.drain(..).map(|missing| Trouble::Hole {
            epoch: missing.epoch,
            seqs: missing.seqs,
        });
        troubles.extend(holes);
    }

    fn is_in(&self, session: u32) -> bool {
        self.session == Some(session) && self.left_us.is_none()
    }

    fn move_to(&mut self, at: Place, at_us: u64) {
        (self.stands, self.moved_us) = (Some(at), at_us);
    }

    fn miss(&mut self, missing: Missing, troubles: &mut Vec<Trouble>) {
        if self.missing.len() >= MISSING_MAX {
            self.end(troubles);
        }
        self.missing.push(missing);
    }

    /// Whether a position was missing; it no longer is.
    fn fill(&mut self, at: Place) -> bool {
        let holds = |missing: &Missing| {
            let Range { from, to } = missing.seqs;
            missing.epoch == at.epoch && (from..=to).contains(&at.seq)
        };
        let Some(index) = self.missing.iter().position(holds) else {
            return false;
        };
        let Missing { epoch, seqs } = self.missing.swap_remove(index);
        let before = (seqs.from, at.seq - 1);
        let after = (at.seq + 1, seqs.to);
        for (from, to) in [before, after].into_iter().filter(|(from, to)| from <= to) {
            let seqs = Range { from, to };
            self.missing.push(Missing { epoch, seqs });
        }
        true
    }

    /// After its messages, a `joined` has led to where it said.
    fn close_page(&mut self, troubles: &mut Vec<Trouble>) {
        if self.page.as_ref().is_some_and(|page| page.left == 0)
            && let Some(Page { leads_to, .. }) = self.page.take()
            && self.stands != Some(leads_to)
        {
            let stands = self.stands;
            troubles.push(Trouble::PageLeadsElsewhere { leads_to, stands });
        }
    }
}

/// Whether a gap fits where the client stood.
fn fit(left: Place, epoch: u64, gap: Range, troubles: &mut Vec<Trouble>) -> Option<ToldGap> {
    let is_backward = gap.to.saturating_add(1) < gap.from;
    let is_elsewhere = epoch == left.epoch && gap.from != left.seq.saturating_add(1);
    if is_backward || is_elsewhere {
        troubles.push(Trouble::GapMisfit { left, epoch, gap });
        return None;
    }
    Some(ToldGap { left, epoch, gap })
}

#[cfg(test)]
mod tests {
    use super::{JoinedWords, Walk};
    use crate::ledger::record::Place;

    #[test]
    fn a_session_that_is_lost_after_rest_was_there_at_rest() {
        let at = Place { epoch: 1, seq: 4 };
        let words = JoinedWords {
            at,
            recovered: false,
            gap: None,
            messages: 0,
        };
        let (mut walk, mut troubles) = (Walk::default(), Vec::new());
        walk.asked(1, None, &mut troubles);
        walk.joined(1, 10, &words, &mut troubles);
        let rest_us = 15;
        walk.goes_on(20, Some(rest_us));
        walk.asked(2, Some(at), &mut troubles);
        let rest = walk.at_rest(rest_us);
        assert_eq!((rest.session, rest.stands), (Some(1), Some(at)));
        assert!(!rest.is_waiting && troubles.is_empty());
    }
}
