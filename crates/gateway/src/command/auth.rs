//! `auth`: a fresh token for the same user, before the old one runs out.

use roomcast_protocol::{Auth, ErrorCode, Ok as Done, Refusal, RoomName, ServerFrame};

use super::typing;
use crate::gate;
use crate::session::Session;

pub(super) async fn run(session: &mut Session, auth: Auth) -> Result<(), Refusal> {
    let identity = session.node.authority.identify(&auth.token)?;
    if identity.user != session.identity.user {
        return Err(Refusal::new(
            ErrorCode::BadToken,
            "the token is another user's",
        ));
    }
    session.identity = identity;
    session.answer(&ServerFrame::Ok(Done { id: auth.id }));
    leave_what_is_closed(session).await;
    Ok(())
}

/// A token that opens fewer rooms takes the session out of the others.
async fn leave_what_is_closed(session: &mut Session) {
    let closed: Vec<(RoomName, Refusal)> = session
        .rooms
        .names()
        .filter_map(|room| Some((room.clone(), gate::may_read(&session.identity, room).err()?)))
        .collect();
    for (room, refusal) in closed {
        typing::stop(session, &room).await;
        session.rooms.remove(&room);
        session.node.leave(room.clone(), session.id).await;
        session.refuse(None, Some(room), refusal);
    }
}
