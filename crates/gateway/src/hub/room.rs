//! One room on this node: its members, how far it has been relayed, and how what comes from the feed
//! and from the log is put together. No IO: it says what must be read, the relay reads it.

use std::collections::VecDeque;
use std::sync::Arc;

use roomcast_broker::Head;
use roomcast_protocol::{
    Cursor, GapRange, Message, Position, RoomName, Seq, SessionId, Since, Step,
};
use tokio::time::Instant;

use super::company::Company;
use super::gap::gap_frame;
use super::mark::Mark;
use super::member::Member;
use super::members::Members;
use super::order::JoinRequest;
use super::reading::{Known, Onward};
use crate::clock;
use crate::frame::Frame;
use crate::metrics::Metrics;
use crate::outbox::Offer;
use crate::trace::{Relaying, Source, Tracer};

/// Messages held back while the log is read; what comes beyond is read from the log.
const HELD_MAX: usize = 1_024;
/// Frames kept for members whose read is on its way; who needs more reads again.
const RECENT_MAX: usize = 512;

/// What a room is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    /// Being subscribed to.
    Opening,
    /// Relaying.
    Live,
    /// Reading the log; what the feed tells is held back.
    Repairing,
    /// Being unsubscribed from.
    Closing,
}

pub(super) struct Room {
    pub(super) name: RoomName,
    pub(super) phase: Phase,
    pub(super) members: Members,
    pub(super) mark: Arc<Mark>,
    /// Who is here, unless it is an inbox.
    pub(super) company: Option<Box<Company>>,
    /// Joiners that wait until the room is live.
    pub(super) waiting: Vec<JoinRequest>,
    /// Since when nobody is here.
    pub(super) empty_since: Option<Instant>,
    /// When a client's word last put the room into a new epoch.
    pub(super) fenced_at: Option<Instant>,
    /// Something happened during a repair that its read may have missed.
    pub(super) repair_again: bool,
    cursor: Option<Cursor>,
    held: VecDeque<Message>,
    /// How many of the held ones were there when the log was asked.
    held_when_asked: usize,
    recent: VecDeque<(Seq, Frame)>,
    reads: usize,
    /// Up to here positions came from the log; the feed may still bring its copies.
    echoes_to: Seq,
}

/// What became of a member that was behind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Refill {
    /// It was told all there was.
    Told,
    /// The log had nothing for it, though the relay stands further.
    Nothing,
    /// Its outbox is full again; its writer will ask.
    Full,
    /// The log lives in another epoch than the relay stands in.
    OtherEpoch,
}

/// Whether the relay must look into the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub(super) enum Verdict {
    Fine,
    MustRepair,
}

impl Room {
    pub(super) fn opening(name: RoomName) -> Self {
        let company = (!name.is_inbox()).then(|| Box::new(Company::new()));
        Self {
            name,
            phase: Phase::Opening,
            members: Members::default(),
            mark: Arc::default(),
            company,
            waiting: Vec::new(),
            empty_since: None,
            fenced_at: None,
            repair_again: false,
            cursor: None,
            held: VecDeque::new(),
            held_when_asked: 0,
            recent: VecDeque::new(),
            reads: 0,
            echoes_to: Seq::ZERO,
        }
    }

    /// Where the relay stands, once the room has been opened.
    pub(super) fn since(&self) -> Option<Since> {
        self.cursor.map(|cursor| cursor.since())
    }

    /// The room is subscribed to and stands at `cursor`.
    pub(super) fn opened(&mut self, cursor: Cursor) {
        self.stand_at(cursor);
        self.echoes_to = cursor.seq();
        self.phase = Phase::Live;
    }

    /// Takes a message from the feed.
    pub(super) fn take(
        &mut self,
        message: Message,
        metrics: &Metrics,
        tracer: Option<&Arc<Tracer>>,
    ) -> Verdict {
        if self.phase != Phase::Live {
            self.hold(message);
            return Verdict::Fine;
        }
        let Some(mut cursor) = self.cursor else {
            return Verdict::Fine;
        };
        match cursor.observe(message.position, message.id) {
            Step::Next => {
                self.stand_at(cursor);
                let relaying = Relaying::of(&message, Source::Feed, tracer);
                self.fan_out(&message, metrics, relaying);
                Verdict::Fine
            }
            Step::Duplicate if message.position.seq <= self.echoes_to => Verdict::Fine,
            // A position told before is told again: the log must show which of the two it has (P8).
            Step::Duplicate => Verdict::MustRepair,
            Step::Hole { .. } | Step::OtherEpoch => {
                self.hold(message);
                Verdict::MustRepair
            }
        }
    }

    /// What the log must not deny. Members may have been told more than the relay, by what was read
    /// for them.
    pub(super) fn known(&self) -> Option<Known> {
        let since = self.since()?;
        let floor = self.members.furthest().unwrap_or(since.seq).max(since.seq);
        Some(Known { since, floor })
    }

    /// A repair begins: from where the log must be read, and how far it must reach. Something told
    /// beyond what the log then has was forgotten by it.
    pub(super) fn repair_begins(&mut self) -> Option<Known> {
        let Known { since, floor } = self.known()?;
        self.phase = Phase::Repairing;
        self.held_when_asked = self.held.len();
        let held = self.held.iter().map(|message| message.position);
        let told = held.filter(|position| position.epoch == since.epoch);
        let floor = told.map(|position| position.seq).fold(floor, Seq::max);
        Some(Known { since, floor })
    }

    /// Takes how the log goes on from where the relay stood, then what was held back meanwhile.
    pub(super) fn repaired(
        &mut self,
        onward: Onward,
        metrics: &Metrics,
        tracer: Option<&Arc<Tracer>>,
    ) -> Verdict {
        let Some(cursor) = self.cursor else {
            return Verdict::Fine;
        };
        if let Some(gap) = onward.gap {
            self.tell_gap(cursor, &onward.head, gap, metrics);
        }
        for message in &onward.messages {
            let Some(mut cursor) = self.cursor else { break };
            if cursor.observe(message.position, message.id) == Step::Next {
                metrics.messages_repaired.inc();
                self.stand_at(cursor);
                let relaying = Relaying::of(message, Source::Log, tracer);
                self.fan_out(message, metrics, relaying);
            }
        }
        self.echoes_to = self.cursor.map_or(Seq::ZERO, |cursor| cursor.seq());
        self.phase = Phase::Live;
        let missed = std::mem::take(&mut self.repair_again);
        let mut verdict = if onward.more || missed {
            Verdict::MustRepair
        } else {
            Verdict::Fine
        };
        let asked = std::mem::take(&mut self.held_when_asked);
        for (index, message) in std::mem::take(&mut self.held).into_iter().enumerate() {
            let epoch = self.cursor.map(|cursor| cursor.epoch());
            if index < asked && Some(message.position.epoch) != epoch {
                // The log was asked after this was told, and lives in another epoch: an echo of a
                // life that is over.
                continue;
            }
            if verdict == Verdict::MustRepair {
                self.hold(message);
            } else {
                verdict = self.take(message, metrics, tracer);
            }
        }
        verdict
    }

    /// Makes a joiner a member who has been told everything up to `told`.
    pub(super) fn admit(&mut self, request: &JoinRequest, told: Seq) {
        self.empty_since = None;
        self.members.insert(Member {
            session: request.session,
            user: request.user.clone(),
            outbox: request.outbox.clone(),
            told,
            live: false,
            reading: false,
            missed: false,
        });
    }

    /// Gives a member who is behind what the log had for it.
    pub(super) fn refill(&mut self, session: SessionId, onward: &Onward) -> Refill {
        let Some(cursor) = self.cursor else {
            return Refill::OtherEpoch;
        };
        if onward.head.epoch != cursor.epoch() {
            return Refill::OtherEpoch;
        }
        let room = &self.name;
        let Some(member) = self.members.one(session) else {
            return Refill::Told;
        };
        let before = member.told;
        if let Some(GapRange { to, .. }) = onward.gap.filter(|gap| gap.to > member.told) {
            // The read may have begun for an earlier stay in the room, from further back.
            let gap = GapRange {
                from: member.told.next(),
                to,
            };
            let position = Position {
                epoch: cursor.epoch(),
                seq: gap.to,
            };
            member.outbox.answer(gap_frame(room, position, gap));
            member.told = gap.to;
        }
        for message in &onward.messages {
            let frame = Frame::from(message.encode());
            if member.tell(room, message.position.seq, &frame) != Offer::Taken {
                return Refill::Full;
            }
        }
        if member.told == before && before < cursor.seq() {
            Refill::Nothing
        } else {
            Refill::Told
        }
    }

    /// Makes a member live if it has been told everything; `Some` is the position to read on from.
    pub(super) fn catch_up(&mut self, session: SessionId) -> Option<Since> {
        let cursor = self.cursor?;
        let member = self.members.one(session)?;
        for (seq, frame) in &self.recent {
            match member.tell(&self.name, *seq, frame) {
                Offer::Taken => {}
                Offer::Full | Offer::Closed => return None,
            }
        }
        member.live = member.told >= cursor.seq();
        (!member.live).then(|| Since {
            epoch: cursor.epoch(),
            seq: member.told,
            id: None,
        })
    }

    /// Whether nobody is here, or about to be.
    pub(super) fn is_deserted(&self) -> bool {
        let is_expected = |company: &Company| !company.expected.is_empty();
        let is_awaited =
            !self.waiting.is_empty() || self.company.as_deref().is_some_and(is_expected);
        self.members.is_empty() && !is_awaited && self.reads == 0
    }

    /// A read for a member begins: what is relayed from now on is kept for it.
    pub(super) fn read_begins(&mut self, session: Option<SessionId>) {
        self.reads += 1;
        if let Some(member) = session.and_then(|session| self.members.one(session)) {
            member.reading = true;
        }
    }

    /// It has ended.
    pub(super) fn read_ends(&mut self, session: SessionId) {
        self.reads = self.reads.saturating_sub(1);
        if let Some(member) = self.members.one(session) {
            member.reading = false;
        }
    }

    /// Nobody needs what was kept any more, if no read is on its way.
    pub(super) fn forget_recent(&mut self) {
        if self.reads == 0 {
            self.recent = VecDeque::new();
        }
    }

    fn stand_at(&mut self, cursor: Cursor) {
        self.cursor = Some(cursor);
        self.mark.set(cursor.position());
    }

    fn hold(&mut self, message: Message) {
        // What doesn't fit shows as a hole afterwards, and is read then.
        if self.held.len() < HELD_MAX {
            self.held.push_back(message);
        }
    }

    fn fan_out(&mut self, message: &Message, metrics: &Metrics, relaying: Option<Relaying>) {
        if self.members.is_empty() && self.reads == 0 {
            return;
        }
        let deliveries = relaying
            .as_ref()
            .map(|it| it.deliveries(self.members.live()));
        let frame = Frame::traced(message.encode(), deliveries);
        let seq = message.position.seq;
        if self.reads > 0 {
            if self.recent.len() == RECENT_MAX {
                self.recent.pop_front();
            }
            self.recent.push_back((seq, frame.clone()));
        }
        let mut told = 0;
        for member in self.members.iter_mut().filter(|member| member.live) {
            match member.tell(&self.name, seq, &frame) {
                Offer::Taken => told += 1,
                Offer::Full => metrics.outbox_overflows.inc(),
                Offer::Closed => {}
            }
        }
        metrics.messages_delivered.inc_by(told);
        metrics.relayed(message.timestamp_ms, clock::now_ms());
        if let Some(relaying) = relaying {
            relaying.end(told);
        }
    }

    /// Tells everybody that the relay could not vouch for `gap`, and stands behind it.
    fn tell_gap(&mut self, cursor: Cursor, head: &Head, gap: GapRange, metrics: &Metrics) {
        let same_epoch = head.epoch == cursor.epoch();
        let position = Position {
            epoch: head.epoch,
            seq: gap.to,
        };
        metrics.gaps_told.inc();
        for member in self.members.iter_mut() {
            let from = if same_epoch {
                // Who is behind in this epoch finds out when it gets there, and perhaps
                // differently; who was told more than the relay is missing less.
                if !member.live || member.told >= gap.to {
                    continue;
                }
                member.told.next()
            } else {
                // A read that is on its way for it is of an epoch that is over.
                member.reading = false;
                gap.from
            };
            let gap = GapRange { from, to: gap.to };
            member.outbox.answer(gap_frame(&self.name, position, gap));
            member.told = gap.to;
            member.live = true;
        }
        if !same_epoch {
            self.recent.clear();
        }
        self.stand_at(Cursor::new(position, None));
    }
}
