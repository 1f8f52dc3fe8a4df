//! Places in a run where a fault may be planted.

use crate::audit::tests::history::History;
use crate::ledger::record::{Name, Place, Record};
use crate::payload::Carried;

/// A file, and a record in it.
pub(super) type Spot = (usize, usize);

/// Receipts of one session in one room with the next one behind each.
pub(super) fn neighbours(run: &History) -> Vec<(Spot, Spot)> {
    let mut pairs = Vec::new();
    for (file, index, record) in run.all() {
        let Record::Received {
            session: s,
            room: r,
            at,
            ..
        } = record
        else {
            continue;
        };
        let next = (index + 1..run.files[file].len()).find(|next| {
            matches!(run.peek((file, *next)), Record::Received { session, room, .. }
                | Record::GapTold { session, room, .. }
                | Record::Joined { session, room, .. } if session == s && room == r)
        });
        if let Some(next) = next
            && let Record::Received { at: then, .. } = run.peek((file, next))
            && (then.epoch, then.seq) == (at.epoch, at.seq + 1)
        {
            pairs.push(((file, index), (file, next)));
        }
    }
    pairs
}

/// Whether the log has this position at the end.
pub(super) fn is_logged(run: &History, of_room: Name, of: Place) -> bool {
    let is = |record: &Record| matches!(record, Record::Logged { room, at, .. } if *room == of_room && *at == of);
    !run.find(is).is_empty()
}

pub(super) fn received(run: &History) -> Vec<Spot> {
    run.find(|record| matches!(record, Record::Received { .. }))
}

/// Changes what a position holds, for all who were told.
pub(super) fn everywhere(run: &mut History, spot: Spot, change: impl Fn(&mut u128, &mut Carried)) {
    let Record::Received { id: of, .. } = *run.peek(spot) else {
        return;
    };
    run.each(|record| {
        if let Record::Received { id, carried, .. } | Record::Logged { id, carried, .. } = record
            && *id == of
        {
            change(id, carried);
        }
    });
}

/// Resumes that were granted whole: the asking, the answer, from where.
pub(super) fn resumed(run: &History) -> Vec<(Spot, Spot, Place)> {
    let mut found = Vec::new();
    for (file, index, record) in run.all() {
        let Record::JoinAsked {
            session: s,
            room: r,
            since: Some(since),
        } = record
        else {
            continue;
        };
        let joined = (index + 1..run.files[file].len()).find(|next| {
            matches!(run.peek((file, *next)), Record::Joined { session, room, recovered: true, .. }
                if session == s && room == r)
        });
        found.extend(joined.map(|joined| ((file, index), (file, joined), *since)));
    }
    found
}
