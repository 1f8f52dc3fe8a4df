//! What this node knows of its own people at one Redis, and what Redis is yet to be told.
//!
//! Pure: the time is passed in and every act is returned as a [`Step`]. Level, not edge: a step is
//! worked out from how things stand, and every step sent stays on the agenda until its answer is
//! known to have done what it should; so a lost answer, two commands that overtook each other and
//! a caller that went away all mend themselves. Leaves talking to Redis to `attend`.

mod barred;
mod room;

use std::collections::HashMap;
use std::time::Duration;

use roomcast_protocol::{RoomName, SessionId, UserId};
use tokio::time::Instant;

use self::room::Room;
use super::life::Life;
use super::listing::Listing;
use super::person::{Next, Person, Then};
use super::scripts::Released;
use super::step::{Due, Held, Retirement, Step, Terms};
use super::token::Token;
use crate::agenda::Agenda;
use crate::port::{Occupant, PresenceError};

#[derive(Debug)]
struct Lease {
    life: Life,
    /// Until when the others believe in it for sure, if nobody meddles with Redis.
    good_until: Instant,
}

/// One node's people at one Redis.
#[derive(Debug)]
pub(super) struct Ledger {
    terms: Terms,
    lease: Option<Lease>,
    rooms: HashMap<RoomName, Room>,
    /// Pairs of room and session.
    occupants: usize,
    /// How many lists of sessions there have been.
    editions: u64,
    pub(super) agenda: Agenda<Due>,
    retired: bool,
}

impl Ledger {
    pub(super) fn new(terms: Terms) -> Self {
        Self {
            terms,
            lease: None,
            rooms: HashMap::new(),
            occupants: 0,
            editions: 0,
            agenda: Agenda::new(),
            retired: false,
        }
    }

    /// The present life.
    pub(super) fn life(&self) -> Option<Life> {
        self.lease.as_ref().map(|lease| lease.life.clone())
    }

    /// The lease was renewed.
    pub(super) fn believe(&mut self, until: Instant) {
        if let Some(lease) = &mut self.lease {
            lease.good_until = until;
        }
    }

    /// Whether the others still believe in the present life for sure.
    pub(super) fn is_believed(&self, now: Instant) -> bool {
        let lease = self.lease.as_ref();
        lease.is_some_and(|lease| now < lease.good_until)
    }

    /// Begins a new life: everybody here has to be entered again. If Redis `forgot`, the rooms
    /// were told nothing and are told nothing; otherwise whoever gave the old life up for dead
    /// tells who left, and those who come back have joined.
    pub(super) fn begin_life(&mut self, life: Life, until: Instant, forgot: bool, now: Instant) {
        self.lease = Some(Lease {
            life,
            good_until: until,
        });
        for (name, room) in &mut self.rooms {
            room.registered = false;
            room.people.retain(|user, person| {
                let due = Due::Person(name.clone(), user.clone());
                if !person.be_reborn(forgot) {
                    self.agenda.clear(&due);
                    return false;
                }
                self.agenda.set(due, now);
                true
            });
            if room.people.is_empty() {
                self.agenda
                    .set(Due::Vacant(name.clone()), now + self.terms.vacancy);
            }
        }
    }

    /// Remembers a session. What Redis is to be told is on the agenda.
    pub(super) fn enter(
        &mut self,
        room: &RoomName,
        occupant: &Occupant,
        now: Instant,
    ) -> Result<(), PresenceError> {
        if self.retired {
            return Err(PresenceError::Retired);
        }
        let Terms {
            rooms_max,
            occupants_max,
            ..
        } = self.terms;
        if !self.rooms.contains_key(room) && self.rooms.len() >= rooms_max {
            return Err(PresenceError::Full {
                bound: "rooms_max",
                limit: rooms_max,
            });
        }
        let is_in = self
            .rooms
            .get(room)
            .is_some_and(|r| r.sessions.contains_key(&occupant.session));
        if !is_in && self.occupants >= occupants_max {
            return Err(PresenceError::Full {
                bound: "occupants_max",
                limit: occupants_max,
            });
        }
        self.agenda.clear(&Due::Vacant(room.clone()));
        let known = self.rooms.entry(room.clone()).or_default();
        let person = known
            .people
            .entry(occupant.user.clone())
            .or_insert_with(Person::new);
        if occupant.name.is_some() {
            person.name.clone_from(&occupant.name);
        }
        if !is_in {
            known
                .sessions
                .insert(occupant.session, occupant.user.clone());
            person.come();
            if room.is_inbox() {
                self.editions += 1;
                person.relist(self.editions);
            }
            self.occupants += 1;
        }
        let due = Due::Person(room.clone(), occupant.user.clone());
        self.agenda.set(due, now + self.terms.retry);
        Ok(())
    }

    /// Forgets a session. Returns its user if Redis is to be told.
    pub(super) fn leave(
        &mut self,
        room: &RoomName,
        session: SessionId,
        now: Instant,
    ) -> Option<UserId> {
        let known = self.rooms.get_mut(room)?;
        let user = known.sessions.remove(&session)?;
        self.occupants -= 1;
        let person = known.people.get_mut(&user)?;
        if !person.go() {
            if !room.is_inbox() {
                return None;
            }
            self.editions += 1;
            person.relist(self.editions);
        }
        let due = Due::Person(room.clone(), user.clone());
        self.agenda.set(due, now + self.terms.retry);
        Some(user)
    }

    /// What is to be said about somebody now; `anyway` if they are to be held even if Redis knows.
    pub(super) fn step(
        &mut self,
        room: &RoomName,
        user: &UserId,
        anyway: bool,
        now: Instant,
    ) -> Step {
        let Some(known) = self.rooms.get_mut(room) else {
            return Step::Rest;
        };
        let Some(person) = known.people.get_mut(user) else {
            return Step::Rest;
        };
        if person.is_at_rest() && !anyway {
            return Step::Rest;
        }
        if person.is_unheard_of() {
            self.forget_person(room, user, now);
            return Step::Rest;
        }
        let due = Due::Person(room.clone(), user.clone());
        self.agenda.set(due, now + self.terms.retry);
        let Some(lease) = self.lease.as_ref().filter(|lease| now < lease.good_until) else {
            return Step::NoLease;
        };
        let life = lease.life.clone();
        match person.next() {
            Next::Wait => Step::Rest,
            Next::Release { token, asking } => Step::Release {
                life,
                token,
                asking,
            },
            Next::Hold { token, name } => {
                let register = !known.registered;
                let edition = person.edition();
                // One more than are listed says that there are more.
                let limit = self.terms.sessions_listed_max + 1;
                let sessions = match room.is_inbox() {
                    true => known.sessions_of(user, limit),
                    false => Vec::new(),
                };
                Step::Hold {
                    life,
                    token,
                    name,
                    listing: Listing { edition, sessions },
                    register,
                }
            }
        }
    }

    /// A room was put to the rooms of `life`.
    pub(super) fn registered(&mut self, room: &RoomName, life: &Life) {
        if self.is_present(life)
            && let Some(known) = self.rooms.get_mut(room)
        {
            known.registered = true;
        }
    }

    /// The answer to a hold came. Whether a join is to be told.
    pub(super) fn held(
        &mut self,
        (room, user): (&RoomName, &UserId),
        life: &Life,
        answer: Held,
        now: Instant,
    ) -> bool {
        if self.retired {
            return answer.joined;
        }
        let is_present = self.is_present(life);
        let due = Due::Person(room.clone(), user.clone());
        let known = self.rooms.entry(room.clone()).or_default();
        let Some(person) = known.people.get_mut(user) else {
            // They left meanwhile, and the release overtook: release once more.
            known
                .people
                .insert(user.clone(), Person::overtaken(answer.token));
            self.agenda.clear(&Due::Vacant(room.clone()));
            self.agenda.set(due, now);
            return answer.joined;
        };
        let (tell, then) = person.held(answer, is_present);
        self.go_on((room, user), then, now);
        tell
    }

    /// The answer to a release came. Whether a leave is to be told.
    pub(super) fn released(
        &mut self,
        (room, user): (&RoomName, &UserId),
        token: Token,
        outcome: &Released,
        now: Instant,
    ) -> bool {
        let person = self
            .rooms
            .get_mut(room)
            .and_then(|known| known.people.get_mut(user));
        let Some(person) = person else {
            // Who asked before has told it; but a node that retired forgot that it asked.
            return self.retired && matches!(outcome, Released::Left { .. });
        };
        let (tell, then) = person.released(token, outcome);
        self.go_on((room, user), then, now);
        tell
    }

    /// A release failed, or nobody waits for its answer any more.
    pub(super) fn release_lost(
        &mut self,
        (room, user): (&RoomName, &UserId),
        token: Token,
        now: Instant,
    ) {
        let person = self
            .rooms
            .get_mut(room)
            .and_then(|known| known.people.get_mut(user));
        if person.is_some_and(|person| person.release_lost(token)) {
            self.go_on((room, user), Then::Later, now);
        }
    }

    fn go_on(&mut self, (room, user): (&RoomName, &UserId), then: Then, now: Instant) {
        let due = Due::Person(room.clone(), user.clone());
        match then {
            Then::Now => self.agenda.set(due, now),
            // Redis counts whole milliseconds: look just after, not just before.
            Then::After { wait_ms } => {
                self.agenda
                    .set(due, now + Duration::from_millis(wait_ms + 2));
            }
            Then::Later => self.agenda.set_earlier(due, now + self.terms.retry),
            Then::Rest => self.agenda.clear(&due),
            Then::Forget => self.forget_person(room, user, now),
        }
    }

    /// Forgets a room that nobody is in. The life whose rooms it is to be taken from, if any.
    pub(super) fn vacate(&mut self, room: &RoomName) -> Option<Life> {
        if !self.rooms.get(room)?.people.is_empty() {
            return None;
        }
        let was_registered = self.rooms.remove(room)?.registered;
        self.life().filter(|_| was_registered)
    }

    /// Whether somebody is, or may yet stand in Redis, in `room`.
    pub(super) fn has(&self, room: &RoomName) -> bool {
        self.rooms.contains_key(room)
    }

    /// All rooms in which this node may hold somebody.
    pub(super) fn room_names(&self) -> Vec<RoomName> {
        self.rooms.keys().cloned().collect()
    }

    /// Whether this node has left for good.
    pub(super) fn is_retired(&self) -> bool {
        self.retired
    }

    /// Forgets everybody, and lets nobody in any more.
    pub(super) fn retire(&mut self) -> Retirement {
        self.retired = true;
        self.occupants = 0;
        self.agenda = Agenda::new();
        let mut retirement = Retirement {
            life: self.lease.take().map(|lease| lease.life),
            rooms: Vec::new(),
            in_doubt: Vec::new(),
        };
        for (name, room) in self.rooms.drain() {
            for (user, person) in room.people {
                if let Some(token) = person.departure_in_doubt() {
                    retirement.in_doubt.push((name.clone(), user, token));
                }
            }
            retirement.rooms.push(name);
        }
        retirement
    }

    fn forget_person(&mut self, room: &RoomName, user: &UserId, now: Instant) {
        let Some(known) = self.rooms.get_mut(room) else {
            return;
        };
        known.people.remove(user);
        self.agenda.clear(&Due::Person(room.clone(), user.clone()));
        if known.people.is_empty() {
            self.agenda
                .set(Due::Vacant(room.clone()), now + self.terms.vacancy);
        }
    }

    fn is_present(&self, life: &Life) -> bool {
        self.lease.as_ref().is_some_and(|lease| lease.life == *life)
    }
}

#[cfg(test)]
mod tests;
