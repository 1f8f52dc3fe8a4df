//! The audit: judges what all clients saw, beside what the rooms' logs hold at the end.
//!
//! Pure. Keeps its own reckoning: it shares no cursor with the program, so that a mistake there is
//! not repeated here. Its own tests plant one fault each and expect it to be found.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use roomcast_protocol::{Epoch, MessageId, RoomName, UserId};

use crate::ledger::{Heard, Ledger, Line, Place};

/// What a run may show without being at fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Allowed {
    /// Nothing was lost: one epoch, no gap.
    Nothing,
    /// The log was forgotten: gaps into new epochs, and what was acked before is lost.
    NewEpochs,
}

/// What the audit looks at.
pub(crate) struct Evidence {
    pub(crate) ledgers: Vec<Ledger>,
    pub(crate) logs: BTreeMap<RoomName, Log>,
    pub(crate) allowed: Allowed,
}

/// What a room's log holds at the end.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    pub(crate) head: Place,
    /// From the first message on.
    pub(crate) messages: Vec<Heard>,
}

/// What can be wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// A position is missing, and nobody told (P2).
    Hole,
    /// A position came again (P3).
    Repeat,
    /// Another epoch began, and nobody told (P2, P8).
    SilentEpoch,
    /// A gap where nothing was lost, or one that doesn't fit.
    Gap,
    /// `joined` doesn't say what follows it.
    Joined,
    /// Two saw different messages at one position (P1).
    OtherMessage,
    /// One message, or one key, at two positions (P3, P5).
    SaidTwice,
    /// A message was acked and is not there (P4).
    LostAck,
    /// An ack names another position than the message has (P4, P5).
    AckElsewhere,
    /// Something was never acked.
    Unacked,
    /// A sender's messages are not in the order in which they were said.
    SenderOrder,
    /// A member stands elsewhere than the log's end (P7).
    Behind,
    /// A client saw what should never come.
    Oddity,
}

/// One finding, with what one needs to look into it.
#[derive(Clone)]
pub(crate) struct Fault {
    pub(crate) kind: Kind,
    pub(crate) about: String,
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.kind, self.about)
    }
}

impl Fault {
    fn new(kind: Kind, about: String) -> Self {
        Self { kind, about }
    }
}

/// Everything that is wrong.
pub(crate) fn audit(evidence: &Evidence) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut told = Told::default();
    for (room, log) in &evidence.logs {
        for pair in log.messages.windows(2) {
            if pair[1].at != pair[0].at.next() {
                let about = format!("the log of {room}: {:?} after {:?}", pair[1], pair[0]);
                faults.push(Fault::new(Kind::Hole, about));
            }
        }
        for heard in &log.messages {
            faults.extend(told.note("the log", room, heard));
        }
    }
    for ledger in &evidence.ledgers {
        for (room, lines) in &ledger.rooms {
            faults.extend(walk(&ledger.user, room, lines, evidence.allowed));
            for heard in ledger.heard(room) {
                faults.extend(told.note(&ledger.user, room, heard));
            }
        }
        faults.extend(behind(ledger, evidence));
        let odd = |about: &String| Fault::new(Kind::Oddity, format!("{}: {about}", ledger.user));
        faults.extend(ledger.oddities.iter().map(odd));
    }
    for ledger in &evidence.ledgers {
        faults.extend(acks(ledger, &told, evidence));
    }
    faults.extend(told.sender_order(&evidence.ledgers));
    faults
}

/// One client's way through one room.
fn walk(user: &str, room: &RoomName, lines: &[Line], allowed: Allowed) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut stands: Option<Place> = None;
    // Messages of `joined` still to come, and where they must lead.
    let mut page: Option<(usize, Place)> = None;
    for (index, line) in lines.iter().enumerate() {
        let mut found = |kind, what: &str| {
            let before = &lines[index.saturating_sub(2)..index];
            let about =
                format!("{user} in {room}: {what}: {line:?} at {stands:?} after {before:?}");
            faults.push(Fault::new(kind, about));
        };
        match line {
            Line::Joined {
                since,
                covers,
                recovered,
                gap,
                messages,
            } => {
                let whole = since.is_some() && gap.is_none();
                if *since != stands || *recovered != whole {
                    found(Kind::Joined, "`since` or `recovered` is not right");
                }
                match gap {
                    Some(gap) => {
                        let (from, to) = (gap.from.value(), gap.to.value());
                        if let Some(what) = misfit(stands, covers.epoch, from, to, allowed) {
                            found(Kind::Gap, what);
                        }
                        stands = Some(Place { seq: to, ..*covers });
                    }
                    None if since.is_none() => {
                        let seq = covers.seq.saturating_sub(*messages as u64);
                        stands = Some(Place { seq, ..*covers });
                    }
                    None => {}
                }
                page = Some((*messages, *covers));
            }
            Line::Gap { epoch, from, to } => {
                if let Some(what) = misfit(stands, *epoch, *from, *to, allowed) {
                    found(Kind::Gap, what);
                }
                let (epoch, seq) = (*epoch, *to);
                stands = Some(Place { epoch, seq });
            }
            Line::Chat(heard) => match step(stands, heard.at) {
                None => stands = Some(heard.at),
                Some(kind) => found(kind, "not the next message"),
            },
        }
        if let Line::Chat(_) = line
            && let Some((left, _)) = &mut page
        {
            *left = left.saturating_sub(1);
        }
        if let Some((0, covers)) = page {
            if stands != Some(covers) {
                let about =
                    format!("{user} in {room}: {stands:?} instead of {covers:?} once joined");
                faults.push(Fault::new(Kind::Joined, about));
            }
            page = None;
        }
    }
    faults
}

/// What is wrong with a message at `at` for somebody who stands there.
fn step(stands: Option<Place>, at: Place) -> Option<Kind> {
    let Some(stands) = stands else {
        return Some(Kind::Joined);
    };
    if at == stands.next() {
        None
    } else if at.epoch != stands.epoch {
        Some(Kind::SilentEpoch)
    } else if at.seq <= stands.seq {
        Some(Kind::Repeat)
    } else {
        Some(Kind::Hole)
    }
}

/// What is wrong with a gap for somebody who stands there.
fn misfit(
    stands: Option<Place>,
    epoch: Epoch,
    from: u64,
    to: u64,
    allowed: Allowed,
) -> Option<&'static str> {
    if to + 1 < from {
        return Some("a gap that ends before it begins");
    }
    match allowed {
        Allowed::Nothing => Some("a gap although nothing was lost"),
        Allowed::NewEpochs if stands.is_none_or(|stands| stands.epoch == epoch) => {
            Some("a gap although the epoch goes on")
        }
        Allowed::NewEpochs => None,
    }
}

/// What everybody was told, put together.
#[derive(Default)]
struct Told {
    at: HashMap<(RoomName, Place), (Heard, String)>,
    ids: HashMap<(Epoch, MessageId), (RoomName, Place)>,
    keys: HashMap<(RoomName, Epoch, UserId, String), Place>,
}

impl Told {
    fn note(&mut self, who: &str, room: &RoomName, heard: &Heard) -> Option<Fault> {
        let (other, witness) = self
            .at
            .entry((room.clone(), heard.at))
            .or_insert_with(|| (heard.clone(), who.to_owned()));
        if other != heard {
            let about = format!("{room}: {who} has {heard:?}, {witness} has {other:?}");
            return Some(Fault::new(Kind::OtherMessage, about));
        }
        let place = (room.clone(), heard.at);
        let first = self
            .ids
            .entry((heard.at.epoch, heard.id))
            .or_insert(place.clone());
        if *first != place {
            let about = format!("{who} in {room}: {heard:?} stands at {first:?} too");
            return Some(Fault::new(Kind::SaidTwice, about));
        }
        let key = heard.key.clone()?;
        let (from, epoch) = (heard.from.clone(), heard.at.epoch);
        let key = (room.clone(), epoch, from, key);
        let first = self.keys.entry(key).or_insert(heard.at);
        (*first != heard.at).then(|| {
            let about = format!("{who} in {room}: the key of {heard:?} stands at {first:?} too");
            Fault::new(Kind::SaidTwice, about)
        })
    }

    /// A sender says one message after the other: so must they stand.
    fn sender_order(&self, ledgers: &[Ledger]) -> Vec<Fault> {
        let mut faults = Vec::new();
        for ledger in ledgers {
            let mut last: HashMap<(RoomName, Epoch), (Place, &str)> = HashMap::new();
            for sent in &ledger.sent {
                let Some((at, _)) = sent.acks.first() else {
                    continue;
                };
                let room = (sent.room.clone(), at.epoch);
                if let Some((before, text)) = last.insert(room, (*at, &sent.text))
                    && before.seq >= at.seq
                {
                    let about = format!(
                        "{} in {}: {text} at {before:?}, then {} at {at:?}",
                        ledger.user, sent.room, sent.text
                    );
                    faults.push(Fault::new(Kind::SenderOrder, about));
                }
            }
        }
        faults
    }
}

/// Whether what was acked is where the acks say.
fn acks(ledger: &Ledger, told: &Told, evidence: &Evidence) -> Vec<Fault> {
    let mut faults = Vec::new();
    for sent in &ledger.sent {
        let mut found = |kind, what: &str| {
            let about = format!("{}: {what}: {sent:?}", ledger.user);
            faults.push(Fault::new(kind, about));
        };
        if sent.acks.is_empty() {
            found(Kind::Unacked, "never acked");
        }
        // Where the log was forgotten, so were the keys.
        let strict =
            |a: Place, b: Place| evidence.allowed == Allowed::Nothing || a.epoch == b.epoch;
        let moved = |a: Place, b: Place| a != b && strict(a, b);
        if sent.acks.windows(2).any(|pair| moved(pair[0].0, pair[1].0)) {
            found(Kind::AckElsewhere, "acked at two positions");
        }
        for (at, _) in &sent.acks {
            let log = evidence.logs.get(&sent.room);
            let living = log.is_some_and(|log| log.head.epoch == at.epoch);
            let kept = evidence.allowed == Allowed::Nothing || living;
            match told.at.get(&(sent.room.clone(), *at)) {
                None if kept => found(Kind::LostAck, "acked and seen by nobody"),
                None => {}
                Some((heard, _)) => {
                    let same = heard.key.as_deref() == Some(&sent.key)
                        && heard.from.as_str() == ledger.user
                        && heard.text == sent.text;
                    if !same {
                        found(Kind::AckElsewhere, &format!("there stands {heard:?}"));
                    }
                }
            }
            let in_log = |log: &Log| log.messages.iter().any(|heard| heard.at == *at);
            if kept && !log.is_some_and(in_log) {
                found(Kind::LostAck, "acked and not in the log");
            }
        }
    }
    faults
}

/// Whether the client has come as far as each log.
fn behind(ledger: &Ledger, evidence: &Evidence) -> Vec<Fault> {
    let mut faults = Vec::new();
    for room in ledger.rooms.keys() {
        let Some(log) = evidence.logs.get(room) else {
            continue;
        };
        let stands = ledger.stands(room).map(|(place, _)| place);
        if stands != Some(log.head) {
            let (user, head) = (&ledger.user, log.head);
            let about = format!("{user} in {room}: at {stands:?}, the log at {head:?}");
            faults.push(Fault::new(Kind::Behind, about));
        }
    }
    faults
}
