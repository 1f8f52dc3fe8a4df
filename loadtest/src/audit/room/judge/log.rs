//! What a room's log holds at the end, and whether it is whole.

use crate::audit::check::Check;
use crate::audit::room::Room;
use crate::audit::scene::Scene;

/// What a room's log holds at the end.
#[derive(Clone, Copy)]
pub(super) struct LogEnd {
    /// The number of its epoch in the room.
    pub(super) life: u32,
    /// The first position it still has.
    pub(super) first: u64,
}

/// Reads the log's end, and looks whether it has holes.
pub(super) fn end(room: &Room, life: u32, scene: &mut Scene<'_>) -> Option<LogEnd> {
    let head = room.head?;
    let positions = &room.lives[life as usize].positions;
    let logged = positions.told().filter(|(_, stand)| stand.is_logged);
    let (mut first, mut before) = (None, None);
    for (seq, _) in logged {
        scene.looked(Check::LogIsWhole, 1);
        if let Some(before) = before
            && seq != before + 1
        {
            scene.found(Check::LogIsWhole, scene.survey.facts.run_us, || {
                format!("the log has {seq} behind {before}")
            });
        }
        first = first.or(Some(seq));
        before = Some(seq);
    }
    let (first, last) = (first?, before?);
    let has = positions.logged_within(first, last);
    if has != room.log_messages {
        scene.found(Check::LogIsWhole, scene.survey.facts.run_us, || {
            format!("the log has {has} messages and says {}", room.log_messages)
        });
    }
    if last != head.seq {
        scene.found(Check::LogIsWhole, scene.survey.facts.run_us, || {
            format!("the log ends with {last}, the head is at {}", head.seq)
        });
    }
    Some(LogEnd { life, first })
}
