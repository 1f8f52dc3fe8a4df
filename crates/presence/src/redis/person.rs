//! One user in one room, as their node sees them.
//!
//! Owns the questions that are still open about them (is their join told, does Redis hold them,
//! are they gone and is that told) and what is to be said next. Pure. Leaves rooms, sessions and
//! time to the ledger.

use roomcast_protocol::DisplayName;

use super::scripts::{Asking, Released};
use super::step::Held;
use super::token::Token;

/// A user with sessions in a room on this node, or one who just had.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) name: Option<DisplayName>,
    pub(super) sessions: usize,
    /// Of the list of their sessions that Redis is to have; 0 if it is to have none.
    edition: u64,
    /// Of the join that is to be told by whoever gets its answer.
    token: Token,
    /// How many times Redis was asked to hold them under this token, less those that came up
    /// against a ban.
    asked: u32,
    /// Whether it answered.
    settled: bool,
    /// How many times Redis may have been made to hold them: unless it is 0, they are not forgotten
    /// without a release.
    holds: u32,
    /// Whether Redis is known to hold them under the present life.
    confirmed: bool,
    /// Whether the room was told of them, and by nobody that they left, as far as we know.
    believed: bool,
    /// Whether they are believed and Redis knows nothing of it any more: then their join still
    /// stands, and nobody else will tell that they left.
    forgotten: bool,
    leaving: Option<Leaving>,
}

/// A departure: from the first release that is asked for until one makes the user leave. At most
/// one release of it is under way at a time.
#[derive(Debug)]
struct Leaving {
    token: Token,
    /// Whether a release is under way.
    in_flight: bool,
    /// Whether the answer to one was lost, so that they may have left untold.
    in_doubt: bool,
    /// Whether Redis did not know them: once may be two commands that overtook each other.
    unknown_before: bool,
}

/// What is to be said to Redis.
#[derive(Debug)]
pub(super) enum Next {
    Hold {
        token: Token,
        name: Option<DisplayName>,
    },
    Release {
        token: Token,
        asking: Asking,
    },
    /// An answer is awaited.
    Wait,
}

/// What comes after an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// Say what is next at once.
    Now,
    /// Say it after the grace.
    After { wait_ms: u64 },
    /// Say it after the usual time.
    Later,
    /// There is nothing more to say.
    Rest,
    /// Nor anything to remember.
    Forget,
}

impl Person {
    /// Somebody without sessions yet.
    pub(super) fn new() -> Self {
        Self {
            name: None,
            sessions: 0,
            edition: 0,
            token: Token::fresh(),
            asked: 0,
            settled: false,
            holds: 0,
            confirmed: false,
            believed: false,
            forgotten: false,
            leaving: None,
        }
    }

    /// Somebody whom Redis holds by this token though they are gone.
    pub(super) fn overtaken(token: Token) -> Self {
        Self {
            token,
            asked: 1,
            settled: true,
            holds: 1,
            ..Self::new()
        }
    }

    pub(super) fn is_here(&self) -> bool {
        self.sessions > 0
    }

    /// Whether they are here and Redis knows.
    pub(super) fn is_at_rest(&self) -> bool {
        self.is_here() && self.confirmed
    }

    /// Whether they came and went, and Redis was never asked.
    pub(super) fn is_unheard_of(&self) -> bool {
        !self.is_here() && self.holds == 0
    }

    /// One more session. A first one makes a join that is not told yet; whether it is one, or
    /// within the grace, Redis decides.
    pub(super) fn come(&mut self) {
        self.sessions += 1;
        if self.sessions == 1 {
            self.confirmed = false;
            // Within their grace as well: whether they were gone in between, Redis says.
            // But not while a leave may be counted: that is told, and then this is as well.
            let is_believed = self.forgotten && self.believed;
            let does_join_stand = is_believed && !self.is_leaving_open();
            if self.settled && !does_join_stand {
                self.forgotten = is_believed;
                self.join_anew();
            }
        }
    }

    /// One session less. Whether it was the last.
    pub(super) fn go(&mut self) -> bool {
        self.sessions -= 1;
        if let Some(leaving) = &mut self.leaving {
            leaving.unknown_before = false;
        }
        !self.is_here()
    }

    /// Their sessions are others than Redis was told.
    pub(super) fn relist(&mut self, edition: u64) {
        self.edition = edition;
        self.confirmed = false;
    }

    pub(super) fn edition(&self) -> u64 {
        self.edition
    }

    /// The node has a new life, since Redis `forgot` or since it may have been reaped. Whether
    /// they are to be remembered.
    pub(super) fn be_reborn(&mut self, forgot: bool) -> bool {
        self.confirmed = false;
        if forgot {
            if self.believed {
                self.join_stands();
            }
        } else {
            // Their leave was told, or is about to be. Where it was not, since they were not held
            // at that moment, the room is told once more of somebody it knows.
            self.believed = false;
            if self.is_here() {
                self.forgotten = false;
                self.leaving = None;
                if self.settled {
                    self.join_anew();
                }
            }
        }
        if self.is_here() {
            return true;
        }
        self.forgotten || self.is_join_in_doubt() || self.is_leaving_open()
    }

    /// What is to be said, as they stand now.
    pub(super) fn next(&mut self) -> Next {
        let is_join_open = self.is_here() || self.is_join_in_doubt();
        if let Some(leaving) = &mut self.leaving {
            if is_join_open && leaving.in_doubt && !leaving.in_flight {
                leaving.in_flight = true;
                let (token, asking) = (leaving.token, Asking::WhetherGone);
                return Next::Release { token, asking };
            }
            if leaving.in_flight && self.sessions == 0 {
                return Next::Wait;
            }
        }
        if is_join_open {
            self.asked = self.asked.saturating_add(1);
            self.holds = self.holds.saturating_add(1);
            let (token, name) = (self.token, self.name.clone());
            return Next::Hold { token, name };
        }
        let leaving = self.leaving.get_or_insert_with(Leaving::new);
        leaving.in_flight = true;
        let asking = if leaving.unknown_before && self.forgotten {
            // Once was not two commands that overtook each other: it is a leave to be counted.
            Asking::EvenIfUnknown
        } else if leaving.in_doubt {
            Asking::Again
        } else {
            Asking::First
        };
        Next::Release {
            token: leaving.token,
            asking,
        }
    }

    /// The answer to a hold came, under the present life or an earlier one. Whether a join is to
    /// be told.
    pub(super) fn held(&mut self, answer: Held, is_present: bool) -> (bool, Then) {
        let is_ours = self.token == answer.token;
        if is_ours && !self.settled && self.is_leaving_open() {
            // If they had left just before, that is told first: asked again, Redis says the same.
            return (false, Then::Later);
        }
        let tell = answer.joined && is_ours && !self.settled;
        self.settled |= is_ours;
        self.believed |= is_ours;
        self.forgotten &= !is_present;
        if !self.is_here() {
            return (tell, Then::Now);
        }
        if !is_present || !is_ours || self.is_leaving_open() {
            return (tell, Then::Later);
        }
        if answer.edition != self.edition && !self.confirmed {
            return (tell, Then::Later);
        }
        self.confirmed = true;
        (tell, Then::Rest)
    }

    /// A hold came up against a ban and nobody had joined by it. `stands` if Redis holds them all
    /// the same, from before the ban, under the present life.
    pub(super) fn barred(&mut self, token: Token, stands: bool) {
        if self.token == token {
            self.asked = self.asked.saturating_sub(1);
        }
        if stands {
            self.forgotten = false;
        } else {
            self.holds = self.holds.saturating_sub(1);
        }
    }

    /// The answer to a release came. Whether a leave is to be told.
    pub(super) fn released(&mut self, token: Token, outcome: &Released) -> (bool, Then) {
        let is_here = self.is_here();
        let is_join_open = is_here || self.is_join_in_doubt();
        // If they came back meanwhile: whichever came last to Redis, hold them again.
        self.confirmed = false;
        let Some(leaving) = self
            .leaving
            .as_mut()
            .filter(|leaving| leaving.token == token)
        else {
            return (false, if is_here { Then::Now } else { Then::Later });
        };
        leaving.in_flight = false;
        leaving.in_doubt = false;
        if is_join_open {
            if !matches!(outcome, Released::Left { .. }) {
                return (false, Then::Now);
            }
            self.leaving = None;
            if self.settled {
                // Redis forgot that they joined, and the room believes in them.
                self.join_stands();
                return (false, Then::Now);
            }
            // They came back when they were gone already. Both were counted, so both are told: this
            // first, and that they joined when they are known to be held.
            self.believed = false;
            self.forgotten = false;
            return (true, Then::Now);
        }
        match outcome {
            Released::Waits { wait_ms } => (false, Then::After { wait_ms: *wait_ms }),
            Released::NotGone => (false, Then::Now),
            Released::Unknown if !leaving.unknown_before => {
                leaving.unknown_before = true;
                (false, Then::Later)
            }
            // Redis forgot them only now.
            Released::Unknown if self.forgotten => (false, Then::Now),
            Released::Unknown => (false, Then::Forget),
            Released::Left { .. } => (true, Then::Forget),
            Released::HeldByOthers => (false, Then::Forget),
        }
    }

    /// A release failed, or nobody waits for its answer any more. Whether it was theirs.
    pub(super) fn release_lost(&mut self, token: Token) -> bool {
        let Some(leaving) = self
            .leaving
            .as_mut()
            .filter(|leaving| leaving.token == token)
        else {
            return false;
        };
        leaving.in_flight = false;
        leaving.in_doubt = true;
        self.confirmed = false;
        true
    }

    /// The token of a departure that may be untold, and that nobody waits for.
    pub(super) fn departure_in_doubt(&self) -> Option<Token> {
        let leaving = self.leaving.as_ref()?;
        (leaving.in_doubt && !leaving.in_flight).then_some(leaving.token)
    }

    /// Whether Redis may have made them join, and nobody told it yet.
    fn is_join_in_doubt(&self) -> bool {
        self.asked > 0 && !self.settled
    }

    /// Whether Redis may be about to let go of them, or may have.
    fn is_leaving_open(&self) -> bool {
        let is_open = |leaving: &Leaving| leaving.in_doubt || leaving.in_flight;
        self.leaving.as_ref().is_some_and(is_open)
    }

    /// Redis knows nothing of them, and the room still believes in them: so it shall be.
    fn join_stands(&mut self) {
        self.forgotten = true;
        self.settled = true;
        self.asked = 0;
    }

    /// From now on there is a join to be told again.
    fn join_anew(&mut self) {
        self.token = Token::fresh();
        self.asked = 0;
        self.settled = false;
    }
}

impl Leaving {
    fn new() -> Self {
        Self {
            token: Token::fresh(),
            in_flight: false,
            in_doubt: false,
            unknown_before: false,
        }
    }
}
