//! `who` and `history`: pages of who is there and of what was said.

use roomcast_protocol::{
    ErrorCode, History, HistoryPage, Member, Members, Message, Refusal, ServerFrame, Who,
};

use super::place::{LIMITS, user_in};
use crate::world::World;

/// Users on a page.
const MEMBERS_MAX: usize = 1_000;
/// Who isn't there.
const GHOST: &str = "zz-ghost";

pub(super) fn who(world: &mut World, session: u64, who: Who) -> Result<(), Refusal> {
    user_in(world, session, &who.room)?;
    let has_ghost = world.liar.has_ghost();
    let room = world.open(&who.room)?;
    let limit = who.limit.map_or(MEMBERS_MAX, |limit| limit as usize);
    let (mut members, more) = room.members(who.after.as_ref(), limit.clamp(1, MEMBERS_MAX));
    let mut count = room.count();
    if has_ghost {
        count += 1;
        if !more {
            members.push(Member {
                user: GHOST.parse().expect("a user's id"),
                name: None,
            });
        }
    }
    let answer = Members {
        id: who.id,
        room: who.room,
        count,
        members,
        more,
    };
    world.say(session, &ServerFrame::Members(answer));
    Ok(())
}

pub(super) fn history(world: &mut World, session: u64, asked: History) -> Result<(), Refusal> {
    user_in(world, session, &asked.room)?;
    if asked.before.is_some() && asked.after.is_some() {
        let complaint = "history takes `before` or `after`, not both";
        return Err(Refusal::new(ErrorCode::BadFrame, complaint));
    }
    let limit = asked.limit.unwrap_or(u32::MAX);
    let limit = limit.clamp(1, LIMITS.page_messages_max) as usize;
    let log = &world.open(&asked.room)?.log;
    let page = log.page(asked.before, asked.after, limit);
    let answer = HistoryPage {
        epoch: log.head().epoch,
        id: asked.id,
        room: asked.room,
        messages: page.messages.iter().map(Message::to_json).collect(),
        more: page.has_more,
    };
    world.say(session, &ServerFrame::History(answer));
    Ok(())
}
