//! Faults of delivery: what sessions are told.

use super::Choose;
use super::places::{Spot, is_logged, neighbours, resumed};
use crate::audit::tests::history::History;
use crate::ledger::record::{Place, Range, Record};

pub(super) fn drop_one(run: &mut History, choose: Choose<'_>) -> bool {
    let pairs = neighbours(run);
    let Some(at) = choose(pairs.len()) else {
        return false;
    };
    run.remove(pairs[at].0);
    true
}

pub(super) fn repeat_on_resume(run: &mut History, choose: Choose<'_>) -> bool {
    let resumes: Vec<(Spot, Spot, Place)> = resumed(run)
        .into_iter()
        .filter(|(_, _, since)| since.seq > 0)
        .collect();
    let Some(at) = choose(resumes.len()) else {
        return false;
    };
    let (_, joined, since) = resumes[at];
    let Record::Joined {
        room,
        session,
        messages,
        ..
    } = run.record(joined)
    else {
        return false;
    };
    *messages += 1;
    let (room, session) = (*room, *session);
    let same = run.all().find_map(|(_, _, record)| match record {
        Record::Received {
            room: r,
            at,
            id,
            carried,
            ..
        } if *r == room && *at == since => Some((*id, *carried)),
        _ => None,
    });
    let Some((id, carried)) = same else {
        return false;
    };
    let again = Record::Received {
        session,
        room,
        at: since,
        id,
        carried,
    };
    run.insert_after(joined, again);
    true
}

pub(super) fn swap_two(run: &mut History, choose: Choose<'_>) -> bool {
    let pairs = neighbours(run);
    let Some(at) = choose(pairs.len()) else {
        return false;
    };
    let (one, other) = pairs[at];
    let first = run.peek(one).clone();
    *run.record(one) = run.peek(other).clone();
    *run.record(other) = first;
    true
}

/// From some position on, the cluster counts from 1 again and tells nobody.
pub(super) fn reset_seq(run: &mut History, choose: Choose<'_>) -> bool {
    let mut pairs = neighbours(run);
    pairs.retain(|(one, _)| matches!(run.peek(*one), Record::Received { at, .. } if at.seq > 1));
    let Some(at) = choose(pairs.len()) else {
        return false;
    };
    let Record::Received {
        room: of_room,
        at: from,
        ..
    } = run.peek(pairs[at].0).clone()
    else {
        return false;
    };
    run.each(|record| {
        let (room, at) = match record {
            Record::Received { room, at, .. }
            | Record::Acked { room, at, .. }
            | Record::Logged { room, at, .. }
            | Record::Head { room, at, .. }
            | Record::Joined { room, at, .. } => (room, at),
            _ => return,
        };
        if *room == of_room && at.epoch == from.epoch && at.seq >= from.seq {
            at.seq = at.seq - from.seq + 1;
        }
    });
    true
}

pub(super) fn false_gap(run: &mut History, choose: Choose<'_>) -> bool {
    let mut pairs = neighbours(run);
    pairs.retain(|(_, other)| match run.peek(*other) {
        Record::Received { room, at, .. } => is_logged(run, *room, *at),
        _ => false,
    });
    let Some(at) = choose(pairs.len()) else {
        return false;
    };
    let other = pairs[at].1;
    let Record::Received {
        session, room, at, ..
    } = *run.peek(other)
    else {
        return false;
    };
    let (epoch, from, to) = (at.epoch, at.seq, at.seq);
    let gap = Range { from, to };
    *run.record(other) = Record::GapTold {
        session,
        room,
        epoch,
        gap,
    };
    true
}

pub(super) fn silent_epoch(run: &mut History, choose: Choose<'_>) -> bool {
    let gaps = run.find(|record| matches!(record, Record::GapTold { .. }));
    // Where something of the new epoch is told to the same session.
    let told: Vec<Spot> = gaps
        .into_iter()
        .filter(|(file, index)| {
            let Record::GapTold {
                session: s,
                room: r,
                epoch,
                ..
            } = run.peek((*file, *index))
            else {
                return false;
            };
            let mut rest = run.files[*file][index + 1..].iter();
            let next = rest.find(|(_, record)| {
                matches!(record, Record::Received { session, room, .. }
                    | Record::GapTold { session, room, .. }
                    | Record::Left { session, room } if session == s && room == r)
            });
            matches!(next, Some((_, Record::Received { at, .. })) if at.epoch == *epoch)
        })
        .collect();
    let Some(at) = choose(told.len()) else {
        return false;
    };
    run.remove(told[at]);
    true
}

pub(super) fn joined_lies(run: &mut History, choose: Choose<'_>) -> bool {
    let joined = run.find(|record| matches!(record, Record::Joined { .. }));
    let Some(at) = choose(joined.len()) else {
        return false;
    };
    if let Record::Joined { recovered, .. } = run.record(joined[at]) {
        *recovered = !*recovered;
    }
    true
}

pub(super) fn dishonest(run: &mut History, choose: Choose<'_>) -> bool {
    let resumes = resumed(run);
    let Some(at) = choose(resumes.len()) else {
        return false;
    };
    if let Record::JoinAsked {
        since: Some(since), ..
    } = run.record(resumes[at].0)
    {
        since.seq += 3;
    }
    true
}

pub(super) fn stay_behind(run: &mut History, choose: Choose<'_>) -> bool {
    let pairs = neighbours(run);
    let heads = run.heads();
    let closed = run.find(|r| matches!(r, Record::Closed { .. } | Record::Left { .. }));
    let is_open = |of| {
        !closed.iter().any(|spot| {
            matches!(run.peek(*spot), Record::Closed { session, .. } | Record::Left { session, .. }
                if *session == of)
        })
    };
    // The last of a live session, behind one that came live and not in a page.
    let lasts: Vec<Spot> = pairs
        .iter()
        .filter(|(one, other)| match (run.peek(*one), run.peek(*other)) {
            (Record::Received { .. }, Record::Received { session, room, at, .. }) => {
                let is_alone = !run.files[one.0][..one.1].iter().rev().take(4).any(|(_, r)| {
                    matches!(r, Record::Joined { session: s, room: r, .. } if s == session && r == room)
                });
                heads.contains(&(*room, *at)) && is_open(*session) && is_alone
            }
            _ => false,
        })
        .map(|(_, other)| *other)
        .collect();
    let Some(at) = choose(lasts.len()) else {
        return false;
    };
    run.remove(lasts[at]);
    true
}
