//! Whether what a gap covered could indeed not be had.
//!
//! Three witnesses speak against a gap: the log at the end, if it still has what was covered; the
//! length that a log keeps at the least, if what was covered was among the last that many; and the
//! epoch, if nothing was missing and nothing forgotten.

use super::log::LogEnd;
use crate::audit::check::Check;
use crate::audit::room::trouble::At;
use crate::audit::room::{GapCase, Life, Room};
use crate::audit::scene::Scene;
use crate::ledger::record::Place;

/// How late a message may reach the first client after it was stamped, in the reckoning of what the
/// log had. A node knows the head before any client does.
const LATE_US: u64 = 5_000_000;

pub(super) fn judge(room: &Room, scene: &mut Scene<'_>, log: Option<LogEnd>) {
    for case in &room.gaps {
        if let Some(why) = untrue(room, scene, case, log) {
            let who = scene.who(case.client);
            scene.found(Check::GapIsTrue, case.at_us, || {
                let (gap, left) = (case.told.gap, At(case.told.left));
                let epoch = case.told.epoch;
                let from = At(Place {
                    epoch,
                    seq: gap.from,
                });
                format!(
                    "{who}, at {left}, was told a gap {from} to {}: {why}",
                    gap.to
                )
            });
        }
    }
}

fn untrue(room: &Room, scene: &Scene<'_>, case: &GapCase, log: Option<LogEnd>) -> Option<String> {
    let told = &case.told;
    let same_epoch = told.epoch == told.left.epoch;
    let (number, life) = (0..)
        .zip(&room.lives)
        .find(|(_, life)| life.epoch == told.epoch)?;
    if !same_epoch && room.head.is_some_and(|head| head.epoch == told.left.epoch) {
        return Some("the epoch that was left lives on at the end".into());
    }
    let from = if same_epoch {
        told.gap.from
    } else {
        // What the new epoch took over from the old one isn't vouched for.
        told.gap.from.max(life.fresh?)
    };
    if from > told.gap.to {
        let forgot = scene.survey.faults.may_have_forgotten_by(case.at_us);
        let is_empty = same_epoch && !forgot;
        return is_empty.then(|| "nothing was missing, and no fault let the store forget".into());
    }
    let kept = log.filter(|log| log.life == number && log.first <= told.gap.to);
    if let Some(log) = kept {
        let kept = life
            .positions
            .logged_within(from.max(log.first), told.gap.to);
        if kept > 0 {
            return Some(format!("the log has {kept} of them at the end"));
        }
    }
    let keeps = scene.plan.history_messages?;
    let was_kept = !is_trimmed(life, told.gap.to, keeps, case.at_us);
    was_kept.then(|| format!("its end was among the last {keeps} messages then"))
}

/// Whether a log that keeps that many may have lost a position by then.
fn is_trimmed(life: &Life, seq: u64, keeps: u64, at_us: u64) -> bool {
    let pushed_out_by = life.positions.find(seq.saturating_add(keeps));
    pushed_out_by.is_some_and(|stand| stand.first_us <= at_us.saturating_add(LATE_US))
}
