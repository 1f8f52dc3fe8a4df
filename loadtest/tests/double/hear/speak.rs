//! `chat` and `direct`: kept, sent to who is there, and acked.

use roomcast_protocol::{
    Ack, Direct, Draft, ErrorCode, Refusal, RequestId, RoomName, Said, Say, ServerFrame,
    TypingSeen, UserId,
};

use super::place::{LIMITS, line, user_in};
use crate::lie::Hearing;
use crate::log::Kept;
use crate::world::World;

/// When a refused message may be said again.
const RETRY_AFTER_MS: u64 = 20;

pub(super) fn chat(world: &mut World, session: u64, say: Say, now_ms: u64) -> Result<(), Refusal> {
    if say.room.is_inbox() {
        let complaint = "write to an inbox with `direct`";
        return Err(Refusal::new(ErrorCode::NotAllowed, complaint));
    }
    let from = user_in(world, session, &say.room)?;
    let said = Said {
        id: world.liar.message_id(),
        name: line(world, session)?.name.clone(),
        from: from.clone(),
        to: None,
        message: say.message,
        data: say.data,
        key: say.key,
    };
    check(&said)?;
    let draft = Draft::new(say.room, &said);
    decide(world, session, say.id, &draft, |world| {
        stops_typing(world, &draft.room, &from);
        world.publish(&draft, now_ms)
    })
}

pub(super) fn direct(
    world: &mut World,
    session: u64,
    direct: Direct,
    now_ms: u64,
) -> Result<(), Refusal> {
    let from = line(world, session)?.user.clone();
    let said = Said {
        id: world.liar.message_id(),
        name: line(world, session)?.name.clone(),
        from: from.clone(),
        to: Some(direct.to.clone()),
        message: direct.message,
        data: direct.data,
        key: direct.key,
    };
    check(&said)?;
    let draft = Draft::new(RoomName::inbox(&direct.to), &said);
    decide(world, session, direct.id, &draft, |world| {
        let kept = world.publish(&draft, now_ms)?;
        if from != direct.to && !kept.is_duplicate {
            let mut copy = Draft::new(RoomName::inbox(&from), &said);
            // One key may have gone to several users, whose copies meet here.
            copy.key = None;
            world.publish(&copy, now_ms)?;
        }
        Ok(kept)
    })
}

fn check(said: &Said) -> Result<(), Refusal> {
    let data_bytes = said.data.as_ref().map_or(0, |data| data.as_str().len());
    let is_long = said.message.len() as u64 > LIMITS.message_bytes_max;
    if is_long || data_bytes as u64 > LIMITS.data_bytes_max {
        let complaint = "the message is too large";
        return Err(Refusal::new(ErrorCode::MessageTooLarge, complaint));
    }
    if said.message.is_empty() && said.data.is_none() {
        let complaint = "a message needs a text or data";
        return Err(Refusal::new(ErrorCode::BadValue, complaint));
    }
    Ok(())
}

/// Keeps the message and acks it, unless something else is to be answered.
fn decide(
    world: &mut World,
    session: u64,
    id: RequestId,
    draft: &Draft,
    keep: impl FnOnce(&mut World) -> Result<Kept, Refusal>,
) -> Result<(), Refusal> {
    match world.liar.hearing() {
        Hearing::Acked => {
            let kept = keep(world)?;
            ack(world, session, id, draft, kept);
            Ok(())
        }
        Hearing::Unanswered { is_kept: false } => Ok(()),
        Hearing::Unanswered { is_kept: true } => keep(world).map(drop),
        Hearing::TryAgain { is_kept } => {
            if is_kept {
                keep(world)?;
            }
            let complaint = "the store did not answer";
            Err(Refusal::retry(
                ErrorCode::TryAgain,
                complaint,
                RETRY_AFTER_MS,
            ))
        }
        Hearing::RefusedAndKept => {
            keep(world)?;
            let complaint = "the message is too large, or so it is said";
            Err(Refusal::new(ErrorCode::MessageTooLarge, complaint))
        }
    }
}

fn ack(world: &mut World, session: u64, id: RequestId, draft: &Draft, kept: Kept) {
    let seq = kept.position.seq;
    let is_moved = world.liar.moves_ack();
    let ack = Ack {
        id,
        room: draft.room.clone(),
        epoch: kept.position.epoch,
        seq: if is_moved { seq.next() } else { seq },
        timestamp: kept.timestamp_ms,
        duplicate: kept.is_duplicate,
    };
    world.say(session, &ServerFrame::Ack(ack));
}

fn stops_typing(world: &mut World, room: &RoomName, user: &UserId) {
    let typed = world.rooms.get_mut(room);
    if typed.is_some_and(|typed| typed.types(user, false)) {
        let stopped = ServerFrame::Typing(TypingSeen {
            room: room.clone(),
            user: user.clone(),
            typing: false,
        });
        world.signal(room, &stopped, Some(user));
    }
}
