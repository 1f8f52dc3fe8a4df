//! `who`: who is in a room.

use roomcast_protocol::{Member, Members, Refusal, ServerFrame, Who};

use super::read::refusal_of;
use crate::session::Session;

pub(super) async fn run(session: &mut Session, who: Who) -> Result<(), Refusal> {
    let Who { id, room } = who;
    session.must_be_in(&room)?;
    let limit = session.node.limits().members_told_max;
    let roster = session.node.presence.roster(&room, None, limit).await;
    let roster = roster.map_err(|error| refusal_of(&error))?;
    let members = roster
        .members
        .into_iter()
        .map(|present| Member {
            user: present.user,
            name: present.name,
        })
        .collect();
    session.answer(&ServerFrame::Members(Members {
        id,
        room,
        count: roster.count,
        members,
    }));
    Ok(())
}
