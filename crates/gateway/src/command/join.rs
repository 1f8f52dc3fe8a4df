//! `join`: into rooms, afresh or from a position.

use futures_util::StreamExt as _;
use futures_util::stream;
use roomcast_presence::Occupant;
use roomcast_protocol::{ErrorCode, Join, JoinRoom, Refusal, RequestId, RoomName};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::gate;
use crate::hub::{JoinRequest, Mark};
use crate::session::Session;

/// Rooms of one request that are joined at once.
const AT_ONCE_MAX: usize = 8;

pub(super) async fn run(session: &mut Session, join: Join) -> Result<(), Refusal> {
    let Join { id, rooms } = join;
    let mut admitted = Vec::with_capacity(rooms.len());
    let mut begins_anew = false;
    for wanted in rooms {
        match admissible(session, &wanted.room) {
            // Once a frame, or a small one could ask for thousands of reads.
            Ok(()) if wanted.room.is_inbox_of(&session.identity.user) => {
                if std::mem::replace(&mut begins_anew, true) {
                    let refusal = already_in(&wanted.room);
                    session.refuse(Some(id.clone()), Some(wanted.room), refusal);
                } else {
                    admitted.push(wanted);
                }
            }
            Ok(()) => {
                // From here on the end of the session takes it out of the room, whatever happens.
                session.rooms.insert(wanted.room.clone(), None);
                let is_in = |room: &RoomName| session.rooms.has(room);
                session.inbox.note_join(&wanted.room, is_in);
                admitted.push(wanted);
            }
            Err(refusal) => session.refuse(Some(id.clone()), Some(wanted.room), refusal),
        }
    }
    let this = &*session;
    let joins = admitted.into_iter().map(|wanted| enter(this, &id, wanted));
    let joined: Vec<_> = stream::iter(joins)
        .buffer_unordered(AT_ONCE_MAX)
        .collect()
        .await;
    for (room, result) in joined {
        match result {
            Ok(mark) if session.own_inbox() == room => session.inbox.is_entered(mark),
            Ok(mark) => session.rooms.insert(room, Some(mark)),
            Err(refusal) if session.own_inbox() == room => {
                session.refuse(Some(id.clone()), Some(room), refusal);
            }
            Err(refusal) => {
                session.rooms.remove(&room);
                session.node.leave(room.clone(), session.id).await;
                session.refuse(Some(id.clone()), Some(room), refusal);
            }
        }
    }
    Ok(())
}

fn admissible(session: &Session, room: &RoomName) -> Result<(), Refusal> {
    gate::may_read(&session.identity, room)?;
    if room.is_inbox_of(&session.identity.user) {
        // It is there already, and begins anew.
        return Ok(());
    }
    if session.is_in(room) {
        return Err(already_in(room));
    }
    let rooms_max = session.node.limits().rooms_per_session_max;
    if session.rooms.len() >= rooms_max {
        let message = format!("a session may be in {rooms_max} rooms");
        return Err(Refusal::new(ErrorCode::TooManyRooms, message));
    }
    Ok(())
}

fn already_in(room: &RoomName) -> Refusal {
    let message = format!("you are in {room} already");
    Refusal::new(ErrorCode::AlreadyJoined, message)
}

/// Presence first, so that `joined` can tell who is there; then the room itself.
async fn enter(
    session: &Session,
    id: &RequestId,
    wanted: JoinRoom,
) -> (RoomName, Result<std::sync::Arc<Mark>, Refusal>) {
    let JoinRoom {
        room,
        since,
        history,
    } = wanted;
    let asked_at = Instant::now();
    let occupant = Occupant {
        session: session.id,
        user: session.identity.user.clone(),
        name: session.identity.name.clone(),
    };
    let entered = match session.node.enter(&room, &occupant).await {
        Ok(entered) => entered,
        Err(refusal) => return (room, Err(refusal)),
    };
    let (done, answer) = oneshot::channel();
    let request = JoinRequest {
        room: room.clone(),
        session: session.id,
        user: session.identity.user.clone(),
        outbox: session.outbox.clone(),
        since,
        history: history.unwrap_or(0) as usize,
        id: Some(id.clone()),
        asked_at,
        revision: entered.revision,
        own_mark: entered.own_mark,
        done,
    };
    (room, session.node.hub.join(request, answer).await)
}
