//! The state of the memory keeper: who is where, who types, and until when.
//!
//! Pure: the time is passed in, and what changed is returned. Keeps true: a person is in a room
//! while a session of theirs is, and one grace longer; rooms with nobody in them are forgotten.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use roomcast_protocol::{DisplayName, Epoch, NodeId, RoomName, Seq, SessionId, UserId};
use smallvec::SmallVec;
use tokio::time::Instant;

use super::bans::Bans;
use super::clock::Clock;
use super::reads::Reads;
use super::revisions::Revisions;
use super::seen::Seen;
use crate::agenda::Agenda;
use crate::config::PresenceConfig;
use crate::port::{
    Attending, Change, Entry, Marks, Occupant, PresenceError, Present, ReadMark, Roster, Sessions,
};

/// What runs out.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Due {
    Grace(RoomName, UserId),
    Typing(RoomName, UserId),
}

#[derive(Debug)]
struct Person {
    name: Option<DisplayName>,
    /// In their order. Most people have one, which then takes no memory of its own.
    sessions: SmallVec<[SessionId; 1]>,
    /// When the last session left.
    left_at: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Typing {
    until: Instant,
    told_at: Instant,
}

#[derive(Debug, Default)]
struct Room {
    /// Boxed: a tree has space for eleven, and in most inboxes one is.
    people: BTreeMap<UserId, Box<Person>>,
    /// Of the last change of who is here; 0 if there was none yet.
    revision: u64,
    sessions: HashMap<SessionId, UserId>,
    typing: BTreeMap<UserId, Typing>,
}

impl Room {
    fn count(&self) -> u64 {
        self.people.len() as u64
    }

    /// Counts a change; the first has the revision `first`.
    fn advance(&mut self, first: u64) -> u64 {
        self.revision = match self.revision {
            0 => first,
            before => before + 1,
        };
        self.revision
    }

    fn is_bare(&self) -> bool {
        self.people.is_empty() && self.typing.is_empty()
    }
}

/// Everything one node knows.
#[derive(Debug)]
pub(super) struct Book {
    config: PresenceConfig,
    node: NodeId,
    clock: Clock,
    rooms: HashMap<RoomName, Room>,
    /// Pairs of room and session.
    occupants: usize,
    agenda: Agenda<Due>,
    reads: Reads,
    /// Of the rooms that are forgotten.
    revisions: Revisions,
    seen: Seen,
    bans: Bans,
    retired: bool,
}

impl Book {
    pub(super) fn new(config: PresenceConfig, node: NodeId, clock: Clock) -> Self {
        let reads = Reads::new(config.reads_per_room_max, config.reads_max);
        let bans = Bans::new(config.bans_per_room_max, config.rooms_max);
        let revisions = Revisions::new(config.rooms_max);
        let seen = Seen::new(config.last_seen_max, config.last_seen_ms);
        Self {
            config,
            node,
            clock,
            rooms: HashMap::new(),
            occupants: 0,
            agenda: Agenda::new(),
            reads,
            revisions,
            seen,
            bans,
            retired: false,
        }
    }

    /// The room after it, and the join if it is one.
    pub(super) fn enter(
        &mut self,
        room: &RoomName,
        occupant: &Occupant,
        now: Instant,
    ) -> Result<(Entry, Option<Change>), PresenceError> {
        if self.retired {
            return Err(PresenceError::Retired);
        }
        let now_ms = self.clock.ms(now);
        if let Some(until_ms) = self.bans.until(room, &occupant.user, now_ms) {
            self.leave(room, occupant.session, now);
            return Err(PresenceError::Banned { until_ms });
        }
        let is_in = self
            .rooms
            .get(room)
            .is_some_and(|known| known.sessions.contains_key(&occupant.session));
        if !is_in && self.occupants >= self.config.occupants_max {
            let limit = self.config.occupants_max;
            return Err(PresenceError::Full {
                bound: "occupants_max",
                limit,
            });
        }
        let first = self.revisions.first(self.clock.us(now));
        let known = self.open_room(room)?;
        let user = &occupant.user;
        known.sessions.insert(occupant.session, user.clone());
        let joined = !known.people.contains_key(user);
        let nobody = || Person {
            name: None,
            sessions: SmallVec::new(),
            left_at: None,
        };
        let person = known.people.entry(user.clone());
        let person = person.or_insert_with(|| Box::new(nobody()));
        if occupant.name.is_some() {
            person.name.clone_from(&occupant.name);
        }
        if let Err(place) = person.sessions.binary_search(&occupant.session) {
            person.sessions.insert(place, occupant.session);
        }
        let name = person.name.clone();
        if joined {
            known.advance(first);
        }
        let (count, revision) = (known.count(), known.revision);
        self.occupants += usize::from(!is_in);
        self.agenda.clear(&Due::Grace(room.clone(), user.clone()));
        let change = joined.then(|| Change::Joined {
            room: room.clone(),
            user: user.clone(),
            name,
            count,
            revision,
        });
        Ok((Entry { count, revision }, change))
    }

    /// Takes a session out; what comes of it is due after the grace.
    pub(super) fn leave(&mut self, room: &RoomName, session: SessionId, now: Instant) {
        let Some(known) = self.rooms.get_mut(room) else {
            return;
        };
        let Some(user) = known.sessions.remove(&session) else {
            return;
        };
        self.occupants -= 1;
        let Some(person) = known.people.get_mut(&user) else {
            return;
        };
        if let Ok(place) = person.sessions.binary_search(&session) {
            person.sessions.remove(place);
        }
        if person.sessions.is_empty() {
            person.left_at = Some(now);
            let until = now + self.config.grace();
            self.agenda.set(Due::Grace(room.clone(), user), until);
        }
    }

    pub(super) fn roster(&self, room: &RoomName, after: Option<&UserId>, limit: usize) -> Roster {
        let Some(known) = self.rooms.get(room) else {
            return Roster {
                count: 0,
                revision: self.revisions.of(room),
                members: Vec::new(),
                more: false,
            };
        };
        let from = after.map_or(Bound::Unbounded, |user| Bound::Excluded(user.clone()));
        let mut rest = known.people.range((from, Bound::Unbounded));
        let members = rest
            .by_ref()
            .take(limit)
            .map(|(user, person)| Present {
                user: user.clone(),
                name: person.name.clone(),
            })
            .collect();
        Roster {
            count: known.count(),
            revision: known.revision,
            members,
            more: rest.next().is_some(),
        }
    }

    /// Whether the room should be told.
    pub(super) fn typing(
        &mut self,
        room: &RoomName,
        user: &UserId,
        typing: bool,
        now: Instant,
    ) -> Result<bool, PresenceError> {
        if !typing {
            return Ok(self.end_typing(room, user));
        }
        let (ttl, repeat) = (self.config.typing_ttl(), self.config.typing_repeat());
        let known = self.open_room(room)?;
        if let Some(before) = known.typing.get(user)
            && now < before.until
            && now < before.told_at + repeat
        {
            return Ok(false);
        }
        let until = now + ttl;
        known.typing.insert(
            user.clone(),
            Typing {
                until,
                told_at: now,
            },
        );
        self.agenda
            .set(Due::Typing(room.clone(), user.clone()), until);
        Ok(true)
    }

    pub(super) fn sessions(&self, user: &UserId) -> Sessions {
        let inbox = self.rooms.get(&RoomName::inbox(user));
        let sessions = inbox.and_then(|inbox| Some(&inbox.people.get(user)?.sessions));
        let attending = sessions.into_iter().flatten().map(|session| Attending {
            node: self.node.clone(),
            session: *session,
        });
        Sessions::first(attending.collect(), self.config.sessions_listed_max)
    }

    pub(super) fn last_seen(&self, user: &UserId, now: Instant) -> Option<u64> {
        self.seen.of(user, self.clock.ms(now))
    }

    pub(super) fn typists(&self, room: &RoomName, limit: usize, now: Instant) -> Vec<UserId> {
        let Some(known) = self.rooms.get(room) else {
            return Vec::new();
        };
        let typing = known.typing.iter().filter(|(_, typing)| now < typing.until);
        typing.map(|(user, _)| user.clone()).take(limit).collect()
    }

    pub(super) fn read(
        &mut self,
        room: &RoomName,
        user: &UserId,
        epoch: Epoch,
        seq: Seq,
    ) -> Option<Seq> {
        let read = ReadMark { epoch, seq };
        self.reads.advance(room, user, read).then_some(seq)
    }

    pub(super) fn mark(&self, room: &RoomName, user: &UserId) -> Option<ReadMark> {
        self.reads.mark(room, user)
    }

    pub(super) fn marks(&self, room: &RoomName, after: Option<&UserId>, limit: usize) -> Marks {
        self.reads.page(room, after, limit)
    }

    /// The bans, and the time by which they end.
    pub(super) fn bans(&mut self, now: Instant) -> (&mut Bans, u64) {
        (&mut self.bans, self.clock.ms(now))
    }

    /// What came of the earliest deadline that has passed. `None` when there is none left.
    pub(super) fn notice(&mut self, now: Instant) -> Option<Change> {
        loop {
            let change = match self.agenda.take(now)? {
                Due::Grace(room, user) => self.end_grace(room, user, now),
                Due::Typing(room, user) => self
                    .end_typing(&room, &user)
                    .then_some(Change::TypingEnded { room, user }),
            };
            if change.is_some() {
                return change;
            }
        }
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        self.agenda.next()
    }

    /// Everybody leaves now; [`notice`](Self::notice) tells it. Nobody enters any more.
    pub(super) fn retire(&mut self, now: Instant) {
        self.retired = true;
        self.occupants = 0;
        for (room, known) in &mut self.rooms {
            known.sessions.clear();
            for (user, person) in &mut known.people {
                if !person.sessions.is_empty() {
                    person.left_at = Some(now);
                }
                person.sessions.clear();
                self.agenda.set(Due::Grace(room.clone(), user.clone()), now);
            }
        }
    }

    fn open_room(&mut self, room: &RoomName) -> Result<&mut Room, PresenceError> {
        if !self.rooms.contains_key(room) && self.rooms.len() >= self.config.rooms_max {
            return Err(PresenceError::Full {
                bound: "rooms_max",
                limit: self.config.rooms_max,
            });
        }
        Ok(self.rooms.entry(room.clone()).or_insert_with(|| Room {
            revision: self.revisions.take(room),
            ..Room::default()
        }))
    }

    fn end_grace(&mut self, room: RoomName, user: UserId, now: Instant) -> Option<Change> {
        let first = self.revisions.first(self.clock.us(now));
        let known = self.rooms.get_mut(&room)?;
        if !known.people.get(&user)?.sessions.is_empty() {
            return None;
        }
        let Person { name, left_at, .. } = *known.people.remove(&user)?;
        let (count, revision) = (known.count(), known.advance(first));
        if room.is_inbox_of(&user) {
            let at_ms = self.clock.ms(left_at.unwrap_or(now));
            self.seen.note(user.clone(), at_ms, self.clock.ms(now));
        }
        self.forget_bare(&room);
        Some(Change::Left {
            room,
            user,
            name,
            count,
            revision,
        })
    }

    fn end_typing(&mut self, room: &RoomName, user: &UserId) -> bool {
        let Some(known) = self.rooms.get_mut(room) else {
            return false;
        };
        let ended = known.typing.remove(user).is_some();
        self.agenda.clear(&Due::Typing(room.clone(), user.clone()));
        self.forget_bare(room);
        ended
    }

    fn forget_bare(&mut self, room: &RoomName) {
        if self.rooms.get(room).is_some_and(Room::is_bare) {
            let revision = self.rooms.remove(room).map_or(0, |room| room.revision);
            self.revisions.keep(room.clone(), revision);
        }
    }
}

#[cfg(test)]
impl Book {
    /// How many rooms and occupants it remembers.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.rooms.len(), self.occupants)
    }
}
