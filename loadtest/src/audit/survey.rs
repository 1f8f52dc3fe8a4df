//! The first reading of all ledgers: who was there, when, and how much there is of each room.
//!
//! Owns what all passes share: one table of names for all files, sessions, clients, faults, the times
//! of rest. Keeps true: a client is of one file, so its records are in the order in which they
//! happened; a session that is spoken of was opened.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::error::AuditError;
use super::faults::{Fault, Faults};
use super::verdict::Facts;
use crate::ledger::reader::Reader;
use crate::ledger::record::{ClosedBy, Name, Record, Session};

/// Estimated bytes that a pass holds for a message that was sent, one in the log, and a member.
const SENT_BYTES: u64 = 300;
const LOGGED_BYTES: u64 = 60;
const MEMBER_BYTES: u64 = 250;

/// Texts of all files with one number each.
#[derive(Default)]
pub(super) struct Names {
    texts: Vec<Box<str>>,
    numbers: HashMap<Box<str>, u32>,
}

impl Names {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.texts.len() as u32;
        self.texts.push(text.into());
        self.numbers.insert(text.into(), number);
        number
    }

    pub(super) fn text(&self, number: u32) -> &str {
        &self.texts[number as usize]
    }
}

/// A session's life.
#[derive(Clone, Copy)]
pub(super) struct Life {
    pub(super) client: u32,
    pub(super) opened_us: u64,
    pub(super) closed_us: Option<u64>,
    rooms: u32,
}

/// What is known of a file.
pub(super) struct OneFile {
    pub(super) path: PathBuf,
    /// From the file's names to those of all files.
    pub(super) names: Vec<u32>,
    pub(super) sessions: Vec<Option<Life>>,
    pub(super) rest_us: Option<u64>,
    /// Whether its process closed it in peace.
    pub(super) is_whole: bool,
}

impl OneFile {
    pub(super) fn name(&self, name: Name) -> u32 {
        self.names[name.0 as usize]
    }

    pub(super) fn session(&self, session: Session) -> Option<&Life> {
        self.sessions.get(session.0 as usize)?.as_ref()
    }

    /// Whether a session is open when the file comes to rest.
    pub(super) fn is_live_at_rest(&self, life: &Life) -> bool {
        self.rest_us.is_some_and(|rest| {
            life.opened_us <= rest && life.closed_us.is_none_or(|closed| closed >= rest)
        })
    }
}

/// Who a client is.
#[derive(Clone, Copy)]
pub(super) struct Client {
    pub(super) file: usize,
    pub(super) user: u32,
}

/// What the first reading found.
#[derive(Default)]
pub(super) struct Survey {
    pub(super) names: Names,
    pub(super) files: Vec<OneFile>,
    pub(super) clients: HashMap<u32, Client>,
    pub(super) faults: Faults,
    pub(super) facts: Facts,
    pub(super) last_sent_us: u64,
    /// Rooms with an estimate of what a pass holds for them, in bytes.
    weights: HashMap<u32, u64>,
    ended_faults: HashMap<u32, u64>,
}

impl Survey {
    /// Reads all ledgers once.
    pub(super) fn of(ledgers: &[PathBuf]) -> Result<Self, AuditError> {
        let mut survey = Self::default();
        let mut run = None;
        for path in ledgers {
            let mut reader = Reader::open(path)?;
            if *run.get_or_insert(reader.run_unix_us()) != reader.run_unix_us() {
                let why = "it is the ledger of another run".into();
                return Err(AuditError::senseless(path, why));
            }
            survey.read(path, &mut reader)?;
        }
        for (fault, end_us) in std::mem::take(&mut survey.ended_faults) {
            if let Some(fault) = survey.faults.all.get_mut(&fault) {
                fault.ended_us = Some(end_us);
            }
        }
        survey.count();
        Ok(survey)
    }

    /// Deals the rooms to passes, each within the bytes given where one room is. All inboxes go into
    /// one pass: a direct message stands in two of them.
    pub(super) fn deal(&self, bytes_max: u64) -> Vec<Vec<u32>> {
        let mut passes: Vec<(u64, Vec<u32>)> = vec![(0, Vec::new())];
        let mut rooms: Vec<(u32, u64)> = self.weights.iter().map(|(r, w)| (*r, *w)).collect();
        rooms.sort_by_key(|(room, weight)| {
            let is_inbox = self.names.text(*room).starts_with('@');
            (!is_inbox, std::cmp::Reverse(*weight), *room)
        });
        for (room, weight) in rooms {
            let is_inbox = self.names.text(room).starts_with('@');
            let fits = |pass: &(u64, Vec<u32>)| pass.1.is_empty() || pass.0 + weight <= bytes_max;
            // Inboxes come first, so the first pass is theirs.
            let found = passes.iter().position(|pass| is_inbox || fits(pass));
            let index = found.unwrap_or_else(|| {
                passes.push((0, Vec::new()));
                passes.len() - 1
            });
            passes[index].0 += weight;
            passes[index].1.push(room);
        }
        passes.into_iter().map(|(_, rooms)| rooms).collect()
    }

    fn read(&mut self, path: &Path, reader: &mut Reader) -> Result<(), AuditError> {
        let mut file = OneFile {
            path: path.into(),
            names: Vec::new(),
            sessions: Vec::new(),
            rest_us: None,
            is_whole: false,
        };
        let index = self.files.len();
        while let Some((at_us, record)) = reader.read_next()? {
            for number in file.names.len()..reader.names() {
                file.names
                    .push(self.names.number(reader.text(Name(number as u32))));
            }
            self.facts.records += 1;
            self.facts.run_us = self.facts.run_us.max(at_us);
            let taken = match record {
                Record::Opened { .. } | Record::Closed { .. } => {
                    self.session(index, &mut file, at_us, &record)
                }
                Record::JoinAsked { session, .. }
                | Record::Joined { session, .. }
                | Record::Left { session, .. }
                | Record::Received { session, .. }
                | Record::GapTold { session, .. } => {
                    let is_known = file.session(session).is_some();
                    self.in_room(&mut file, &record);
                    is_known.then_some(()).ok_or("a session that never opened")
                }
                _ => {
                    self.sender(&mut file, at_us, &record);
                    Ok(())
                }
            };
            let senseless =
                |why| AuditError::senseless(path, format!("{why}, {at_us} µs into the run"));
            taken.map_err(senseless)?;
        }
        self.files.push(file);
        Ok(())
    }

    fn session(
        &mut self,
        index: usize,
        file: &mut OneFile,
        at_us: u64,
        record: &Record,
    ) -> Result<(), &'static str> {
        match *record {
            Record::Opened {
                session,
                client,
                user,
                ..
            } => {
                let user = file.name(user);
                let client_is = Client { file: index, user };
                let known = self.clients.entry(client).or_insert(client_is);
                if known.file != index || known.user != user {
                    return Err("a client's number that another client has");
                }
                let life = Life {
                    client,
                    opened_us: at_us,
                    closed_us: None,
                    rooms: 0,
                };
                let at = session.0 as usize;
                // Numbers are given out one by one, so there are no more of them than records.
                if at as u64 > self.facts.records {
                    return Err("a session's number that was not given out");
                }
                if file.sessions.len() <= at {
                    file.sessions.resize(at + 1, None);
                }
                if file.sessions[at].replace(life).is_some() {
                    return Err("a session that opened twice");
                }
                self.facts.sessions += 1;
            }
            Record::Closed { session, by, .. } => {
                let life = file.sessions.get_mut(session.0 as usize);
                let life = life.and_then(Option::as_mut);
                let life = life.ok_or("a session that never opened")?;
                life.closed_us.get_or_insert(at_us);
                self.facts.cut += u64::from(by != ClosedBy::Us);
            }
            _ => {}
        }
        Ok(())
    }

    fn in_room(&mut self, file: &mut OneFile, record: &Record) {
        let facts = &mut self.facts;
        match *record {
            Record::JoinAsked { since, .. } => facts.resumes += u64::from(since.is_some()),
            Record::Received { .. } => facts.deliveries += 1,
            Record::GapTold { .. } => facts.gaps += 1,
            Record::Joined {
                session, room, gap, ..
            } => {
                facts.joins += 1;
                facts.gaps += u64::from(gap.is_some());
                *self.weights.entry(file.name(room)).or_default() += MEMBER_BYTES;
                let life = file.sessions.get_mut(session.0 as usize);
                if let Some(life) = life.and_then(Option::as_mut) {
                    life.rooms += 1;
                    let rooms = u64::from(life.rooms);
                    facts.rooms_of_a_session = facts.rooms_of_a_session.max(rooms);
                }
            }
            _ => {}
        }
    }

    fn sender(&mut self, file: &mut OneFile, at_us: u64, record: &Record) {
        let facts = &mut self.facts;
        let weighs = match *record {
            Record::Sent { room, .. } => {
                facts.sent += 1;
                self.last_sent_us = self.last_sent_us.max(at_us);
                Some((room, SENT_BYTES))
            }
            Record::Acked {
                room, duplicate, ..
            } => {
                facts.acks += 1;
                facts.duplicates += u64::from(duplicate);
                Some((room, 0))
            }
            Record::Logged { room, .. } => Some((room, LOGGED_BYTES)),
            Record::Head { room, .. } | Record::Present { room, .. } => Some((room, 0)),
            Record::Refused { what, .. } => {
                facts.refused += u64::from(what.is_some());
                None
            }
            Record::Unanswered { .. } => {
                facts.unanswered += 1;
                None
            }
            Record::FaultBegan { fault, name, cost } => {
                let fault_is = Fault {
                    name: self.names.text(file.name(name)).into(),
                    cost,
                    began_us: at_us,
                    ended_us: None,
                };
                self.faults.all.insert(fault, fault_is);
                None
            }
            Record::FaultEnded { fault } => {
                self.ended_faults.insert(fault, at_us);
                None
            }
            Record::Rest => {
                file.rest_us = Some(at_us);
                None
            }
            Record::End => {
                file.is_whole = true;
                None
            }
            _ => None,
        };
        if let Some((room, weight)) = weighs {
            *self.weights.entry(file.name(room)).or_default() += weight;
        }
    }

    fn count(&mut self) {
        let live = self.files.iter().map(|file| {
            let sessions = file.sessions.iter().flatten();
            sessions.filter(|life| file.is_live_at_rest(life)).count() as u64
        });
        self.facts.live_at_rest = live.sum();
        self.faults.is_partial = self.files.iter().any(|file| !file.is_whole);
        self.facts.ledgers = self.files.len() as u64;
        self.facts.clients = self.clients.len() as u64;
        self.facts.rooms = self.weights.len() as u64;
        self.facts.joins -= self.facts.resumes.min(self.facts.joins);
    }
}
