//! The questions of a client that is at rest, and the answer to the first of them so far.
//!
//! Keeps true: one question at a time; an answer of many pages is asked for from the beginning where the
//! line broke in between.

use std::collections::VecDeque;

use roomcast_protocol::{Position, RequestId, UserId};

use super::crew::Lookup;
use crate::ledger::record::{Name, Place};
use crate::payload::Carried;

/// How long an answer may take before it is asked for again.
pub(super) const ANSWER_US: u64 = 15_000_000;

/// A client's questions.
#[derive(Default)]
pub(crate) struct Lookups {
    planned: Vec<Lookup>,
    pub(super) asking: Option<Box<Asking>>,
}

/// The questions that are left, and the answer to the first of them so far.
#[derive(Default)]
pub(super) struct Asking {
    pub(super) left: VecDeque<Lookup>,
    /// The request on its way, and since when.
    pub(super) asked: Option<(u64, u64)>,
    pub(super) not_before_us: u64,
    pub(super) users: Vec<Name>,
    pub(super) after_user: Option<UserId>,
    pub(super) messages: Vec<(Place, u128, Carried)>,
    pub(super) after: Option<Position>,
}

impl Asking {
    pub(super) fn begin_anew(&mut self) {
        self.asked = None;
        self.users.clear();
        self.after_user = None;
        self.messages.clear();
        self.after = None;
    }

    pub(super) fn done(&mut self) {
        self.begin_anew();
        self.left.pop_front();
    }
}

impl Lookups {
    pub(crate) fn new(planned: Vec<Lookup>) -> Self {
        Self {
            planned,
            asking: None,
        }
    }

    /// Whether there is anything to look up.
    pub(crate) fn is_empty(&self) -> bool {
        self.planned.is_empty()
    }

    /// The time has come.
    pub(crate) fn begin(&mut self) {
        if !self.planned.is_empty() {
            let left = std::mem::take(&mut self.planned).into();
            self.asking = Some(Box::new(Asking {
                left,
                ..Asking::default()
            }));
        }
    }

    pub(crate) fn lost_link(&mut self) {
        if let Some(asking) = &mut self.asking {
            asking.begin_anew();
        }
    }

    /// The server refused a request.
    pub(crate) fn refused(&mut self, id: u64, again_us: u64) {
        if let Some(asking) = &mut self.asking
            && asking.asked.is_some_and(|(asked, _)| asked == id)
        {
            // Where it was: a refusal leaves what was told before untouched.
            asking.asked = None;
            asking.not_before_us = again_us;
        }
    }

    pub(crate) fn wake_us(&self) -> Option<u64> {
        let asking = self.asking.as_ref()?;
        Some(match asking.asked {
            Some((_, at_us)) => at_us + ANSWER_US,
            None => asking.not_before_us,
        })
    }

    pub(super) fn answered(&mut self, id: &RequestId) -> Option<(&mut Asking, Lookup)> {
        let asking = self.asking.as_mut()?;
        let (asked, _) = asking.asked?;
        let lookup = *asking.left.front()?;
        if *id != RequestId::Number(asked) {
            return None;
        }
        asking.asked = None;
        Some((asking, lookup))
    }
}
