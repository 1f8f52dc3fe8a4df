//! `join` and `leave`: into rooms afresh or from a position, and out again.

use roomcast_protocol::{
    ErrorCode, Join, Joined, Leave, Message, Ok as Done, Position, Refusal, RequestId, RoomName,
    Seq, ServerFrame, Since,
};

use super::place::{LIMITS, line, user_in};
use crate::log::Entry;
use crate::room::Room;
use crate::world::World;

/// Members that `joined` names.
const MEMBERS_MAX: usize = 1_000;

pub(super) fn join(world: &mut World, session: u64, join: Join) -> Result<(), Refusal> {
    for asked in join.rooms {
        let history = asked.history.unwrap_or(0) as usize;
        let entered = admit(world, session, &asked.room).and_then(|()| {
            let id = Some(join.id.clone());
            enter(world, session, id, &asked.room, asked.since, history)
        });
        if let Err(refusal) = entered {
            world.refuse(session, Some(join.id.clone()), Some(asked.room), refusal);
        }
    }
    Ok(())
}

pub(super) fn leave(world: &mut World, session: u64, leave: Leave) -> Result<(), Refusal> {
    if leave.room.is_inbox() {
        let complaint = "an inbox can't be left";
        return Err(Refusal::new(ErrorCode::NotAllowed, complaint));
    }
    user_in(world, session, &leave.room)?;
    world.leave(session, &leave.room);
    world.say(session, &ServerFrame::Ok(Done { id: leave.id }));
    Ok(())
}

/// Puts the session into the room: `joined`, then what a page doesn't hold, then what is said from now
/// on. Nothing is said in between: the world is held.
pub(super) fn enter(
    world: &mut World,
    session: u64,
    id: Option<RequestId>,
    room: &RoomName,
    since: Option<Since>,
    history: usize,
) -> Result<(), Refusal> {
    let user = line(world, session)?.user.clone();
    let (hides_rebirth, repeats) = (world.liar.hides_rebirth(), world.liar.repeats_on_resume());
    let log = &world.open(room)?.log;
    let page_max = LIMITS.page_messages_max as usize;
    let mut entry = match &since {
        None => log.tail(history.min(page_max)),
        Some(since) if hides_rebirth => log.entry_as_if_nothing_happened(since),
        Some(since) => log.entry_since(since)?,
    };
    if let Some(since) = since.filter(|_| repeats && entry.is_recovered)
        && let Some(seen) = log.message_at(since.seq)
    {
        entry.messages.insert(0, seen.clone());
    }
    world.enter(session, room)?;
    let rest = entry.messages.split_off(entry.messages.len().min(page_max));
    let entered = world.open(room)?;
    let leads_to = leads_to(entered, since, &entry, rest.is_empty());
    let mark = entered.mark(&user);
    let (members, _) = entered.members(None, MEMBERS_MAX);
    let head = entered.log.head().seq.value();
    let joined = Joined {
        id,
        room: room.clone(),
        epoch: leads_to.epoch,
        seq: leads_to.seq,
        recovered: entry.is_recovered,
        messages: entry.messages.iter().map(Message::to_json).collect(),
        gap: entry.gap,
        count: entered.count(),
        members: Some(members),
        typing: entered.typing(),
        read: mark,
        unread: Some(head - mark.map_or(0, Seq::value).min(head)),
    };
    world.say(session, &ServerFrame::Joined(joined));
    for message in rest {
        line(world, session)?.chat(room, message.encode().into(), false);
    }
    Ok(())
}

fn admit(world: &World, session: u64, room: &RoomName) -> Result<(), Refusal> {
    let line = line(world, session)?;
    if room.is_inbox_of(&line.user) {
        return Ok(());
    }
    if room.is_inbox() {
        let complaint = "that is somebody else's inbox";
        return Err(Refusal::new(ErrorCode::NotAllowed, complaint));
    }
    if line.rooms.contains(room) {
        let complaint = format!("you are in {room} already");
        return Err(Refusal::new(ErrorCode::AlreadyJoined, complaint));
    }
    // The inbox is not counted.
    if line.rooms.len() > LIMITS.rooms_max as usize {
        let complaint = "leave a room first";
        return Err(Refusal::new(ErrorCode::TooManyRooms, complaint));
    }
    Ok(())
}

/// Where the session stands after the messages of `joined`.
fn leads_to(room: &Room, since: Option<Since>, entry: &Entry, is_all: bool) -> Position {
    let head = room.log.head();
    match entry.messages.last() {
        Some(last) if !is_all => last.position,
        // Only a log that began anew can be behind; it is to look as if it weren't.
        _ => since
            .map(|since| since.position())
            .filter(|since| since.epoch == head.epoch && since.seq > head.seq)
            .unwrap_or(head),
    }
}
