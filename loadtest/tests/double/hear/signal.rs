//! `typing` and `read`: told, and hardly kept. Nobody's typing runs out here.

use roomcast_protocol::{Ok as Done, Read, ReadMark, Refusal, ServerFrame, TypingNow, TypingSeen};

use super::place::user_in;
use crate::world::World;

pub(super) fn typing(world: &mut World, session: u64, now: &TypingNow) {
    let Ok(user) = user_in(world, session, &now.room) else {
        return;
    };
    let room = world.rooms.get_mut(&now.room);
    if room.is_some_and(|room| room.types(&user, now.typing)) {
        let seen = ServerFrame::Typing(TypingSeen {
            room: now.room.clone(),
            user: user.clone(),
            typing: now.typing,
        });
        world.signal(&now.room, &seen, Some(&user));
    }
}

pub(super) fn read(world: &mut World, session: u64, read: Read) -> Result<(), Refusal> {
    let user = user_in(world, session, &read.room)?;
    let moved = world.open(&read.room)?.read(&user, read.seq);
    if let Some(id) = read.id {
        world.say(session, &ServerFrame::Ok(Done { id }));
    }
    if let Some(seq) = moved {
        let room = read.room.clone();
        let mark = ServerFrame::Read(ReadMark { room, user, seq });
        world.signal(&read.room, &mark, None);
    }
    Ok(())
}
