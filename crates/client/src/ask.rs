//! What callers want, put into the state.

use roomcast_protocol::{
    Auth, ClientFrame, Direct, ErrorCode, History, Leave, Read, RequestId, RoomName, Say,
    TypingNow, Who,
};

use crate::command::{Answer, Command};
use crate::error::Error;
use crate::outgoing::{JoinOptions, Outgoing, PageOf, Recipient};
use crate::state::{Action, Entry, Phase, Request, Room, State, Ticket, done, too_large};

/// Takes in `command`; its answer will carry `ticket`. Pump afterwards.
pub(crate) fn ask(
    state: &mut State,
    ticket: Ticket,
    command: Command,
    now_ms: u64,
    out: &mut Vec<Action>,
) {
    let asked = match command {
        Command::Join { room, options } => join(state, ticket, room, options, out),
        Command::Leave { room } => leave(state, ticket, room, now_ms, out),
        Command::Say(outgoing) => say(state, ticket, outgoing, now_ms),
        Command::Typing { room, typing } => {
            tell_typing(state, room, typing, out);
            out.push(done(ticket));
            Ok(())
        }
        Command::Read { room, seq } => request(state, ticket, Some(room.clone()), now_ms, |id| {
            ClientFrame::Read(Read {
                id: Some(id),
                room,
                seq,
            })
        }),
        Command::Who { room, after, limit } => {
            request(state, ticket, Some(room.clone()), now_ms, |id| {
                ClientFrame::Who(Who {
                    id,
                    room,
                    after,
                    limit,
                })
            })
        }
        Command::History { room, of, limit } => {
            let (before, after) = match of {
                PageOf::Latest => (None, None),
                PageOf::Before(seq) => (Some(seq), None),
                PageOf::After(seq) => (None, Some(seq)),
            };
            request(state, ticket, Some(room.clone()), now_ms, |id| {
                ClientFrame::History(History {
                    id,
                    room,
                    before,
                    after,
                    limit,
                })
            })
        }
        Command::Authenticate { token } => request(state, ticket, None, now_ms, |id| {
            ClientFrame::Auth(Auth { id, token })
        }),
        Command::Position { room } => {
            let since = state.rooms.get(&room).and_then(Room::since);
            out.push(Action::Answer(ticket, Ok(Answer::Position(since))));
            Ok(())
        }
    };
    if let Err(error) = asked {
        out.push(Action::Answer(ticket, Err(error)));
    }
}

fn join(
    state: &mut State,
    ticket: Ticket,
    room: RoomName,
    options: JoinOptions,
    out: &mut Vec<Action>,
) -> Result<(), Error> {
    if state.rooms.contains_key(&room) {
        return Err(Error::AlreadyJoined);
    }
    let left = state.requests.take_unsent_leaves(&room);
    out.extend(left.into_iter().map(done));
    let seen_ids_max = state.limits.seen_ids_max;
    state
        .rooms
        .insert(room, Room::new(options, ticket, seen_ids_max));
    state.has_unsettled_rooms = true;
    Ok(())
}

fn leave(
    state: &mut State,
    ticket: Ticket,
    room: RoomName,
    now_ms: u64,
    out: &mut Vec<Action>,
) -> Result<(), Error> {
    if state.inbox.as_ref() == Some(&room) {
        return Err(Error::Refused {
            code: ErrorCode::NotAllowed.number(),
            message: "one's own inbox can't be left".into(),
            retry_after_ms: None,
        });
    }
    let known = state.rooms.remove(&room);
    if let Some(caller) = known.as_ref().and_then(|room| room.caller) {
        out.push(Action::Answer(caller, Err(Error::Left)));
    }
    let server_knows = match known.map(|room| room.phase) {
        Some(Phase::In | Phase::Expected | Phase::Joining { .. }) => true,
        Some(Phase::Out { leave_first, .. }) => leave_first,
        None => false,
    };
    if server_knows && state.is_live {
        request(state, ticket, None, now_ms, |id| {
            ClientFrame::Leave(Leave { id, room })
        })
    } else {
        out.push(done(ticket));
        Ok(())
    }
}

fn say(state: &mut State, ticket: Ticket, outgoing: Outgoing, now_ms: u64) -> Result<(), Error> {
    let Outgoing {
        to,
        message,
        data,
        key,
        deadline_ms,
    } = outgoing;
    let id = state.next_id();
    let lane = to.room();
    let frame = match to {
        Recipient::Room(room) => ClientFrame::Chat(Say {
            id: id.clone(),
            room,
            message,
            data,
            key,
        }),
        Recipient::User(to) => ClientFrame::Direct(Direct {
            id: id.clone(),
            to,
            message,
            data,
            key,
        }),
    };
    if let Some(error) = state
        .wire_limits
        .and_then(|limits| too_large(&frame, &limits))
    {
        return Err(error);
    }
    let deadline_at_ms = deadline_ms.map(|after| now_ms.saturating_add(after));
    let entry = Entry::new(ticket, id, lane, frame, deadline_at_ms);
    state.outbox.push(entry)
}

/// Typing is worth telling now or never.
fn tell_typing(state: &State, room: RoomName, typing: bool, out: &mut Vec<Action>) {
    let is_in = state
        .rooms
        .get(&room)
        .is_some_and(|room| room.phase == Phase::In);
    if state.is_live && is_in {
        out.push(Action::Send(ClientFrame::Typing(TypingNow {
            room,
            typing,
        })));
    }
}

fn request(
    state: &mut State,
    ticket: Ticket,
    room: Option<RoomName>,
    now_ms: u64,
    frame: impl FnOnce(RequestId) -> ClientFrame,
) -> Result<(), Error> {
    let id = state.next_id();
    let frame = frame(id.clone());
    state.requests.push(Request {
        ticket,
        id,
        room,
        frame,
        deadline_at_ms: now_ms.saturating_add(state.limits.response_timeout_ms),
        not_before_ms: Some(0),
    })
}

#[cfg(test)]
mod tests;
