//! Lets a joiner in: composes `joined`, puts it into the outbox, and makes the session a member, in
//! one step of the relay, so that no message of the room comes before it or is lost behind it.

use roomcast_broker::Head;
use roomcast_protocol::{Joined, Member, Message, Seq, ServerFrame, TypingNews, encode_server};

use super::order::{JoinRequest, OwnMark};
use super::reading::Welcome;
use super::room::Room;
use crate::limits::Limits;
use crate::metrics::Metrics;

/// Admits a joiner whose welcome is of the epoch the room stands in.
pub(super) fn admit(
    room: &mut Room,
    request: JoinRequest,
    welcome: Welcome,
    limits: &Limits,
    metrics: &Metrics,
) {
    if request.done.is_closed() {
        return;
    }
    let Welcome { onward, recovered } = welcome;
    let resuming = request.since.is_some();
    // Many rooms may be joined at once: together they bring half an outbox of messages.
    let half = limits.outbox_bytes_max / 2;
    let budget = half.saturating_sub(request.outbox.waiting_bytes());
    let (messages, told) = if resuming {
        let kept = fitting(onward.messages.iter(), budget);
        let all = kept == onward.messages.len() && !onward.more;
        let messages = &onward.messages[..kept];
        let last = messages.last().map(|message| message.position.seq);
        let before = onward
            .gap
            .map_or(request.since.map_or(Seq::ZERO, |s| s.seq), |gap| gap.to);
        (
            messages,
            if all {
                onward.head.seq
            } else {
                last.unwrap_or(before)
            },
        )
    } else {
        let kept = fitting(onward.messages.iter().rev(), budget);
        (
            &onward.messages[onward.messages.len() - kept..],
            onward.head.seq,
        )
    };
    let (read, unread) = unread(&request, &onward.head);
    let (count, members, typing) = people(room, limits);
    let joined = Joined {
        id: request.id.clone(),
        room: room.name.clone(),
        epoch: onward.head.epoch,
        seq: told,
        recovered,
        messages: messages.iter().map(Message::to_json).collect(),
        gap: onward.gap,
        count,
        members,
        typing,
        read,
        unread,
    };
    metrics.joined(resuming, recovered);
    request
        .outbox
        .answer(encode_server(&ServerFrame::Joined(joined)));
    room.admit(&request, told);
    if request.done.send(Ok(room.mark.clone())).is_err() {
        room.members.remove(request.session);
    }
}

/// How many users are in the room, the first of them, and who types. In an inbox its user is alone.
fn people(room: &Room, limits: &Limits) -> (u64, Option<Vec<Member>>, Option<TypingNews>) {
    let Some(company) = &room.company else {
        return (1, None, None);
    };
    let page = company.roster.page(None, limits.page_members_max);
    let members = page.map(|(members, _)| members);
    let typing = company.typists.news(limits);
    (company.roster.told_count(), members, typing)
}

/// How far the joiner's user has read in the epoch of this head, and how many messages stand behind
/// that: of this epoch, where they have read nothing of it. Not known, if presence did not say.
fn unread(request: &JoinRequest, head: &Head) -> (Option<Seq>, Option<u64>) {
    let read = match request.own_mark {
        OwnMark::Unknown => return (None, None),
        OwnMark::Never => None,
        OwnMark::At(mark) => (mark.epoch == head.epoch).then_some(mark.seq),
    };
    let from = read.unwrap_or(head.base);
    (read, Some(head.seq.value().saturating_sub(from.value())))
}

/// How many of these messages fit into so many bytes: at least one if there is any space, however
/// large it is, or it would never get through.
fn fitting<'a>(messages: impl Iterator<Item = &'a Message>, bytes_max: usize) -> usize {
    let mut bytes = 0_usize;
    let mut count = 0;
    for message in messages {
        bytes += message.body.as_str().len();
        if bytes > bytes_max && (count > 0 || bytes_max == 0) {
            break;
        }
        count += 1;
    }
    count
}
