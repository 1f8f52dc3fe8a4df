//! Records into bytes. Owns the tables of names and epochs on the writing side.
//!
//! Keeps true: a name or an epoch is told before the first record that speaks of it.

use std::collections::HashMap;

use super::bytes::{put_number, put_step};
use super::record::{Place, Record};
use crate::payload::{Carried, Said};

/// Kinds of records; 0 is none, so that zeros at the end of a file are no records.
pub(super) mod kind {
    pub(in crate::ledger) const NAME: u8 = 1;
    pub(in crate::ledger) const EPOCH: u8 = 2;
    pub(in crate::ledger) const OPENED: u8 = 3;
    pub(in crate::ledger) const CLOSED: u8 = 4;
    pub(in crate::ledger) const JOIN_ASKED: u8 = 5;
    pub(in crate::ledger) const JOINED: u8 = 6;
    pub(in crate::ledger) const LEFT: u8 = 7;
    pub(in crate::ledger) const RECEIVED: u8 = 8;
    pub(in crate::ledger) const GAP_TOLD: u8 = 9;
    pub(in crate::ledger) const SENT: u8 = 10;
    pub(in crate::ledger) const ACKED: u8 = 11;
    pub(in crate::ledger) const REFUSED: u8 = 12;
    pub(in crate::ledger) const UNANSWERED: u8 = 13;
    pub(in crate::ledger) const PRESENT: u8 = 14;
    pub(in crate::ledger) const FAULT_BEGAN: u8 = 15;
    pub(in crate::ledger) const FAULT_ENDED: u8 = 16;
    pub(in crate::ledger) const LOGGED: u8 = 17;
    pub(in crate::ledger) const HEAD: u8 = 18;
    pub(in crate::ledger) const REST: u8 = 19;
    pub(in crate::ledger) const END: u8 = 20;
}

/// Makes pages of records.
#[derive(Default)]
pub(super) struct Encoder {
    names: HashMap<Box<str>, u32>,
    epochs: HashMap<u64, u32>,
    last_us: u64,
    fields: Vec<u8>,
    /// What is not yet taken away.
    pub(super) page: Vec<u8>,
    pub(super) records: u64,
}

impl Encoder {
    /// The number of a text.
    pub(super) fn name(&mut self, text: &str) -> u32 {
        if let Some(number) = self.names.get(text) {
            return *number;
        }
        let number = self.names.len() as u32;
        self.names.insert(text.into(), number);
        self.page.push(kind::NAME);
        put_number(&mut self.page, text.len() as u64);
        self.page.extend(text.as_bytes());
        number
    }

    /// Appends a record to the page.
    pub(super) fn put(&mut self, at_us: u64, record: &Record) {
        self.fields.clear();
        let kind = self.put_fields(at_us, record);
        self.page.push(kind);
        put_step(&mut self.page, self.last_us, at_us);
        self.page.extend_from_slice(&self.fields);
        self.last_us = at_us;
        self.records += 1;
    }

    fn put_fields(&mut self, at_us: u64, record: &Record) -> u8 {
        match *record {
            Record::Opened { .. }
            | Record::Closed { .. }
            | Record::JoinAsked { .. }
            | Record::Joined { .. }
            | Record::Left { .. } => self.put_of_session(record),
            Record::Received {
                session,
                room,
                at,
                id,
                carried,
            } => {
                self.number(session.0);
                self.message(room.0, at, id, carried);
                kind::RECEIVED
            }
            Record::GapTold {
                session,
                room,
                epoch,
                gap,
            } => {
                self.number(session.0);
                let (from, to) = (gap.from, gap.to);
                self.place(room.0, Place { epoch, seq: from });
                put_step(&mut self.fields, from, to);
                kind::GAP_TOLD
            }
            Record::Sent { .. }
            | Record::Acked { .. }
            | Record::Refused { .. }
            | Record::Unanswered { .. } => self.put_of_sender(at_us, record),
            Record::Logged {
                room,
                at,
                id,
                carried,
            } => {
                self.message(room.0, at, id, carried);
                kind::LOGGED
            }
            Record::Head { room, at, messages } => {
                self.place(room.0, at);
                self.number(messages);
                kind::HEAD
            }
            Record::Present { .. } | Record::FaultBegan { .. } | Record::FaultEnded { .. } => {
                self.put_of_run(record)
            }
            Record::Rest => kind::REST,
            Record::End => kind::END,
        }
    }

    fn put_of_session(&mut self, record: &Record) -> u8 {
        match *record {
            Record::Opened {
                session,
                client,
                user,
                node,
                uuid,
            } => {
                for number in [session.0, client, user.0, node.0] {
                    self.number(number);
                }
                self.fields.extend(uuid.to_le_bytes());
                kind::OPENED
            }
            Record::Closed { session, code, by } => {
                self.number(session.0);
                self.fields.push(by as u8);
                // No close code is 0.
                self.number(code.unwrap_or(0));
                kind::CLOSED
            }
            Record::JoinAsked {
                session,
                room,
                since,
            } => {
                self.number(session.0);
                self.fields.push(u8::from(since.is_some()));
                match since {
                    Some(since) => self.place(room.0, since),
                    None => self.number(room.0),
                }
                kind::JOIN_ASKED
            }
            Record::Joined {
                session,
                room,
                at,
                recovered,
                gap,
                count,
                messages,
            } => {
                self.number(session.0);
                let flags = u8::from(recovered) | u8::from(gap.is_some()) << 1;
                self.fields.push(flags);
                self.place(room.0, at);
                if let Some(gap) = gap {
                    put_number(&mut self.fields, gap.from);
                    put_step(&mut self.fields, gap.from, gap.to);
                }
                put_number(&mut self.fields, count);
                self.number(messages);
                kind::JOINED
            }
            Record::Left { session, room } => {
                self.number(session.0);
                self.number(room.0);
                kind::LEFT
            }
            _ => unreachable!("put_fields sends the records of a session here"),
        }
    }

    fn put_of_sender(&mut self, at_us: u64, record: &Record) -> u8 {
        match *record {
            Record::Sent {
                said,
                room,
                key,
                scheduled_us,
            } => {
                self.said(said);
                self.number(room.0);
                self.fields.push(u8::from(key.is_some()));
                self.fields
                    .extend(key.iter().flat_map(|key| key.to_le_bytes()));
                put_step(&mut self.fields, at_us, scheduled_us);
                kind::SENT
            }
            Record::Acked {
                said,
                room,
                at,
                duplicate,
            } => {
                self.said(said);
                self.place(room.0, at);
                self.fields.push(u8::from(duplicate));
                kind::ACKED
            }
            Record::Refused { what, code } => {
                self.number(code);
                self.fields.push(u8::from(what.is_some()));
                if let Some((said, room)) = what {
                    self.said(said);
                    self.number(room.0);
                }
                kind::REFUSED
            }
            Record::Unanswered { said, room } => {
                self.said(said);
                self.number(room.0);
                kind::UNANSWERED
            }
            _ => unreachable!("put_fields sends the records of a sender here"),
        }
    }

    fn put_of_run(&mut self, record: &Record) -> u8 {
        match record {
            Record::Present {
                session,
                room,
                count,
                users,
            } => {
                let flags = u8::from(session.is_some()) | u8::from(users.is_some()) << 1;
                self.fields.push(flags);
                if let Some(session) = session {
                    self.number(session.0);
                }
                self.number(room.0);
                put_number(&mut self.fields, *count);
                if let Some(users) = users {
                    put_number(&mut self.fields, users.len() as u64);
                    users.iter().for_each(|user| self.number(user.0));
                }
                kind::PRESENT
            }
            Record::FaultBegan { fault, name, cost } => {
                self.number(*fault);
                self.number(name.0);
                let flags = [cost.forgets, cost.cuts, cost.refuses];
                let bit = |(at, on): (usize, &bool)| u8::from(*on) << at;
                self.fields.push(flags.iter().enumerate().map(bit).sum());
                kind::FAULT_BEGAN
            }
            Record::FaultEnded { fault } => {
                self.number(*fault);
                kind::FAULT_ENDED
            }
            _ => unreachable!("put_fields sends the records of a run here"),
        }
    }

    fn number(&mut self, number: impl Into<u64>) {
        put_number(&mut self.fields, number.into());
    }

    fn said(&mut self, said: Said) {
        self.number(said.client);
        self.number(said.number);
    }

    fn place(&mut self, room: u32, at: Place) {
        let epoch = self.epoch(at.epoch);
        self.number(room);
        self.number(epoch);
        put_number(&mut self.fields, at.seq);
    }

    fn message(&mut self, room: u32, at: Place, id: u128, carried: Carried) {
        self.place(room, at);
        self.fields.extend(id.to_le_bytes());
        let (flag, said) = match carried {
            Carried::Foreign => (0, None),
            Carried::Intact(said) => (1, Some(said)),
            Carried::Altered(said) => (2, Some(said)),
        };
        self.fields.push(flag);
        if let Some(said) = said {
            self.said(said);
        }
    }

    fn epoch(&mut self, bits: u64) -> u32 {
        let next = self.epochs.len() as u32;
        let number = *self.epochs.entry(bits).or_insert(next);
        if number == next {
            self.page.push(kind::EPOCH);
            self.page.extend(bits.to_le_bytes());
        }
        number
    }
}
