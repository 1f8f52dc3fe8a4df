//! `typing`: told to the others, never answered, never kept.

use roomcast_protocol::{Refusal, RoomName, Signal, TypingNow, TypingSeen};

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
    tell(session, &room, typing).await;
    Ok(())
}

/// Ends typing where the session had begun it.
pub(super) async fn stop(session: &mut Session, room: &RoomName) {
    if let Some(place) = session.typing.iter().position(|other| other == room) {
        session.typing.swap_remove(place);
        tell(session, room, false).await;
    }
}

/// What can't be told ends by itself after its time.
async fn tell(session: &Session, room: &RoomName, typing: bool) {
    let (node, user) = (&session.node, &session.identity.user);
    if node
        .presence
        .typing(room, user, typing)
        .await
        .unwrap_or(false)
    {
        let seen = TypingSeen {
            room: room.clone(),
            user: user.clone(),
            typing,
        };
        let _ = node.broker.signal(&Signal::Typing(seen)).await;
    }
}
