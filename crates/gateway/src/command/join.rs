//! `join`: into rooms, afresh or from a position.

use futures_util::StreamExt as _;
use futures_util::stream;
use roomcast_presence::Occupant;
use roomcast_protocol::{ErrorCode, Join, JoinRoom, Member, Refusal, RequestId, RoomName};
use tokio::sync::oneshot;

use crate::gate;
use crate::hub::{JoinRequest, Mark};
use crate::session::Session;

/// Rooms of one request that are joined at once.
const AT_ONCE_MAX: usize = 8;

pub(super) async fn run(session: &mut Session, join: Join) -> Result<(), Refusal> {
    let Join { id, rooms } = join;
    let mut admitted = Vec::with_capacity(rooms.len());
    for wanted in rooms {
        match admissible(session, &wanted.room) {
            Ok(()) => {
                // From here on the end of the session takes it out of the room, whatever happens.
                session.rooms.insert(wanted.room.clone(), None);
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
            Ok(mark) => session.rooms.insert(room, Some(mark)),
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
    if session.is_in(room) {
        let message = format!("you are in {room} already");
        return Err(Refusal::new(ErrorCode::AlreadyJoined, message));
    }
    let rooms_max = session.node.limits().rooms_per_session_max;
    if session.rooms.len() >= rooms_max {
        let message = format!("a session may be in {rooms_max} rooms");
        return Err(Refusal::new(ErrorCode::TooManyRooms, message));
    }
    Ok(())
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
    let (count, members) = present(session, &room).await;
    let (done, answer) = oneshot::channel();
    let request = JoinRequest {
        room: room.clone(),
        session: session.id,
        user: session.identity.user.clone(),
        outbox: session.outbox.clone(),
        since,
        history: history.unwrap_or(0) as usize,
        id: id.clone(),
        count,
        members,
        done,
    };
    (room, session.node.hub.join(request, answer).await)
}

/// Enters the session and asks who is there. Presence that doesn't answer keeps nobody out: it heals
/// by itself, and the room is told then.
async fn present(session: &Session, room: &RoomName) -> (u64, Option<Vec<Member>>) {
    let occupant = Occupant {
        session: session.id,
        user: session.identity.user.clone(),
        name: session.identity.name.clone(),
    };
    let presence = &session.node.presence;
    let count = match presence.enter(room, &occupant).await {
        Ok(count) => count,
        Err(error) => {
            tracing::debug!(%room, %error, "a session is not entered yet");
            return (0, None);
        }
    };
    let limit = session.node.limits().members_told_max;
    match presence.roster(room, None, limit).await {
        Ok(roster) => {
            let member = |present: roomcast_presence::Present| Member {
                user: present.user,
                name: present.name,
            };
            (
                roster.count,
                Some(roster.members.into_iter().map(member).collect()),
            )
        }
        Err(_) => (count, None),
    }
}
