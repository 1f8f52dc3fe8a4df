//! Whether what was acked was kept, and stands where the acks say.

use super::log::LogEnd;
use crate::audit::check::Check;
use crate::audit::room::messages::{Ack, Message};
use crate::audit::room::trouble::At;
use crate::audit::room::{Room, content};
use crate::audit::scene::Scene;
use crate::audit::verdict::Facts;
use crate::ledger::record::Place;
use crate::payload::{Carried, Said};

/// An ack that comes so long after a store forgot may still be of what it forgot.
const FORGETS_FOR_US: u64 = 10_000_000;

/// What became of an acked message.
enum Fate {
    Kept,
    /// The store forgot it, and a fault let it.
    Forgotten,
    /// Nobody was there, and the log no longer says.
    Unprovable,
    /// Lost; how so.
    Lost(&'static str),
}

pub(super) fn judge(
    room: &Room,
    scene: &mut Scene<'_>,
    head_life: Option<u32>,
    log: Option<LogEnd>,
    facts: &mut Facts,
) {
    for (said, message) in &room.messages.all {
        let mut worst = None;
        for ack in &message.acks {
            scene.looked(Check::AckedIsKept, 1);
            scene.looked(Check::AckAgrees, 1);
            agrees(room, scene, *said, message, ack);
            let fate = fate(room, scene, *said, ack, head_life, log);
            match fate {
                Fate::Kept => {}
                Fate::Forgotten => worst = Some(true),
                Fate::Unprovable => worst = worst.or(Some(false)),
                Fate::Lost(how) => scene.found(Check::AckedIsKept, ack.at_us, || {
                    let (number, client) = (said.number, said.client);
                    let at = At(place(room, ack));
                    format!("message {number} of client {client}, acked at {at}, {how}")
                }),
            }
        }
        facts.acked += u64::from(!message.acks.is_empty());
        facts.forgotten += u64::from(worst == Some(true));
        facts.unprovable += u64::from(worst == Some(false));
    }
}

fn place(room: &Room, ack: &Ack) -> Place {
    Place {
        epoch: room.lives[ack.spot.life as usize].epoch,
        seq: ack.spot.seq,
    }
}

/// What stands where the ack says.
fn stands_there(room: &Room, ack: &Ack) -> Option<Carried> {
    let positions = &room.lives[ack.spot.life as usize].positions;
    positions.find(ack.spot.seq)?.carried()
}

fn is_it(room: &Room, said: Said, carried: Carried) -> bool {
    match carried {
        Carried::Intact(there) | Carried::Altered(there) => {
            there == said || there == room.messages.first_of_key(said)
        }
        Carried::Foreign => false,
    }
}

fn agrees(room: &Room, scene: &mut Scene<'_>, said: Said, message: &Message, ack: &Ack) {
    let there = stands_there(room, ack);
    let same_life = |other: &&Ack| other.spot.life == ack.spot.life;
    let first_there = message.acks.iter().find(same_life);
    let first = room.messages.first_of_key(said);
    let elsewhere = room.messages.all.get(&first).and_then(|message| {
        let mut stands = message.stands.iter();
        stands.find(|spot| spot.life == ack.spot.life && **spot != ack.spot)
    });
    let why = match (there, elsewhere) {
        (Some(there), _) if !is_it(room, said, there) => {
            format!("there stands {}", content(Some(there)))
        }
        (None, Some(elsewhere)) => format!("it stands at {}", elsewhere.seq),
        _ => match first_there {
            Some(other) if other.spot != ack.spot => {
                format!("another ack says {}", other.spot.seq)
            }
            _ => return,
        },
    };
    scene.found(Check::AckAgrees, ack.at_us, || {
        let (number, client) = (said.number, said.client);
        let at = At(place(room, ack));
        format!("message {number} of client {client} is acked at {at}; {why}")
    });
}

fn fate(
    room: &Room,
    scene: &Scene<'_>,
    said: Said,
    ack: &Ack,
    head_life: Option<u32>,
    log: Option<LogEnd>,
) -> Fate {
    let positions = &room.lives[ack.spot.life as usize].positions;
    let stand = positions.find(ack.spot.seq);
    let is_there = stands_there(room, ack).is_some_and(|there| is_it(room, said, there));
    let is_logged = stand.is_some_and(|stand| stand.is_logged);
    let log_of_life = log.filter(|log| log.life == ack.spot.life);
    if is_there && !is_logged && log_of_life.is_some_and(|log| log.first <= ack.spot.seq) {
        return Fate::Lost("was seen and is not in the log, which reaches further back");
    }
    let first = room.messages.first_of_key(said);
    let stands = |said| {
        room.messages
            .all
            .get(said)
            .is_some_and(|m| !m.stands.is_empty())
    };
    if is_there || stands(&first) {
        return Fate::Kept;
    }
    let faults = &scene.survey.faults;
    match (head_life, log_of_life) {
        (None, _) => Fate::Unprovable,
        (Some(life), _) if life == ack.spot.life && is_beyond(room, ack) => {
            Fate::Lost("was seen by nobody, and the log ends before it")
        }
        (Some(life), None) if life == ack.spot.life => Fate::Unprovable,
        (Some(_), Some(log)) if ack.spot.seq < log.first => Fate::Unprovable,
        (Some(_), Some(_)) => Fate::Lost("was seen by nobody and is not in the log"),
        (Some(_), None) if faults.may_forget_what_stood(ack.at_us, FORGETS_FOR_US) => {
            Fate::Forgotten
        }
        (Some(_), None) => Fate::Lost("is gone with its epoch, and no fault let the store forget"),
    }
}

/// Whether an ack of the head's epoch names a position beyond the head.
fn is_beyond(room: &Room, ack: &Ack) -> bool {
    room.head.is_some_and(|head| head.seq < ack.spot.seq)
}
