//! One client of the load: what it knows between two moments.
//!
//! Keeps true: a client holds one session at a time, and is *settled* while it is in every room of its.
//! What it hears, says and looks up is the business of the modules beside this one.

use std::sync::Arc;

use rand::rngs::SmallRng;
use roomcast_protocol::{ClientFrame, Connected, RoomName, UserId};

use super::crew::Crew;
use super::habit::Schedule;
use super::lookups::Lookups;
use super::pending::Pending;
use super::seat::{Phase, Seat, place};
use super::tally::{Away, NodeNumber};
use crate::ledger::record::{ClosedBy, Record, Session};
use crate::load::Part;

/// Requests other than messages are numbered from here: a message's number has 32 bits.
const REQUESTS_FROM: u64 = 1 << 32;

/// One client.
pub(crate) struct Member {
    pub(crate) number: u32,
    pub(crate) crew: Arc<Crew>,
    pub(crate) dice: SmallRng,
    /// The rooms in the order of its part; once connected, the inbox behind them.
    pub(crate) seats: Vec<Seat>,
    pub(crate) inbox: Option<usize>,
    /// Whether some seat isn't taken.
    pub(crate) has_seats_to_take: bool,
    pub(crate) schedule: Schedule,
    pub(crate) pending: Vec<Pending>,
    /// How many messages it has said.
    pub(crate) said: u32,
    pub(crate) open: Option<Open>,
    pub(crate) lookups: Lookups,
    /// Frames to be written.
    pub(crate) out: Vec<ClientFrame>,
    /// When to come back elsewhere, as the server told.
    pub(crate) move_at_us: Option<u64>,
    pub(crate) reloads: bool,
    /// Not back yet from an absence of its own choice: what it missed was not the cluster's delay.
    is_back_late: bool,
    /// Since when it reads; none while it doesn't.
    reads_since_us: Option<u64>,
    requests: u64,
    is_settled: bool,
    /// When the session was lost, and whether by our own doing.
    lost: Option<(u64, bool)>,
}

/// The session that a client holds.
#[derive(Clone, Copy)]
pub(crate) struct Open {
    pub(crate) session: Session,
    pub(crate) node: NodeNumber,
}

impl Member {
    pub(crate) fn new(number: u32, part: &Part, crew: Arc<Crew>) -> Self {
        let seat = |room: &u32| {
            let (room, name) = crew.room(*room);
            Seat::new(room, name)
        };
        Self {
            number,
            dice: crew.load.dice(number, 1),
            seats: part.rooms.iter().map(seat).collect(),
            inbox: None,
            has_seats_to_take: false,
            schedule: Schedule::new(part.habit),
            pending: Vec::new(),
            said: 0,
            open: None,
            lookups: Lookups::new(crew.lookups(number, &part.rooms)),
            out: Vec::new(),
            move_at_us: None,
            reloads: false,
            is_back_late: false,
            reads_since_us: Some(0),
            requests: REQUESTS_FROM,
            is_settled: false,
            lost: None,
            crew,
        }
    }

    /// From now on it reads, or doesn't.
    pub(crate) fn reads(&mut self, does: bool, now_us: u64) {
        self.reads_since_us = does.then(|| self.reads_since_us.unwrap_or(now_us));
    }

    pub(crate) fn is_reading(&self) -> bool {
        self.reads_since_us.is_some()
    }

    /// Whether the client itself is why what was due then comes late: it was away, or didn't read.
    pub(crate) fn is_own_delay(&self, due_us: u64) -> bool {
        self.is_back_late || self.reads_since_us.is_none_or(|since| due_us < since)
    }

    /// A number for a request that isn't a message.
    pub(crate) fn request(&mut self) -> u64 {
        self.requests += 1;
        self.requests
    }

    pub(crate) fn note(&self, at_us: u64, record: &Record) {
        self.crew.ledger.note(at_us, record);
    }

    /// The seat of a room, if it is one of the client's.
    pub(crate) fn seat_of(&self, room: &RoomName) -> Option<usize> {
        self.seats.iter().position(|seat| seat.room == *room)
    }

    /// `connected` came, `connect_us` after the first SYN.
    pub(crate) fn opened(&mut self, connected: &Connected, now_us: u64, connect_us: u64) {
        let ledger = &self.crew.ledger;
        let session = ledger.session();
        let node = connected.node.as_str();
        let record = Record::Opened {
            session,
            client: self.number,
            user: ledger.name(connected.user.as_str()),
            node: ledger.name(node),
            uuid: connected.session.bits(),
        };
        self.note(now_us, &record);
        let node = self.crew.tally().opened(node, connect_us);
        self.open = Some(Open { session, node });
        self.has_seats_to_take = true;
        self.expect_inbox(&connected.user, session, now_us);
    }

    /// The inbox is joined by the server itself, from where the address said.
    fn expect_inbox(&mut self, user: &UserId, session: Session, now_us: u64) {
        let index = self.inbox.unwrap_or_else(|| {
            let room = RoomName::inbox(user);
            let name = self.crew.ledger.name(room.as_str());
            self.seats.push(Seat::new(room, name));
            self.seats.len() - 1
        });
        self.inbox = Some(index);
        let seat = &mut self.seats[index];
        let since = seat.since();
        seat.phase = Phase::Expected {
            at_us: now_us,
            resumes: since.is_some(),
        };
        let record = Record::JoinAsked {
            session,
            room: seat.name,
            since: since.map(|since| place(since.epoch, since.seq)),
        };
        // Where others write to it, one that never opens is a silent loss, which only the ledger can tell.
        if since.is_some() || self.crew.has_directs() {
            self.note(now_us, &record);
        }
    }

    /// A seat was taken; the client may be back in every room now.
    pub(crate) fn settle(&mut self, now_us: u64) {
        if self.is_settled || !self.seats.iter().all(|seat| seat.phase.is_settled()) {
            return;
        }
        self.is_settled = true;
        self.is_back_late = false;
        let mut tally = self.crew.tally();
        tally.settled += 1;
        if let Some((lost_us, by_us)) = self.lost.take() {
            tally.back(Away {
                by_us,
                lost_us,
                back_us: Some(now_us),
            });
        }
    }

    /// A seat was lost.
    pub(crate) fn unsettle(&mut self) {
        if std::mem::take(&mut self.is_settled) {
            self.crew.tally().settled -= 1;
        }
    }

    /// The session has ended. `is_away`: it is missed, and counts until the client is back.
    pub(crate) fn closed(&mut self, code: Option<u16>, by: ClosedBy, is_away: bool) {
        let now_us = self.crew.now_us();
        let Some(Open { session, node }) = self.open.take() else {
            return;
        };
        self.note(now_us, &Record::Closed { session, code, by });
        {
            let mut tally = self.crew.tally();
            tally.closed(node);
            tally.counted.cut += u64::from(by != ClosedBy::Us);
        }
        if is_away && self.is_settled {
            self.lost.get_or_insert((now_us, by == ClosedBy::Us));
        }
        self.is_back_late |= !is_away;
        self.unsettle();
        for seat in &mut self.seats {
            if seat.phase != Phase::Barred {
                seat.phase = Phase::Out { not_before_us: 0 };
            }
        }
        for pending in &mut self.pending {
            pending.sent_us = None;
        }
        self.lookups.lost_link();
        self.out.clear();
        self.move_at_us = None;
        self.reloads = false;
    }

    /// The run ends: who is away now is away for good.
    pub(crate) fn end(&mut self) {
        if let Some((lost_us, by_us)) = self.lost.take() {
            self.crew.tally().back(Away {
                by_us,
                lost_us,
                back_us: None,
            });
        }
    }
}
