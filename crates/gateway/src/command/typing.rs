//! `typing`: told to the others, never answered, never kept.

use roomcast_protocol::{Refusal, RoomName, TypingNow};

use crate::gate;
use crate::session::Session;

pub(super) async fn run(session: &mut Session, typing: TypingNow) -> Result<(), Refusal> {
    let TypingNow { room, typing } = typing;
    // `typing` has no answer, so that what may not be is dropped; the metric shows it.
    let allowed = gate::may_write(&session.identity, &room).and(session.must_be_in(&room));
    if let Err(refusal) = allowed {
        session.node.metrics.refused(refusal.code);
        return Ok(());
    }
    session.typing.retain(|other| *other != room);
    if typing {
        session.typing.push(room.clone());
    }
    let user = &session.identity.user;
    session.node.tell_typing(&room, user, typing).await;
    Ok(())
}

/// Ends typing where the session had begun it.
pub(super) async fn stop(session: &mut Session, room: &RoomName) {
    if let Some(place) = session.typing.iter().position(|other| other == room) {
        session.typing.swap_remove(place);
        let user = &session.identity.user;
        session.node.tell_typing(room, user, false).await;
    }
}
