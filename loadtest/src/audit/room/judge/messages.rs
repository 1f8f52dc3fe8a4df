//! Whether what stands in the room was sent, once, and not refused.

use crate::audit::map::Map;

use crate::audit::check::Check;
use crate::audit::room::messages::{Message, Spot};
use crate::audit::room::trouble::At;
use crate::audit::room::{Room, content};
use crate::audit::scene::Scene;
use crate::audit::verdict::Facts;
use crate::ledger::record::Place;
use crate::payload::{Carried, Said};

/// Direct messages of a pass. Each stands in the inbox it is for and, as a copy, in its sender's own.
#[derive(Default)]
pub(in crate::audit) struct Directs {
    all: Map<Said, Direct>,
}

/// How a direct message was sent.
#[derive(Clone, Copy)]
struct Direct {
    /// How often.
    sent: u32,
    has_key: bool,
    first_sent_us: u64,
}

impl Directs {
    /// Takes note of an inbox.
    pub(in crate::audit) fn learn(&mut self, inbox: &Room) {
        let sent = inbox.messages.all.iter().filter(|(_, m)| m.sent > 0);
        let direct = |m: &Message| Direct {
            sent: m.sent,
            has_key: m.has_key,
            first_sent_us: m.first_sent_us,
        };
        self.all.extend(sent.map(|(said, m)| (*said, direct(m))));
    }
}

pub(super) fn judge(room: &Room, scene: &mut Scene<'_>, directs: &Directs, facts: &mut Facts) {
    from_nowhere(room, scene, directs, facts);
    once(room, scene, directs);
    refused(room, scene);
}

/// Whether this is the inbox of the client's user.
fn is_own_inbox(scene: &Scene<'_>, client: u32) -> bool {
    let known = scene.survey.clients.get(&client);
    let user = known.map(|known| scene.survey.names.text(known.user));
    user.is_some_and(|user| scene.room_name().strip_prefix('@') == Some(user))
}

fn from_nowhere(room: &Room, scene: &mut Scene<'_>, directs: &Directs, facts: &mut Facts) {
    for life in &room.lives {
        for (seq, stand) in life.positions.told() {
            scene.looked(Check::NothingFromNowhere, 1);
            let carried = stand.carried();
            if let Some(Carried::Intact(said)) = carried {
                let message = room.messages.all.get(&said);
                let is_copy = directs.all.contains_key(&said) && is_own_inbox(scene, said.client);
                if is_copy || message.is_some_and(|message| message.sent > 0) {
                    continue;
                }
                if may_be_unwritten(scene, said.client) {
                    facts.unwritten += 1;
                    continue;
                }
            }
            let epoch = life.epoch;
            scene.found(Check::NothingFromNowhere, stand.first_us, || {
                let at = At(Place { epoch, seq });
                format!(
                    "at {at} stands {}, which nobody sent here",
                    content(carried)
                )
            });
        }
    }
}

/// Whether the client's ledger was cut short, so that its last words may not stand in it.
fn may_be_unwritten(scene: &Scene<'_>, client: u32) -> bool {
    let files = &scene.survey.files;
    let known = scene.survey.clients.get(&client);
    known.map_or_else(
        || files.iter().any(|file| !file.is_whole),
        |known| !files[known.file].is_whole,
    )
}

fn once(room: &Room, scene: &mut Scene<'_>, directs: &Directs) {
    let window_us = scene.plan.key_window_us;
    for (said, message) in &room.messages.all {
        let copy_of = directs.all.get(said).filter(|_| message.sent == 0);
        let (sent, has_key) = match (message.sent, copy_of) {
            (0, Some(direct)) => (direct.sent, direct.has_key),
            (0, None) => (1, true),
            (sent, _) => (sent, message.has_key),
        };
        scene.looked(Check::RetrySafe, u64::from(sent > 1 && has_key));
        let limit = if has_key { 1 } else { sent as usize };
        let span_us = message.last_sent_us.saturating_sub(message.first_sent_us);
        let may_have_more = !has_key && may_be_unwritten(scene, said.client);
        // The key of a direct message is kept where it is for. If that forgets, the retry is a new message,
        // whose copy stands beside that of the first.
        let may_have_two = copy_of.is_some_and(|direct| {
            let last_us = last_seen_us(room, message);
            let faults = &scene.survey.faults;
            faults.may_forget_between(direct.first_sent_us, last_us)
        });
        let is_excused = may_have_more || may_have_two;
        if message.stands.len() > limit && span_us <= window_us && !is_excused {
            twice(room, scene, *said, &message.stands, limit);
        }
    }
    for (said, first) in room.messages.repeats() {
        scene.looked(Check::RetrySafe, 1);
        let stands = |said| {
            let message = room.messages.all.get(&said);
            message.map_or(&[][..], |message| &message.stands)
        };
        let both = [stands(said), stands(first)].concat();
        if !stands(said).is_empty() {
            twice(room, scene, said, &both, 1);
        }
    }
}

/// When the last of a message's positions was first told.
fn last_seen_us(room: &Room, message: &Message) -> u64 {
    let seen = message.stands.iter().filter_map(|spot| {
        let life = &room.lives[spot.life as usize];
        life.positions.find(spot.seq).map(|stand| stand.first_us)
    });
    seen.max().unwrap_or(0)
}

/// Tells it if more than `limit` of the spots are in one epoch.
fn twice(room: &Room, scene: &mut Scene<'_>, said: Said, stands: &[Spot], limit: usize) {
    for (number, life) in (0..).zip(&room.lives) {
        let seqs = stands.iter().filter(|spot| spot.life == number);
        let seqs: Vec<u64> = seqs.map(|spot| spot.seq).collect();
        if seqs.len() > limit {
            let last = seqs.last().and_then(|seq| life.positions.find(*seq));
            let at_us = last.map_or(scene.survey.facts.run_us, |stand| stand.first_us);
            scene.found(Check::RetrySafe, at_us, || {
                let (number, client) = (said.number, said.client);
                format!("message {number} of client {client}, or its key, stands at {seqs:?}")
            });
        }
    }
}

fn refused(room: &Room, scene: &mut Scene<'_>) {
    for (said, message) in &room.messages.all {
        let for_good = message.sent > 0 && message.refused >= message.sent;
        // A ledger that was cut short may lack the try that was let in.
        let has_more = may_be_unwritten(scene, said.client);
        if !for_good || !message.acks.is_empty() || has_more {
            continue;
        }
        scene.looked(Check::RefusedIsNotSaid, 1);
        if let Some(spot) = message.stands.first() {
            scene.found(Check::RefusedIsNotSaid, message.last_sent_us, || {
                let epoch = room.lives[spot.life as usize].epoch;
                let at = At(Place {
                    epoch,
                    seq: spot.seq,
                });
                let (number, client) = (said.number, said.client);
                format!("message {number} of client {client} was refused and stands at {at}")
            });
        }
    }
}
