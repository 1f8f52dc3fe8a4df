//! `leave`: out of a room.

use roomcast_protocol::{ErrorCode, Leave, Ok as Done, Refusal, ServerFrame};

use super::typing;
use crate::session::Session;

pub(super) async fn run(session: &mut Session, leave: Leave) -> Result<(), Refusal> {
    let Leave { id, room } = leave;
    session.must_be_in(&room)?;
    if room.is_inbox_of(&session.identity.user) {
        return Err(Refusal::new(
            ErrorCode::NotAllowed,
            "a session is in its own inbox as long as it lasts",
        ));
    }
    typing::stop(session, &room).await;
    session.rooms.remove(&room);
    session.node.leave(room, session.id).await;
    session.answer(&ServerFrame::Ok(Done { id }));
    Ok(())
}
