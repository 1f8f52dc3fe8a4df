//! A small cluster that keeps all promises, and the load that writes down what it sees of it.
//!
//! Clients are cut and come back with pages, gaps and the rest behind the page; logs are trimmed; the
//! store forgets its last words and begins a new epoch; messages are refused, tried again, and said
//! directly to one user.

mod end;
mod saying;

use std::collections::BTreeMap;

use super::step::Step;
use crate::ledger::record::{ClosedBy, Cost, Name, Place, Range, Record, Session};
use crate::payload::{Carried, Said};

pub(super) const ROOMS: u32 = 3;
pub(super) const CLIENTS: u32 = 6;
/// Two clients are devices of one user.
pub(super) const USERS: u32 = 5;
const PROCESSES: usize = 2;
/// What a log keeps.
const KEPT: u64 = 6;
const PAGE: usize = 2;

#[derive(Clone, Copy)]
struct Kept {
    seq: u64,
    id: u128,
    said: Said,
}

struct Room {
    epoch: u64,
    head: u64,
    base: u64,
    log: Vec<Kept>,
}

struct Client {
    session: Option<Session>,
    /// Rooms it is in or wants to come back to, and where it stands.
    rooms: BTreeMap<u32, Place>,
    said: u32,
}

/// The cluster, the load, and what was written down.
pub(super) struct World {
    now_us: u64,
    rooms: Vec<Room>,
    clients: Vec<Client>,
    sessions: u32,
    epochs: u64,
    ids: u128,
    faults: u32,
    files: Vec<Vec<(u64, Record)>>,
}

/// Rooms first, then inboxes, users, a node and a fault.
fn names() -> Vec<String> {
    let rooms = (0..ROOMS).map(|room| format!("room-{room}"));
    let inboxes = (0..USERS).map(|user| format!("@user-{user}"));
    let users = (0..USERS).map(|user| format!("user-{user}"));
    let rest = ["node-a".into(), "flush".into()];
    rooms.chain(inboxes).chain(users).chain(rest).collect()
}

fn user_of(client: u32) -> u32 {
    client % USERS
}

fn inbox(user: u32) -> u32 {
    ROOMS + user
}

fn user_name(user: u32) -> Name {
    Name(ROOMS + USERS + user)
}

const NODE: Name = Name(ROOMS + 2 * USERS);
const FLUSH: Name = Name(ROOMS + 2 * USERS + 1);

impl World {
    /// All clients are in all rooms but the last, which only some join, and in their inboxes.
    pub(super) fn new() -> Self {
        let room = |number: u32| Room {
            epoch: u64::from(number) + 100,
            head: 0,
            base: 0,
            log: Vec::new(),
        };
        let client = |_| Client {
            session: None,
            rooms: BTreeMap::new(),
            said: 0,
        };
        let mut world = Self {
            now_us: 1_000_000,
            rooms: (0..ROOMS + USERS).map(room).collect(),
            clients: (0..CLIENTS).map(client).collect(),
            sessions: 0,
            epochs: 1_000,
            ids: 1 << 100,
            faults: 0,
            files: vec![Vec::new(); PROCESSES + 1],
        };
        for client in 0..CLIENTS {
            world.open(client);
            for room in 0..ROOMS - u32::from(client % 2 == 0) {
                world.join(client, room);
            }
        }
        world
    }

    pub(super) fn take(&mut self, step: Step) {
        self.now_us += 50_000;
        match step {
            Step::Say { client, room, fate } => self.say(client, room, fate),
            Step::Direct { client, to } => self.direct(client, to),
            Step::Cut { client } => self.cut(client),
            Step::Back { client } => self.back(client),
            Step::Leave { client, room } => self.leave(client, room),
            Step::Forget { room, lost } => self.forget(room, lost),
        }
    }

    fn note(&mut self, client: u32, record: Record) {
        self.files[client as usize % PROCESSES].push((self.now_us, record));
    }

    fn control(&mut self, record: Record) {
        self.files[PROCESSES].push((self.now_us, record));
    }

    fn is_in(&self, client: u32, room: u32) -> bool {
        let client = &self.clients[client as usize];
        client.session.is_some() && client.rooms.contains_key(&room)
    }

    fn open(&mut self, client: u32) {
        let session = Session(self.sessions);
        self.sessions += 1;
        self.clients[client as usize].session = Some(session);
        let opened = Record::Opened {
            session,
            client,
            user: user_name(user_of(client)),
            node: NODE,
            uuid: u128::from(session.0),
        };
        self.note(client, opened);
        let own = inbox(user_of(client));
        if !self.clients[client as usize].rooms.contains_key(&own) {
            self.joined(client, own, None);
        }
    }

    fn join(&mut self, client: u32, room: u32) {
        let Some(session) = self.clients[client as usize].session else {
            return;
        };
        let since = self.clients[client as usize].rooms.get(&room).copied();
        let asked = Record::JoinAsked {
            session,
            room: Name(room),
            since,
        };
        self.note(client, asked);
        self.joined(client, room, since);
    }

    /// A page of what was missed, or of the latest, then the rest.
    fn joined(&mut self, client: u32, number: u32, since: Option<Place>) {
        let Some(session) = self.clients[client as usize].session else {
            return;
        };
        let room = &self.rooms[number as usize];
        let first = room.head + 1 - room.log.len() as u64;
        let (after, gap) = match since {
            None => (room.head.saturating_sub(PAGE as u64).max(first - 1), None),
            Some(since) if since.epoch != room.epoch => {
                let to = room.base.max(first - 1);
                (to, Some(Range { from: 1, to }))
            }
            Some(since) if since.seq + 1 < first => {
                let (from, to) = (since.seq + 1, first - 1);
                (to, Some(Range { from, to }))
            }
            Some(since) => (since.seq, None),
        };
        let missed: Vec<Kept> = room.log.iter().filter(|m| m.seq > after).copied().collect();
        let page = missed.len().min(PAGE);
        let at = Place {
            epoch: room.epoch,
            seq: after + page as u64,
        };
        let joined = Record::Joined {
            session,
            room: Name(number),
            at,
            recovered: since.is_some() && gap.is_none(),
            gap,
            count: 1,
            messages: page as u32,
        };
        self.note(client, joined);
        let stands = Place { seq: after, ..at };
        self.clients[client as usize].rooms.insert(number, stands);
        missed
            .iter()
            .for_each(|kept| self.deliver(client, number, *kept));
    }

    fn deliver(&mut self, client: u32, number: u32, kept: Kept) {
        let epoch = self.rooms[number as usize].epoch;
        let at = Place {
            epoch,
            seq: kept.seq,
        };
        let Some(session) = self.clients[client as usize].session else {
            return;
        };
        self.clients[client as usize].rooms.insert(number, at);
        let received = Record::Received {
            session,
            room: Name(number),
            at,
            id: kept.id,
            carried: Carried::Intact(kept.said),
        };
        self.note(client, received);
    }

    /// Stamps and keeps a message.
    fn keep(&mut self, number: u32, said: Said, id: u128) -> (Place, Kept) {
        let room = &mut self.rooms[number as usize];
        room.head += 1;
        let seq = room.head;
        let kept = Kept { seq, id, said };
        room.log.push(kept);
        if room.log.len() as u64 > KEPT {
            room.log.remove(0);
        }
        let epoch = room.epoch;
        (Place { epoch, seq }, kept)
    }

    /// Stamps, keeps and tells a message.
    fn stamp(&mut self, number: u32, said: Said, id: u128) -> Place {
        let (at, kept) = self.keep(number, said, id);
        for client in 0..CLIENTS {
            if self.is_in(client, number) {
                self.deliver(client, number, kept);
            }
        }
        at
    }

    fn cut(&mut self, client: u32) {
        if let Some(session) = self.clients[client as usize].session.take() {
            let (code, by) = (None, ClosedBy::Lost);
            self.note(client, Record::Closed { session, code, by });
        }
    }

    fn back(&mut self, client: u32) {
        if self.clients[client as usize].session.is_some() {
            return;
        }
        self.open(client);
        let rooms: Vec<u32> = self.clients[client as usize]
            .rooms
            .keys()
            .copied()
            .collect();
        rooms.into_iter().for_each(|room| self.join(client, room));
    }

    fn leave(&mut self, client: u32, room: u32) {
        if let Some(session) = self.clients[client as usize].session
            && self.clients[client as usize].rooms.remove(&room).is_some()
        {
            let room = Name(room);
            self.note(client, Record::Left { session, room });
        }
    }

    /// The store loses the last words of a room, which goes on in a new epoch.
    fn forget(&mut self, number: u32, lost: u64) {
        let cost = Cost {
            forgets: true,
            ..Cost::default()
        };
        let fault = self.faults;
        self.faults += 1;
        self.control(Record::FaultBegan {
            fault,
            name: FLUSH,
            cost,
        });
        self.epochs += 1;
        let room = &mut self.rooms[number as usize];
        let lost = lost.min(room.log.len() as u64);
        room.log.truncate(room.log.len() - lost as usize);
        room.head -= lost;
        (room.base, room.epoch) = (room.head, self.epochs);
        let at = Place {
            epoch: room.epoch,
            seq: room.head,
        };
        for client in 0..CLIENTS {
            if self.is_in(client, number)
                && let Some(session) = self.clients[client as usize].session
            {
                let gap = Range {
                    from: 1,
                    to: at.seq,
                };
                let (room, epoch) = (Name(number), at.epoch);
                self.clients[client as usize].rooms.insert(number, at);
                self.note(
                    client,
                    Record::GapTold {
                        session,
                        room,
                        epoch,
                        gap,
                    },
                );
            }
        }
        self.control(Record::FaultEnded { fault });
    }
}
