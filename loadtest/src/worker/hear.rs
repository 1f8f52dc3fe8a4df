//! What a client does with a frame: it notes it as it came, and moves on.

use rand::Rng as _;
use roomcast_protocol::{
    Ack, Chat, ErrorCode, ErrorFrame, Gap, Joined, MessageId, Position, RequestId, RoomName,
    ServerFrame,
};

use super::chats::{carried, chat_of};
use super::member::{Member, Open};
use super::pending::To;
use super::seat::{Phase, place};
use crate::ledger::record::{Name, Range, Record};
use crate::payload::Said;

/// How long after a refusal without a time of its own something is tried again.
const AGAIN_US: u64 = 500_000;

/// Takes in one frame.
pub(crate) fn hear(member: &mut Member, frame: ServerFrame, now_us: u64) {
    let Some(open) = member.open else { return };
    match frame {
        ServerFrame::Chat(chat) => {
            let seat = member.seat_of(&chat.room);
            receive(member, open, seat, &chat, now_us);
            if let Some(seat) = seat {
                member.seats[seat].heard(&chat);
            }
        }
        ServerFrame::Ack(ack) => take_ack(member, &ack, now_us),
        ServerFrame::Joined(joined) => take_joined(member, open, &joined, now_us),
        ServerFrame::Gap(gap) => take_gap(member, open, &gap, now_us),
        ServerFrame::Error(error) => take_error(member, open, &error, now_us),
        ServerFrame::Members(members) => member.take_members(open, members, now_us),
        ServerFrame::History(page) => member.take_page(page, now_us),
        ServerFrame::Reconnect(told) => {
            member.move_at_us = Some(now_us.saturating_add(told.after_ms * 1_000));
        }
        ServerFrame::UserJoined(_)
        | ServerFrame::UserLeft(_)
        | ServerFrame::Presence(_)
        | ServerFrame::Typing(_)
        | ServerFrame::Typists(_)
        | ServerFrame::Read(_)
        | ServerFrame::Reads(_) => member.crew.tally().counted.signals += 1,
        ServerFrame::Ok(_) | ServerFrame::Pong(_) | ServerFrame::Connected(_) => {}
    }
}

/// Notes that a message came, live or in `joined`.
fn receive(member: &Member, open: Open, seat: Option<usize>, chat: &Chat, now_us: u64) {
    let record = Record::Received {
        session: open.session,
        room: room_name(member, seat, &chat.room),
        at: place(chat.epoch, chat.seq),
        id: chat.id.bits(),
        carried: carried(chat, &member.crew.load),
    };
    member.note(now_us, &record);
    let due_us = chat
        .data
        .as_ref()
        .and_then(|data| data.as_str().parse().ok());
    let late_us = due_us
        .filter(|due| !member.is_own_delay(*due))
        .map(|due: u64| now_us.saturating_sub(due));
    member.crew.tally().delivered(open.node, late_us);
}

fn room_name(member: &Member, seat: Option<usize>, room: &RoomName) -> Name {
    match seat {
        Some(seat) => member.seats[seat].name,
        None => member.crew.ledger.name(room.as_str()),
    }
}

fn take_joined(member: &mut Member, open: Open, joined: &Joined, now_us: u64) {
    let seat = member.seat_of(&joined.room);
    let gap = joined.gap.map(|gap| Range {
        from: gap.from.value(),
        to: gap.to.value(),
    });
    let record = Record::Joined {
        session: open.session,
        room: room_name(member, seat, &joined.room),
        at: place(joined.epoch, joined.seq),
        recovered: joined.recovered,
        gap,
        count: joined.count,
        messages: joined.messages.len() as u32,
    };
    member.note(now_us, &record);
    let mut last: Option<(Position, MessageId)> = None;
    for json in &joined.messages {
        match chat_of(json) {
            Some(chat) => {
                receive(member, open, seat, &chat, now_us);
                last = Some((chat.position(), chat.id));
            }
            None => member.crew.tally().unreadable += 1,
        }
    }
    let Some(seat) = seat else { return };
    {
        let mut tally = member.crew.tally();
        tally.counted.gaps += u64::from(gap.is_some());
        if let Phase::Asked { at_us, resumes, .. } | Phase::Expected { at_us, resumes } =
            member.seats[seat].phase
        {
            tally.joined(now_us.saturating_sub(at_us), resumes);
        }
    }
    member.seats[seat].joined(joined, last);
    member.settle(now_us);
}

fn take_gap(member: &mut Member, open: Open, gap: &Gap, now_us: u64) {
    let seat = member.seat_of(&gap.room);
    let record = Record::GapTold {
        session: open.session,
        room: room_name(member, seat, &gap.room),
        epoch: gap.epoch.bits(),
        gap: Range {
            from: gap.from.value(),
            to: gap.to.value(),
        },
    };
    member.note(now_us, &record);
    member.crew.tally().counted.gaps += 1;
    if let Some(seat) = seat {
        member.seats[seat].skipped(gap);
    }
}

/// The message that a request's id names.
fn message(id: &RequestId) -> Option<u32> {
    match id {
        RequestId::Number(number) => u32::try_from(*number).ok(),
        RequestId::Text(_) => None,
    }
}

fn take_ack(member: &mut Member, ack: &Ack, now_us: u64) {
    let Some(number) = message(&ack.id) else {
        member.crew.tally().unreadable += 1;
        return;
    };
    let record = Record::Acked {
        said: Said {
            client: member.number,
            number,
        },
        room: room_name(member, member.seat_of(&ack.room), &ack.room),
        at: place(ack.epoch, ack.seq),
        duplicate: ack.duplicate,
    };
    member.note(now_us, &record);
    // Not there any more: an earlier try of it was acked too.
    if let Some(pending) = member.take_pending(number) {
        let late_us = now_us.saturating_sub(pending.due_us);
        member.crew.tally().acked(now_us, late_us);
    }
}

fn take_error(member: &mut Member, open: Open, error: &ErrorFrame, now_us: u64) {
    member.crew.tally().counted.refused += 1;
    let again_us = now_us + error.retry_after_ms.map_or(AGAIN_US, |ms| ms * 1_000);
    let number = error.id.as_ref().and_then(message);
    let what = number.and_then(|number| {
        let pending = member.pending.iter().find(|one| one.number == number)?;
        let client = member.number;
        Some((Said { client, number }, member.name_of(pending.to)))
    });
    let code = error.code;
    member.note(now_us, &Record::Refused { what, code });
    match (&error.id, number) {
        (Some(_), Some(number)) => put_off(member, number, error, now_us),
        (Some(RequestId::Number(id)), None) => {
            member.lookups.refused(*id, again_us);
            refuse_joins(member, open, Some(*id), error, again_us, now_us);
        }
        (Some(RequestId::Text(_)), None) => {}
        (None, _) => refuse_joins(member, open, None, error, again_us, now_us),
    }
}

/// A message was refused: for now, or for good.
fn put_off(member: &mut Member, number: u32, error: &ErrorFrame, now_us: u64) {
    let passes = match ErrorCode::from_number(error.code) {
        Some(
            ErrorCode::TooFast
            | ErrorCode::TryAgain
            | ErrorCode::StoreRefused
            | ErrorCode::Draining
            | ErrorCode::Internal
            | ErrorCode::NotJoined,
        ) => true,
        Some(_) | None => false,
    };
    if !passes {
        member.take_pending(number);
        return;
    }
    let dice = member.dice.random();
    let mut pending = member.pending.iter_mut();
    if let Some(pending) = pending.find(|one| one.number == number) {
        let told_us = error.retry_after_ms.map(|ms| ms * 1_000);
        pending.put_off(now_us, told_us, dice);
    }
}

/// The server didn't let the client into a room, or took it out: with the id of the request, or without.
fn refuse_joins(
    member: &mut Member,
    open: Open,
    id: Option<u64>,
    error: &ErrorFrame,
    again_us: u64,
    now_us: u64,
) {
    let is_final = matches!(
        ErrorCode::from_number(error.code),
        Some(ErrorCode::NotAllowed | ErrorCode::Banned | ErrorCode::TooManyRooms)
    );
    let mut left = Vec::new();
    for seat in &mut member.seats {
        let is_named = error.room.as_ref().is_none_or(|room| *room == seat.room);
        let is_meant = match (seat.phase, id) {
            (Phase::Asked { id: asked, .. }, Some(id)) => asked == id && is_named,
            (Phase::In | Phase::Asked { .. } | Phase::Expected { .. }, None) => {
                error.room.is_some() && is_named
            }
            _ => false,
        };
        if is_meant {
            left.push(seat.name);
            seat.phase = if is_final {
                Phase::Barred
            } else {
                Phase::Out {
                    not_before_us: again_us,
                }
            };
        }
    }
    for room in left {
        let session = open.session;
        member.note(now_us, &Record::Left { session, room });
        member.has_seats_to_take = true;
        member.unsettle();
    }
}

impl Member {
    /// The room that a message was said to, as the ledger knows it.
    pub(super) fn name_of(&self, to: To) -> Name {
        match to {
            To::Room(seat) => self.seats[seat].name,
            To::Client(client) => {
                let user = self.crew.load.user(client);
                self.crew.ledger.name(&format!("@{user}"))
            }
        }
    }
}
