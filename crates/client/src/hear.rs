//! What the server says, taken into the state.

use roomcast_protocol::{
    Chat, ClientFrame, ErrorFrame, Joined, Json, Leave, Members, RequestId, RoomName, ServerFrame,
    decode_server,
};

use crate::command::Answer;
use crate::event::Event;
use crate::outgoing::{MembersPage, Page};
use crate::state::{Action, Heard, Phase, Room, State, Verdict, done, refused, verdict};

/// After a fault that the last `join` did not mend, and after a message was refused because the
/// server does not hold us to be in the room.
const REJOIN_MS: u64 = 500;
/// After the server refused our own inbox, which it never should for long.
const INBOX_RETRY_MS: u64 = 5_000;

/// Takes in `frame`. Pump afterwards.
pub(crate) fn hear(state: &mut State, frame: ServerFrame, now_ms: u64, out: &mut Vec<Action>) {
    match frame {
        ServerFrame::Chat(chat) => {
            let room = chat.room.clone();
            in_room(state, &room, now_ms, out, |room| room.chat(chat));
        }
        ServerFrame::Gap(gap) => {
            let room = gap.room.clone();
            in_room(state, &room, now_ms, out, |room| room.gap(gap));
        }
        ServerFrame::UserJoined(joined) => {
            signal(state, &joined.room.clone(), Event::UserJoined(joined), out);
        }
        ServerFrame::UserLeft(left) => {
            signal(state, &left.room.clone(), Event::UserLeft(left), out);
        }
        ServerFrame::Presence(news) => {
            signal(state, &news.room.clone(), Event::Presence(news), out);
        }
        ServerFrame::Typing(typing) => {
            signal(state, &typing.room.clone(), Event::Typing(typing), out);
        }
        ServerFrame::Typists(typists) => {
            signal(state, &typists.room.clone(), Event::Typists(typists), out);
        }
        ServerFrame::Read(read) => signal(state, &read.room.clone(), Event::Read(read), out),
        ServerFrame::Reads(reads) => signal(state, &reads.room.clone(), Event::Reads(reads), out),
        ServerFrame::Joined(joined) => take_joined(state, joined, now_ms, out),
        ServerFrame::Ack(ack) => {
            if let Some(entry) = state.outbox.take(&ack.id) {
                out.push(Action::Answer(entry.ticket, Ok(Answer::Acked(ack))));
            }
        }
        ServerFrame::Members(members) => take_members(state, members, out),
        ServerFrame::History(page) => {
            let answered = Answer::Page(Page {
                room: page.room,
                epoch: page.epoch,
                messages: chats(&page.messages).collect(),
                more: page.more,
            });
            answer(state, &page.id, answered, out);
        }
        ServerFrame::Ok(ok) => answer(state, &ok.id, Answer::Done, out),
        ServerFrame::Reconnect(reconnect) => {
            tracing::debug!(
                after_ms = reconnect.after_ms,
                reason = reconnect.reason,
                "the server asks to reconnect"
            );
            out.push(Action::ComeBack {
                after_ms: reconnect.after_ms,
            });
        }
        ServerFrame::Error(error) => take_error(state, error, now_ms, out),
        // The first one was taken where the connection was made; pings go below JSON.
        ServerFrame::Connected(_) | ServerFrame::Pong(_) => {}
    }
}

fn in_room(
    state: &mut State,
    name: &RoomName,
    now_ms: u64,
    out: &mut Vec<Action>,
    take: impl FnOnce(&mut Room) -> Heard,
) {
    let Some(room) = state.rooms.get_mut(name) else {
        return;
    };
    match take(room) {
        Heard::Tell(event) => out.push(Action::Tell(event)),
        Heard::Nothing => {}
        Heard::Torn => {
            tracing::warn!(room = %name, "something is missing that was not told; joining again");
            room.rejoin(now_ms);
            state.has_unsettled_rooms = true;
        }
    }
}

fn signal(state: &State, name: &RoomName, event: Event, out: &mut Vec<Action>) {
    let is_in = |room: &Room| room.phase == Phase::In;
    if state.rooms.get(name).is_some_and(is_in) {
        out.push(Action::Tell(event));
    }
}

fn take_joined(state: &mut State, joined: Joined, now_ms: u64, out: &mut Vec<Action>) {
    let Some(room) = state.rooms.get_mut(&joined.room) else {
        return;
    };
    if !room.awaits(joined.id.as_ref()) {
        return;
    }
    let chats = chats(&joined.messages).collect();
    let Some((told, events)) = room.joined(&joined, chats) else {
        tracing::warn!(room = %joined.room, "the answer to join has a hole; joining again");
        room.rejoin(now_ms + REJOIN_MS);
        state.has_unsettled_rooms = true;
        return;
    };
    if let Some(caller) = room.caller.take() {
        let answer = Answer::Joined(Box::new(told.clone()));
        out.push(Action::Answer(caller, Ok(answer)));
    }
    out.push(Action::Tell(Event::Joined(Box::new(told))));
    out.extend(events.into_iter().map(Action::Tell));
}

fn take_members(state: &mut State, members: Members, out: &mut Vec<Action>) {
    let Some(request) = state.requests.take(&members.id) else {
        return;
    };
    let after = match request.frame {
        ClientFrame::Who(who) => who.after,
        other => {
            tracing::warn!(?other, "answered with members");
            None
        }
    };
    let page = MembersPage {
        room: members.room,
        after,
        count: members.count,
        members: members.members,
        more: members.more,
    };
    let answer = Answer::Members(page.clone());
    signal(state, &page.room.clone(), Event::Members(page), out);
    out.push(Action::Answer(request.ticket, Ok(answer)));
}

fn take_error(state: &mut State, error: ErrorFrame, now_ms: u64, out: &mut Vec<Action>) {
    let Some(id) = error.id.clone() else {
        match error.room.clone() {
            Some(room) => put_out(state, &room, error, now_ms, out),
            None => tracing::warn!(
                code = error.code,
                message = error.message,
                "the server refused something"
            ),
        }
        return;
    };
    if let Some(room) = state.outbox.room_of(&id).cloned() {
        refuse_message(state, &id, &room, error, now_ms, out);
        return;
    }
    let mut joining = rooms_joining(state, &id);
    if let Some(meant) = &error.room {
        joining.retain(|room| room == meant);
    }
    match &joining[..] {
        [] => refuse_request(state, &id, error, now_ms, out),
        [name] => refuse_join(state, name, error, now_ms, out),
        several => refuse_joins(state, several, &error, now_ms),
    }
}

fn refuse_message(
    state: &mut State,
    id: &RequestId,
    name: &RoomName,
    error: ErrorFrame,
    now_ms: u64,
    out: &mut Vec<Action>,
) {
    match verdict(&error) {
        Verdict::Later { in_ms, not_done } => state.outbox.put_off(id, now_ms + in_ms, not_done),
        Verdict::NotJoined if state.rooms.contains_key(name) => {
            state.outbox.put_off(id, now_ms + REJOIN_MS, true);
            if let Some(room) = state.rooms.get_mut(name)
                && room.phase == Phase::In
            {
                room.rejoin(now_ms);
                state.has_unsettled_rooms = true;
            }
        }
        Verdict::NotJoined | Verdict::AlreadyJoined | Verdict::Final => {
            if let Some(entry) = state.outbox.take(id) {
                out.push(Action::Answer(entry.ticket, Err(refused(error))));
            }
        }
    }
}

fn refuse_join(
    state: &mut State,
    name: &RoomName,
    error: ErrorFrame,
    now_ms: u64,
    out: &mut Vec<Action>,
) {
    let Some(room) = state.rooms.get_mut(name) else {
        return;
    };
    match verdict(&error) {
        Verdict::Later { in_ms, not_done } => {
            let not_before_ms = now_ms + in_ms;
            room.phase = Phase::Out {
                not_before_ms,
                leave_first: !not_done,
            };
            if not_done {
                state.joins_not_before_ms = not_before_ms;
            }
        }
        // Begun anew by the join itself; that it was not is a fault.
        Verdict::AlreadyJoined | Verdict::NotJoined | Verdict::Final if room.is_inbox => {
            room.rejoin(now_ms + INBOX_RETRY_MS);
        }
        Verdict::AlreadyJoined => room.rejoin(now_ms),
        Verdict::NotJoined | Verdict::Final => lose(state, name, error, out),
    }
}

/// The server says that we are no longer in a room: taken out, banned, or without the right.
fn put_out(
    state: &mut State,
    name: &RoomName,
    error: ErrorFrame,
    now_ms: u64,
    out: &mut Vec<Action>,
) {
    let Some(room) = state.rooms.get_mut(name) else {
        return;
    };
    if room.is_inbox {
        // Nobody is taken out of their own.
        room.rejoin(now_ms + error.retry_after_ms.unwrap_or(INBOX_RETRY_MS));
        state.has_unsettled_rooms = true;
        return;
    }
    if matches!(room.phase, Phase::Joining { .. }) {
        // The join on its way would bring us back in.
        let (id, room) = (state.next_id(), name.clone());
        out.push(Action::Send(ClientFrame::Leave(Leave { id, room })));
    }
    lose(state, name, error, out);
}

/// Gives a room up, and tells whoever waits for it, or else everyone.
fn lose(state: &mut State, name: &RoomName, error: ErrorFrame, out: &mut Vec<Action>) {
    let Some(room) = state.rooms.remove(name) else {
        return;
    };
    let error = refused(error);
    out.push(match room.caller {
        Some(caller) => Action::Answer(caller, Err(error)),
        None => Action::Tell(Event::RoomLost {
            room: name.clone(),
            error,
        }),
    });
}

/// A refusal of the whole frame: put off if it passes, otherwise asked room by room.
fn refuse_joins(state: &mut State, names: &[RoomName], error: &ErrorFrame, now_ms: u64) {
    let (in_ms, is_certain) = match verdict(error) {
        Verdict::Later { in_ms, not_done } => (Some(in_ms), not_done),
        Verdict::NotJoined | Verdict::AlreadyJoined | Verdict::Final => (None, false),
    };
    let not_before_ms = now_ms + in_ms.unwrap_or(0);
    for name in names {
        if let Some(room) = state.rooms.get_mut(name) {
            room.is_alone |= in_ms.is_none();
            room.phase = Phase::Out {
                not_before_ms,
                leave_first: !is_certain,
            };
        }
    }
    if is_certain {
        state.joins_not_before_ms = not_before_ms;
    }
}

fn refuse_request(
    state: &mut State,
    id: &RequestId,
    error: ErrorFrame,
    now_ms: u64,
    out: &mut Vec<Action>,
) {
    let verdict = verdict(&error);
    let Some(request) = state.requests.take(id) else {
        return;
    };
    let is_leave = request.leaves().is_some();
    let wanted_again = request
        .leaves()
        .is_some_and(|room| state.rooms.contains_key(room));
    match verdict {
        Verdict::Later { .. } | Verdict::NotJoined if wanted_again => {
            out.push(done(request.ticket))
        }
        Verdict::NotJoined if is_leave => out.push(done(request.ticket)),
        Verdict::Later { in_ms, .. } => {
            let mut request = request;
            request.not_before_ms = Some(now_ms + in_ms);
            state.requests.put_back(request);
        }
        Verdict::NotJoined | Verdict::AlreadyJoined | Verdict::Final => {
            out.push(Action::Answer(request.ticket, Err(refused(error))));
        }
    }
}

fn answer(state: &mut State, id: &RequestId, answer: Answer, out: &mut Vec<Action>) {
    if let Some(request) = state.requests.take(id) {
        out.push(Action::Answer(request.ticket, Ok(answer)));
    }
}

fn is_asked(room: &Room, asked: &RequestId) -> bool {
    matches!(&room.phase, Phase::Joining { id, .. } if id == asked)
}

fn rooms_joining(state: &State, id: &RequestId) -> Vec<RoomName> {
    let asked = state.rooms.iter().filter(|(_, room)| is_asked(room, id));
    asked.map(|(name, _)| name.clone()).collect()
}

/// The messages of a list; what is no message is left out, and noticed as a hole.
fn chats(messages: &[Json]) -> impl Iterator<Item = Chat> {
    messages
        .iter()
        .filter_map(|json| match decode_server(json.as_str()) {
            Ok(ServerFrame::Chat(chat)) => Some(*chat),
            Ok(_) | Err(_) => None,
        })
}

#[cfg(test)]
mod inbox_tests;
#[cfg(test)]
mod model;
#[cfg(test)]
mod people_tests;
#[cfg(test)]
mod tests;
