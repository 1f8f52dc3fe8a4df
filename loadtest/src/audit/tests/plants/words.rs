//! Faults of what is said: messages, acks and refusals.

use super::Choose;
use super::places::{Spot, everywhere, is_logged, neighbours, received};
use crate::audit::tests::history::History;
use crate::ledger::record::{Name, Place, Record};
use crate::payload::{Carried, Said};

pub(super) fn alter(run: &mut History, choose: Choose<'_>) -> bool {
    let all = received(run);
    let Some(at) = choose(all.len()) else {
        return false;
    };
    everywhere(run, all[at], |_, carried| {
        if let Carried::Intact(said) = *carried {
            *carried = Carried::Altered(said);
        }
    });
    true
}

pub(super) fn invent(run: &mut History, choose: Choose<'_>) -> bool {
    let all = received(run);
    let Some(at) = choose(all.len()) else {
        return false;
    };
    let Record::Received {
        carried: Carried::Intact(of),
        ..
    } = *run.peek(all[at])
    else {
        return false;
    };
    for sent in run
        .find(|r| matches!(r, Record::Sent { said, .. } if *said == of))
        .iter()
        .rev()
    {
        run.remove(*sent);
    }
    true
}

pub(super) fn key_twice(run: &mut History, choose: Choose<'_>) -> bool {
    let keyed: Vec<(Said, Name)> = run
        .all()
        .filter_map(|(_, _, record)| match record {
            Record::Sent {
                said,
                room,
                key: Some(_),
                ..
            } => Some((*said, *room)),
            _ => None,
        })
        .collect();
    let mut pairs = neighbours(run);
    pairs.retain(|(one, other)| match (run.peek(*one), run.peek(*other)) {
        (
            Record::Received {
                room,
                carried: Carried::Intact(said),
                ..
            },
            Record::Received {
                carried: Carried::Intact(_),
                ..
            },
        ) => keyed.contains(&(*said, *room)),
        _ => false,
    });
    let Some(at) = choose(pairs.len()) else {
        return false;
    };
    let Record::Received { carried: first, .. } = *run.peek(pairs[at].0) else {
        return false;
    };
    everywhere(run, pairs[at].1, |_, carried| *carried = first);
    true
}

pub(super) fn refused_but_said(run: &mut History, choose: Choose<'_>) -> bool {
    let acks = run.find(|record| matches!(record, Record::Acked { .. }));
    let mut once: Vec<(Spot, Said, Name)> = Vec::new();
    for ack in acks {
        if let Record::Acked { said: of, room, .. } = *run.peek(ack) {
            let sent = run.find(|r| matches!(r, Record::Sent { said, .. } if *said == of));
            let told = run.find(|r| {
                matches!(r, Record::Received { room: r, carried: Carried::Intact(said), .. }
                    if *said == of && *r == room)
            });
            if sent.len() == 1 && !told.is_empty() {
                once.push((ack, of, room));
            }
        }
    }
    let Some(at) = choose(once.len()) else {
        return false;
    };
    let (ack, said, room) = once[at];
    let (what, code) = (Some((said, room)), 300);
    *run.record(ack) = Record::Refused { what, code };
    true
}

pub(super) fn two_at_one(run: &mut History, choose: Choose<'_>) -> bool {
    let mut all = received(run);
    all.retain(|spot| match run.peek(*spot) {
        Record::Received { room, at, .. } => is_logged(run, *room, *at),
        _ => false,
    });
    let Some(at) = choose(all.len()) else {
        return false;
    };
    if let Record::Received { id, .. } = run.record(all[at]) {
        *id ^= 1 << 127;
    }
    true
}

/// Two messages of one sender that stand next to each other change places.
pub(super) fn turn_round(run: &mut History, choose: Choose<'_>) -> bool {
    let mut pairs = neighbours(run);
    let one_sender = |one: Spot, other: Spot| match (run.peek(one), run.peek(other)) {
        (
            Record::Received {
                room,
                at,
                carried: Carried::Intact(a),
                ..
            },
            Record::Received {
                carried: Carried::Intact(b),
                ..
            },
        ) => {
            let first_acked = run.find(|r| {
                matches!(r, Record::Acked { said, room: in_room, at: acked, duplicate: false }
                    if said == a && in_room == room && acked == at)
            });
            let second_acked = run.find(|r| {
                matches!(r, Record::Acked { said, room: in_room, duplicate: false, .. }
                    if said == b && in_room == room)
            });
            a.client == b.client && !first_acked.is_empty() && !second_acked.is_empty()
        }
        _ => false,
    };
    pairs.retain(|(one, other)| one_sender(*one, *other));
    let Some(at) = choose(pairs.len()) else {
        return false;
    };
    let (one, other) = pairs[at];
    let (
        Record::Received {
            id: a,
            carried: Carried::Intact(said_a),
            ..
        },
        Record::Received {
            id: b,
            carried: Carried::Intact(said_b),
            ..
        },
    ) = (run.peek(one).clone(), run.peek(other).clone())
    else {
        return false;
    };
    run.each(|record| match record {
        Record::Received { id, carried, .. } | Record::Logged { id, carried, .. } => {
            if *id == a {
                (*id, *carried) = (b, Carried::Intact(said_b));
            } else if *id == b {
                (*id, *carried) = (a, Carried::Intact(said_a));
            }
        }
        Record::Acked { said, at, .. } => {
            if *said == said_a {
                at.seq += 1;
            } else if *said == said_b {
                at.seq -= 1;
            }
        }
        _ => {}
    });
    true
}

pub(super) fn ack_before_keeping(run: &mut History, choose: Choose<'_>) -> bool {
    let acks = run.find(|record| matches!(record, Record::Acked { .. }));
    let heads = run.heads();
    let Some(at) = choose(acks.len()) else {
        return false;
    };
    let Record::Acked { room, said, .. } = run.peek(acks[at]).clone() else {
        return false;
    };
    let Some((_, head)) = heads.into_iter().find(|(of, _)| *of == room) else {
        return false;
    };
    let said = Said {
        number: 1_000_000,
        ..said
    };
    let at_head = Place {
        seq: head.seq + 1,
        ..head
    };
    let last = (acks[at].0, run.files[acks[at].0].len() - 1);
    let duplicate = false;
    run.insert_after(
        last,
        Record::Acked {
            said,
            room,
            at: at_head,
            duplicate,
        },
    );
    // Sent long ago, so that rest stays where it was.
    let sent = Record::Sent {
        said,
        room,
        key: None,
        scheduled_us: 0,
    };
    run.insert_after(acks[at], sent);
    true
}

pub(super) fn ack_elsewhere(run: &mut History, choose: Choose<'_>) -> bool {
    let mut acks = run.find(|record| matches!(record, Record::Acked { at, .. } if at.seq > 1));
    // Where somebody saw what stands before it.
    acks.retain(|spot| {
        let Record::Acked {
            room: of,
            at: acked,
            ..
        } = *run.peek(*spot)
        else {
            return false;
        };
        let is_told = |of_seq: u64| {
            !run.find(|r| {
                matches!(r, Record::Received { room, at, .. }
                    if *room == of && at.epoch == acked.epoch && at.seq == of_seq)
            })
            .is_empty()
        };
        is_told(acked.seq) && is_told(acked.seq - 1)
    });
    let Some(at) = choose(acks.len()) else {
        return false;
    };
    if let Record::Acked { at, .. } = run.record(acks[at]) {
        at.seq -= 1;
    }
    true
}

/// Two messages that a client said to a room, both of which stand, had one key.
pub(super) fn one_key_for_two(run: &mut History, choose: Choose<'_>) -> bool {
    let mut pairs = neighbours(run);
    pairs.retain(|(one, other)| match (run.peek(*one), run.peek(*other)) {
        (
            Record::Received {
                carried: Carried::Intact(a),
                room,
                ..
            },
            Record::Received {
                carried: Carried::Intact(b),
                ..
            },
        ) => {
            // A direct message's copy was sent to another inbox.
            let sent = run.find(|record| {
                matches!(record, Record::Sent { said, room: to, .. } if said == b && to == room)
            });
            let has_key = key_of(run, *a, *room).is_some();
            a.client == b.client && has_key && !sent.is_empty()
        }
        _ => false,
    });
    let Some(at) = choose(pairs.len()) else {
        return false;
    };
    let (one, other) = pairs[at];
    let (
        Record::Received {
            carried: Carried::Intact(a),
            room,
            ..
        },
        Record::Received {
            carried: Carried::Intact(b),
            ..
        },
    ) = (run.peek(one).clone(), run.peek(other).clone())
    else {
        return false;
    };
    let first = key_of(run, a, room);
    run.each(|record| {
        if let Record::Sent { said, key, .. } = record
            && *said == b
        {
            *key = first;
        }
    });
    true
}

fn key_of(run: &History, of: Said, in_room: Name) -> Option<u64> {
    run.all().find_map(|(_, _, record)| match record {
        Record::Sent {
            said, room, key, ..
        } if *said == of && *room == in_room => *key,
        _ => None,
    })
}
