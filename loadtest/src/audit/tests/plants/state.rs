//! Faults of what is kept: presence, epochs, the log.

use super::Choose;
use crate::audit::tests::history::History;
use crate::ledger::record::{Name, Record};

pub(super) fn ghost(run: &mut History, choose: Choose<'_>) -> bool {
    let claims = run.find(|record| matches!(record, Record::Present { .. }));
    let Some(at) = choose(claims.len()) else {
        return false;
    };
    // No user has the node's name.
    let nobody = run
        .names
        .iter()
        .position(|name| name == "node-a")
        .unwrap_or(0);
    if let Record::Present { count, users, .. } = run.record(claims[at]) {
        match users {
            Some(users) => users.push(Name(nobody as u32)),
            None => *count += 1,
        }
    }
    true
}

pub(super) fn no_cause(run: &mut History, _: Choose<'_>) -> bool {
    let began = run.find(|record| matches!(record, Record::FaultBegan { .. }));
    for fault in &began {
        if let Record::FaultBegan { cost, .. } = run.record(*fault) {
            cost.forgets = false;
        }
    }
    let in_new_epoch = |record: &Record| matches!(record, Record::GapTold { .. });
    !run.find(in_new_epoch).is_empty()
}

pub(super) fn log_hole(run: &mut History, choose: Choose<'_>) -> bool {
    let logged = run.find(|record| matches!(record, Record::Logged { .. }));
    let mut inner = logged.clone();
    inner.retain(|(file, index)| {
        let before = index.checked_sub(1).map(|index| run.peek((*file, index)));
        let room_of = |record: &Record| match record {
            Record::Logged { room, .. } => Some(*room),
            _ => None,
        };
        before.and_then(room_of) == room_of(run.peek((*file, *index)))
    });
    let Some(at) = choose(inner.len()) else {
        return false;
    };
    run.remove(inner[at]);
    true
}
