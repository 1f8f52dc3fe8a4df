//! One reading of all ledgers for some of the rooms: each record goes to its room.

use crate::audit::map::Map;

use super::error::AuditError;
use super::plan::Plan;
use super::room::Room;
use super::room::judge::{self, Directs};
use super::room::presence::Claim;
use super::room::walk::JoinedWords;
use super::scene::Scene;
use super::survey::{OneFile, Survey};
use super::tally::Tally;
use super::verdict::Facts;
use crate::ledger::reader::Reader;
use crate::ledger::record::{Name, Record, Session};

/// Refusals that don't say whether something was stored: `try_again` and `internal`.
const UNSURE: [u16; 2] = [500, 503];

/// The rooms of a pass.
pub(super) struct Pass<'a> {
    survey: &'a Survey,
    plan: &'a Plan,
    tally: &'a mut Tally,
    /// By the name's number; others are not of this pass.
    rooms: Map<u32, Room>,
}

impl<'a> Pass<'a> {
    pub(super) fn new(
        survey: &'a Survey,
        plan: &'a Plan,
        rooms: &[u32],
        tally: &'a mut Tally,
    ) -> Self {
        Self {
            survey,
            plan,
            tally,
            rooms: rooms.iter().map(|room| (*room, Room::default())).collect(),
        }
    }

    /// Reads one of the files.
    pub(super) fn read(&mut self, file: usize) -> Result<(), AuditError> {
        let file = &self.survey.files[file];
        let mut reader = Reader::open(&file.path)?;
        while let Some((at_us, record)) = reader.read_next()? {
            match record {
                Record::JoinAsked { session, .. }
                | Record::Joined { session, .. }
                | Record::Left { session, .. }
                | Record::Received { session, .. }
                | Record::GapTold { session, .. } => self.heard(file, session, at_us, &record),
                _ => self.said(file, at_us, &record),
            }
        }
        Ok(())
    }

    /// Judges each room; returns the numbers that only now are known.
    pub(super) fn conclude(mut self) -> Facts {
        let mut directs = Directs::default();
        for (room, gathered) in &self.rooms {
            if self.survey.names.text(*room).starts_with('@') {
                directs.learn(gathered);
            }
        }
        let mut facts = Facts::default();
        let mut rooms: Vec<(u32, Room)> = self.rooms.drain().collect();
        rooms.sort_by_key(|(room, _)| *room);
        for (room, mut gathered) in rooms {
            let mut scene = Scene {
                survey: self.survey,
                plan: self.plan,
                room,
                tally: self.tally,
            };
            judge::room(&mut gathered, &mut scene, &directs, &mut facts);
        }
        facts
    }

    /// The room of a name, if it is of this pass, and the scene to judge it in.
    fn room(&mut self, file: &OneFile, name: Name) -> Option<(&mut Room, Scene<'_>)> {
        let number = file.name(name);
        let room = self.rooms.get_mut(&number)?;
        let scene = Scene {
            survey: self.survey,
            plan: self.plan,
            room: number,
            tally: self.tally,
        };
        Some((room, scene))
    }

    /// What a session was told, and what it asked for.
    fn heard(&mut self, file: &OneFile, session: Session, at_us: u64, record: &Record) {
        let Some(client) = file.session(session).map(|life| life.client) else {
            return;
        };
        let name = match *record {
            Record::JoinAsked { room, .. }
            | Record::Joined { room, .. }
            | Record::Left { room, .. }
            | Record::Received { room, .. }
            | Record::GapTold { room, .. } => room,
            _ => return,
        };
        let Some((room, mut scene)) = self.room(file, name) else {
            return;
        };
        let (scene, session) = (&mut scene, session.0);
        match *record {
            Record::Received {
                at, id, carried, ..
            } => room.received(scene, client, session, at_us, (at, id, carried)),
            Record::JoinAsked { since, .. } => room.asked(scene, client, session, at_us, since),
            Record::Joined {
                at,
                recovered,
                gap,
                messages,
                ..
            } => {
                let words = JoinedWords {
                    at,
                    recovered,
                    gap,
                    messages,
                };
                room.joined(scene, client, session, at_us, &words);
            }
            Record::GapTold { epoch, gap, .. } => {
                room.gap(scene, client, session, at_us, (epoch, gap));
            }
            Record::Left { .. } => room.left(scene, client, at_us),
            _ => {}
        }
    }

    /// What senders said and were answered, and what was read at the end.
    fn said(&mut self, file: &OneFile, at_us: u64, record: &Record) {
        let name = match record {
            Record::Sent { room, .. }
            | Record::Acked { room, .. }
            | Record::Present { room, .. }
            | Record::Logged { room, .. }
            | Record::Head { room, .. } => *room,
            Record::Refused {
                what: Some((_, room)),
                ..
            } => *room,
            _ => return,
        };
        let window_us = self.plan.key_window_us;
        let Some((room, mut scene)) = self.room(file, name) else {
            return;
        };
        let scene = &mut scene;
        match record {
            Record::Sent { said, key, .. } => room.messages.sent(*said, *key, at_us, window_us),
            Record::Acked {
                said,
                at,
                duplicate,
                ..
            } => room.acked(scene, *said, at_us, *at, *duplicate),
            Record::Refused {
                what: Some((said, _)),
                code,
            } => {
                // A direct message is stored twice, so the store's refusal may have come between.
                let is_sure =
                    !UNSURE.contains(code) && (*code < 500 || !scene.room_name().starts_with('@'));
                if is_sure {
                    room.messages.refused(*said);
                }
            }
            Record::Present {
                session,
                count,
                users,
                ..
            } => {
                let life = session.and_then(|session| file.session(session));
                let users = users.as_ref();
                let claim = Claim {
                    count: *count,
                    users: users.map(|users| users.iter().map(|user| file.name(*user)).collect()),
                };
                room.claims.note(life.map(|life| life.client), at_us, claim);
            }
            Record::Logged {
                at, id, carried, ..
            } => room.logged(scene, at_us, (*at, *id, *carried)),
            Record::Head { at, messages, .. } => {
                room.log_messages = *messages;
                room.life(at.epoch, at_us);
                room.head = Some(*at);
            }
            _ => {}
        }
    }
}
