//! The judgement of one room, once all ledgers are read.
//!
//! Owns the order of the questions, and the small one whether new epochs had a cause.

mod acks;
mod gaps;
mod log;
mod messages;
mod rest;

use super::{Life, Room};
use crate::audit::check::Check;
use crate::audit::scene::Scene;
use crate::audit::verdict::Facts;

pub(in crate::audit) use self::messages::Directs;

/// Judges a room, and adds to the run's numbers.
pub(in crate::audit) fn room(
    room: &mut Room,
    scene: &mut Scene<'_>,
    directs: &Directs,
    facts: &mut Facts,
) {
    room.end(scene);
    for check in [
        Check::OrderPerClient,
        Check::NoSilentHole,
        Check::NoDuplicate,
    ] {
        scene.looked(check, room.deliveries);
    }
    scene.looked(Check::OneMessagePerPosition, room.told);
    let head = room.head;
    let head_life = head.map(|head| room.life(head.epoch, u64::MAX));
    let log = head_life.and_then(|life| log::end(room, life, scene));
    let has_messages = !room.messages.all.is_empty() || room.told > 0;
    let is_said = |life: u32| room.lives[life as usize].fresh.is_some();
    let may_be_empty = room.log_messages == 0 && !head_life.is_some_and(is_said);
    let is_read = head.is_some() && (may_be_empty || log.is_some());
    facts.rooms_unread += u64::from(has_messages && !is_read);

    epochs(room, scene, facts);
    acks::judge(room, scene, head_life, log, facts);
    messages::judge(room, scene, directs, facts);
    gaps::judge(room, scene, log);
    rest::convergence(room, scene);
    rest::presence(room, scene);
}

fn epochs(room: &Room, scene: &mut Scene<'_>, facts: &mut Facts) {
    let mut lives: Vec<&Life> = room.lives.iter().collect();
    lives.sort_by_key(|life| life.first_us);
    for (begun, life) in (1..).zip(lives.iter().skip(1)) {
        facts.epochs_begun += 1;
        scene.looked(Check::EpochHasCause, 1);
        // A store that forgot once is a reason to begin anew once.
        let reasons = scene.survey.faults.forgetting_by(life.first_us);
        if begun > reasons {
            scene.found(Check::EpochHasCause, life.first_us, || {
                format!(
                    "epoch {:016x} began, the {begun}th new one; {reasons} faults had let the store forget",
                    life.epoch
                )
            });
        }
    }
}
