//! `chat`: says something to a room. The sender's own copy takes the same road as everybody's.

use roomcast_protocol::{Ack, ErrorCode, Refusal, RoomName, Say, ServerFrame, TraceContext};

use super::typing;
use crate::gate::{self, Saying};
use crate::session::Session;
use crate::trace::Entrance;

pub(super) async fn run(session: &mut Session, say: Say) -> Result<(), Refusal> {
    let put = |trace| put(session, say, trace);
    let room = session.node.traced(Entrance::Chat, None, put).await?;
    typing::stop(session, &room).await;
    Ok(())
}

/// Puts it into the room, which it gives back, and acks it.
async fn put(
    session: &Session,
    say: Say,
    trace: Option<Box<TraceContext>>,
) -> Result<RoomName, Refusal> {
    let Say {
        id,
        room,
        message,
        data,
        key,
    } = say;
    gate::may_write(&session.identity, &room)?;
    // Who may write and not read can't join, and need not.
    if gate::may_read(&session.identity, &room).is_ok() && !session.is_in(&room) {
        return Err(Refusal::new(
            ErrorCode::NotJoined,
            format!("you are not in {room}"),
        ));
    }
    let saying = Saying {
        from: session.identity.user.clone(),
        name: session.identity.name.clone(),
        to: None,
        message,
        data,
        key,
    };
    let node = &session.node;
    let mut draft = gate::draft(room.clone(), saying, node.mint(), node.limits())?;
    draft.trace = trace;
    let published = node.publish(&draft, session.seen(&room)).await?;
    session.answer(&ServerFrame::Ack(Ack {
        id,
        room: room.clone(),
        epoch: published.position.epoch,
        seq: published.position.seq,
        timestamp: published.timestamp_ms,
        duplicate: published.duplicate,
    }));
    Ok(room)
}
