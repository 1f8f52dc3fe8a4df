//! Bytes into records. Owns the tables of names and epochs on the reading side.
//!
//! Keeps true: whatever the bytes are, it ends with records, with too few bytes, or with a reason; a
//! number that points nowhere is a reason.

use super::bytes::{Bytes, Flaw};
use super::encoder::kind;
use super::record::{ClosedBy, Cost, Name, Place, Range, Record, Session};
use crate::payload::{Carried, Said};

/// What has been told so far.
#[derive(Default)]
pub(super) struct Decoder {
    pub(super) names: Vec<Box<str>>,
    epochs: Vec<u64>,
    last_us: u64,
}

impl Decoder {
    /// The next record and its time, and nothing at the end of the bytes. Where it fails, nothing of
    /// the record was taken.
    pub(super) fn next(&mut self, bytes: &mut Bytes<'_>) -> Result<Option<(u64, Record)>, Flaw> {
        while !bytes.0.is_empty() {
            let mut ahead = *bytes;
            match ahead.byte()? {
                kind::NAME => {
                    let length = ahead.small()? as usize;
                    let text = std::str::from_utf8(ahead.take(length)?);
                    let text = text.map_err(|_| Flaw::Bad("a name that is no UTF-8"))?;
                    self.names.push(text.into());
                }
                kind::EPOCH => self.epochs.push(u64::from_le_bytes(ahead.array()?)),
                kind => {
                    let at_us = ahead.step(self.last_us)?;
                    let record = self.fields(kind, at_us, &mut ahead)?;
                    self.last_us = at_us;
                    *bytes = ahead;
                    return Ok(Some((at_us, record)));
                }
            }
            *bytes = ahead;
        }
        Ok(None)
    }

    fn fields(&self, kind: u8, at_us: u64, bytes: &mut Bytes<'_>) -> Result<Record, Flaw> {
        Ok(match kind {
            kind::RECEIVED => {
                let session = Session(bytes.small()?);
                let (room, at, id, carried) = self.message(bytes)?;
                Record::Received {
                    session,
                    room,
                    at,
                    id,
                    carried,
                }
            }
            kind::LOGGED => {
                let (room, at, id, carried) = self.message(bytes)?;
                Record::Logged {
                    room,
                    at,
                    id,
                    carried,
                }
            }
            kind::GAP_TOLD => {
                let session = Session(bytes.small()?);
                let (room, Place { epoch, seq: from }) = self.place(bytes)?;
                let to = bytes.step(from)?;
                Record::GapTold {
                    session,
                    room,
                    epoch,
                    gap: Range { from, to },
                }
            }
            kind::HEAD => {
                let (room, at) = self.place(bytes)?;
                let messages = bytes.number()?;
                Record::Head { room, at, messages }
            }
            kind::OPENED..=kind::LEFT => self.of_session(kind, bytes)?,
            kind::SENT..=kind::UNANSWERED => self.of_sender(kind, at_us, bytes)?,
            _ => self.of_run(kind, bytes)?,
        })
    }

    fn of_session(&self, kind: u8, bytes: &mut Bytes<'_>) -> Result<Record, Flaw> {
        let session = Session(bytes.small()?);
        Ok(match kind {
            kind::OPENED => Record::Opened {
                session,
                client: bytes.small()?,
                user: self.name(bytes)?,
                node: self.name(bytes)?,
                uuid: u128::from_le_bytes(bytes.array()?),
            },
            kind::CLOSED => {
                let by = match bytes.byte()? {
                    0 => ClosedBy::Us,
                    1 => ClosedBy::Server,
                    2 => ClosedBy::Lost,
                    _ => return Err(Flaw::Bad("a session closed by nobody known")),
                };
                let code = code(bytes)?;
                Record::Closed {
                    session,
                    code: (code != 0).then_some(code),
                    by,
                }
            }
            kind::JOIN_ASKED => {
                let resumes = flags(bytes, 1)? == 1;
                let (room, since) = if resumes {
                    let (room, since) = self.place(bytes)?;
                    (room, Some(since))
                } else {
                    (self.name(bytes)?, None)
                };
                Record::JoinAsked {
                    session,
                    room,
                    since,
                }
            }
            kind::JOINED => self.joined(session, bytes)?,
            _ => Record::Left {
                session,
                room: self.name(bytes)?,
            },
        })
    }

    fn joined(&self, session: Session, bytes: &mut Bytes<'_>) -> Result<Record, Flaw> {
        let flags = flags(bytes, 2)?;
        let (room, at) = self.place(bytes)?;
        let gap = if flags & 2 != 0 {
            let from = bytes.number()?;
            let to = bytes.step(from)?;
            Some(Range { from, to })
        } else {
            None
        };
        Ok(Record::Joined {
            session,
            room,
            at,
            recovered: flags & 1 != 0,
            gap,
            count: bytes.number()?,
            messages: bytes.small()?,
        })
    }

    fn of_sender(&self, kind: u8, at_us: u64, bytes: &mut Bytes<'_>) -> Result<Record, Flaw> {
        Ok(match kind {
            kind::SENT => {
                let said = said(bytes)?;
                let room = self.name(bytes)?;
                let key = match flags(bytes, 1)? {
                    0 => None,
                    _ => Some(u64::from_le_bytes(bytes.array()?)),
                };
                Record::Sent {
                    said,
                    room,
                    key,
                    scheduled_us: bytes.step(at_us)?,
                }
            }
            kind::ACKED => {
                let said = said(bytes)?;
                let (room, at) = self.place(bytes)?;
                Record::Acked {
                    said,
                    room,
                    at,
                    duplicate: flags(bytes, 1)? == 1,
                }
            }
            kind::REFUSED => {
                let code = code(bytes)?;
                let what = match flags(bytes, 1)? {
                    0 => None,
                    _ => Some((said(bytes)?, self.name(bytes)?)),
                };
                Record::Refused { what, code }
            }
            _ => Record::Unanswered {
                said: said(bytes)?,
                room: self.name(bytes)?,
            },
        })
    }

    fn of_run(&self, kind: u8, bytes: &mut Bytes<'_>) -> Result<Record, Flaw> {
        Ok(match kind {
            kind::PRESENT => {
                let flags = flags(bytes, 2)?;
                let session = match flags & 1 {
                    0 => None,
                    _ => Some(Session(bytes.small()?)),
                };
                let (room, count) = (self.name(bytes)?, bytes.number()?);
                let users = match flags & 2 {
                    0 => None,
                    _ => {
                        let count = bytes.small()?;
                        Some(
                            (0..count)
                                .map(|_| self.name(bytes))
                                .collect::<Result<_, _>>()?,
                        )
                    }
                };
                Record::Present {
                    session,
                    room,
                    count,
                    users,
                }
            }
            kind::FAULT_BEGAN => {
                let (fault, name) = (bytes.small()?, self.name(bytes)?);
                let flags = flags(bytes, 3)?;
                let cost = Cost {
                    forgets: flags & 1 != 0,
                    cuts: flags & 2 != 0,
                    refuses: flags & 4 != 0,
                };
                Record::FaultBegan { fault, name, cost }
            }
            kind::FAULT_ENDED => Record::FaultEnded {
                fault: bytes.small()?,
            },
            kind::REST => Record::Rest,
            kind::END => Record::End,
            _ => return Err(Flaw::Bad("a record of no known kind")),
        })
    }

    fn name(&self, bytes: &mut Bytes<'_>) -> Result<Name, Flaw> {
        let number = bytes.small()?;
        if (number as usize) < self.names.len() {
            Ok(Name(number))
        } else {
            Err(Flaw::Bad("a name that was never told"))
        }
    }

    fn place(&self, bytes: &mut Bytes<'_>) -> Result<(Name, Place), Flaw> {
        let (room, epoch) = (self.name(bytes)?, bytes.small()?);
        let epoch = self.epochs.get(epoch as usize);
        let epoch = *epoch.ok_or(Flaw::Bad("an epoch that was never told"))?;
        let seq = bytes.number()?;
        Ok((room, Place { epoch, seq }))
    }

    fn message(&self, bytes: &mut Bytes<'_>) -> Result<(Name, Place, u128, Carried), Flaw> {
        let (room, at) = self.place(bytes)?;
        let id = u128::from_le_bytes(bytes.array()?);
        let carried = match bytes.byte()? {
            0 => Carried::Foreign,
            1 => Carried::Intact(said(bytes)?),
            2 => Carried::Altered(said(bytes)?),
            _ => return Err(Flaw::Bad("a text that carries nothing known")),
        };
        Ok((room, at, id, carried))
    }
}

fn said(bytes: &mut Bytes<'_>) -> Result<Said, Flaw> {
    Ok(Said {
        client: bytes.small()?,
        number: bytes.small()?,
    })
}

fn code(bytes: &mut Bytes<'_>) -> Result<u16, Flaw> {
    u16::try_from(bytes.number()?).map_err(|_| Flaw::Bad("a code of more than 16 bits"))
}

fn flags(bytes: &mut Bytes<'_>, count: u32) -> Result<u8, Flaw> {
    let flags = bytes.byte()?;
    if u32::from(flags) >> count == 0 {
        Ok(flags)
    } else {
        Err(Flaw::Bad("a flag that means nothing"))
    }
}
