//! One room of the client: whether we are in, how far we have come, what is a fault.
//!
//! Keeps true: of what the caller is told, positions rise by one inside an epoch or a gap is told
//! (P2), and nothing is told twice (P3). All comparing is `protocol::Cursor`'s. What the server
//! should have told and didn't is a fault: the room is torn, and joined again from the cursor.

use roomcast_protocol::{
    Chat, Cursor, Gap, JoinRoom, Joined, Position, RequestId, RoomName, Seq, Since, Step,
};

use crate::event::{Event, JoinedRoom};
use crate::outgoing::JoinOptions;
use crate::state::action::Ticket;
use crate::state::seen::Seen;

/// A `joined` that leaves a hole is asked for again so many times; then the hole is told as a gap.
const TORN_JOINS_MAX: u8 = 2;

#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) phase: Phase,
    /// Who awaits the first `joined`.
    pub(crate) caller: Option<Ticket>,
    /// Asked for in a frame of its own: a refusal did not say which of several rooms it meant.
    pub(crate) is_alone: bool,
    /// The user's own inbox, which is neither joined nor left.
    pub(crate) is_inbox: bool,
    cursor: Option<Cursor>,
    history: Option<u32>,
    seen: Seen,
    torn_joins: u8,
}

/// Where we stand with the server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    /// To be joined; `leave_first` where the server may hold us to be in.
    Out {
        not_before_ms: u64,
        leave_first: bool,
    },
    /// Asked. What comes before the answer belongs to an earlier stay.
    Joining {
        id: RequestId,
        asked_at_ms: u64,
    },
    /// The server lets us in without being asked: its `joined` is to come.
    Expected,
    In,
}

/// What something that arrived is to the caller.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Heard {
    /// News, in order.
    Tell(Event),
    /// Known, or not meant for this stay.
    Nothing,
    /// Something is missing that was not told.
    Torn,
}

impl Room {
    pub(crate) fn new(options: JoinOptions, caller: Ticket, seen_ids_max: usize) -> Self {
        Self {
            phase: Phase::Out {
                not_before_ms: 0,
                leave_first: false,
            },
            caller: Some(caller),
            is_alone: false,
            is_inbox: false,
            cursor: options
                .since
                .map(|since| Cursor::new(since.position(), since.id)),
            history: options.history,
            seen: Seen::new(seen_ids_max),
            torn_joins: 0,
        }
    }

    /// The user's own inbox, continued from `since`.
    pub(crate) fn inbox(since: Option<Since>, seen_ids_max: usize) -> Self {
        Self {
            phase: Phase::Expected,
            caller: None,
            is_alone: false,
            is_inbox: true,
            cursor: since.map(|since| Cursor::new(since.position(), since.id)),
            history: None,
            seen: Seen::new(seen_ids_max),
            torn_joins: 0,
        }
    }

    pub(crate) fn since(&self) -> Option<Since> {
        self.cursor.map(|cursor| cursor.since())
    }

    /// Whether the server may hold us to be in, and would refuse a `join`. An inbox is begun anew by
    /// it.
    pub(crate) fn must_leave_first(&self) -> bool {
        let may_be_in = matches!(
            self.phase,
            Phase::Out {
                leave_first: true,
                ..
            }
        );
        may_be_in && !self.is_inbox
    }

    /// Whether a `joined` with this id is for the present stay.
    pub(crate) fn awaits(&self, id: Option<&RequestId>) -> bool {
        match (&self.phase, id) {
            (Phase::Joining { id, .. }, Some(asked)) => id == asked,
            (Phase::Expected | Phase::In, None) => self.is_inbox,
            (Phase::Joining { .. }, None)
            | (Phase::Expected | Phase::In, Some(_))
            | (Phase::Out { .. }, _) => false,
        }
    }

    /// What to ask for, in the `join` with this id.
    pub(crate) fn ask(&mut self, name: RoomName, id: RequestId, now_ms: u64) -> JoinRoom {
        self.phase = Phase::Joining {
            id,
            asked_at_ms: now_ms,
        };
        let since = self.since();
        JoinRoom {
            room: name,
            since,
            // The protocol takes only one of them.
            history: self.history.filter(|_| since.is_none()),
        }
    }

    /// A live message.
    pub(crate) fn chat(&mut self, chat: Box<Chat>) -> Heard {
        let (Phase::In, Some(cursor)) = (&self.phase, &mut self.cursor) else {
            return Heard::Nothing;
        };
        match cursor.observe(chat.position(), chat.id) {
            Step::Next if self.seen.is_repeat(chat.id) => Heard::Nothing,
            Step::Next => Heard::Tell(message(chat, self.is_inbox)),
            Step::Duplicate if is_another_at(cursor, &chat) => Heard::Torn,
            Step::Duplicate => Heard::Nothing,
            Step::Hole { .. } | Step::OtherEpoch => Heard::Torn,
        }
    }

    /// A live gap.
    pub(crate) fn gap(&mut self, gap: Gap) -> Heard {
        let (Phase::In, Some(cursor)) = (&self.phase, &mut self.cursor) else {
            return Heard::Nothing;
        };
        let Gap {
            room,
            epoch,
            from,
            to,
        } = gap;
        let is_same_epoch = epoch == cursor.epoch();
        let next = cursor.seq().next();
        if is_same_epoch && from > next {
            return Heard::Torn;
        }
        if is_same_epoch && from < next && to < next {
            return Heard::Nothing;
        }
        if !is_same_epoch {
            self.seen.doubt();
        }
        cursor.skip_gap(epoch, to);
        let from = if is_same_epoch { next } else { from };
        Heard::Tell(Event::Gap {
            room,
            epoch,
            from,
            to,
        })
    }

    /// The answer to our `join`, with the messages it carries; what to tell, in order, the
    /// [`JoinedRoom`] first. `None` if it leaves a hole and is worth asking again.
    pub(crate) fn joined(
        &mut self,
        joined: &Joined,
        chats: Vec<Chat>,
    ) -> Option<(JoinedRoom, Vec<Event>)> {
        let head = Position {
            epoch: joined.epoch,
            seq: joined.seq,
        };
        // In the same life of the log the head never goes back; if it does, it is another life
        // that the server has not noticed, and only ids can tell what was seen.
        let continued = self
            .cursor
            .filter(|cursor| cursor.epoch() == head.epoch && cursor.seq() <= head.seq);
        let is_new_life = self.cursor.is_some() && continued.is_none();
        let start = start(continued, joined, &chats);

        let has_hole = has_hole(start, head, &chats);
        if has_hole && self.torn_joins < TORN_JOINS_MAX {
            self.torn_joins += 1;
            return None;
        }
        self.torn_joins = 0;
        if is_new_life {
            self.seen.doubt();
        }
        let told = JoinedRoom {
            room: joined.room.clone(),
            position: head,
            resumed: self.cursor.is_some(),
            recovered: joined.recovered && !is_new_life && !has_hole,
            gap: joined.gap,
            count: joined.count,
            members: joined.members.clone(),
            typing: joined.typing.clone(),
            read: joined.read,
            unread: joined.unread,
        };
        let events = self.walk(start, head, joined, chats);
        self.phase = Phase::In;
        self.is_alone = false;
        Some((told, events))
    }

    /// Goes from `start` to `head` over `chats`; a hole becomes a gap.
    fn walk(
        &mut self,
        mut at: Cursor,
        head: Position,
        joined: &Joined,
        chats: Vec<Chat>,
    ) -> Vec<Event> {
        let mut events = Vec::with_capacity(chats.len());
        let hole = |from: Seq, to: Seq| Event::Gap {
            room: joined.room.clone(),
            epoch: head.epoch,
            from,
            to,
        };
        for chat in chats {
            if let Step::Hole { from, to } = at.compare(chat.position()) {
                events.push(hole(from, to));
                at.skip_gap(head.epoch, to);
            }
            if at.observe(chat.position(), chat.id) == Step::Next && !self.seen.is_repeat(chat.id) {
                events.push(message(Box::new(chat), self.is_inbox));
            }
        }
        if at.seq() < head.seq {
            events.push(hole(at.seq().next(), head.seq));
            at.skip_gap(head.epoch, head.seq);
        }
        self.cursor = Some(at);
        events
    }

    /// Joins anew on the same connection, from the cursor, as soon as `not_before_ms`.
    pub(crate) fn rejoin(&mut self, not_before_ms: u64) {
        self.phase = Phase::Out {
            not_before_ms,
            leave_first: true,
        };
    }

    /// The connection is gone, and the server's idea of us with it.
    pub(crate) fn lost_link(&mut self) {
        self.phase = if self.is_inbox {
            Phase::Expected
        } else {
            Phase::Out {
                not_before_ms: 0,
                leave_first: false,
            }
        };
    }
}

/// A message as the caller is told it.
fn message(chat: Box<Chat>, is_inbox: bool) -> Event {
    if is_inbox {
        Event::Direct(chat)
    } else {
        Event::Chat(chat)
    }
}

/// Whether another message stands where the cursor stands: the log forgot, and handed the same
/// positions out again (P8).
fn is_another_at(cursor: &Cursor, chat: &Chat) -> bool {
    chat.seq == cursor.seq() && cursor.since().id.is_some_and(|id| id != chat.id)
}

/// Where the messages of a `joined` begin.
fn start(continued: Option<Cursor>, joined: &Joined, chats: &[Chat]) -> Cursor {
    let at = |seq| {
        Cursor::new(
            Position {
                epoch: joined.epoch,
                seq,
            },
            None,
        )
    };
    match (continued, joined.gap, chats.first()) {
        (Some(mut cursor), Some(gap), _) => {
            cursor.skip_gap(joined.epoch, gap.to);
            cursor
        }
        (Some(cursor), None, _) => cursor,
        (None, Some(gap), _) => at(gap.to),
        (None, None, Some(first)) => at(first.seq.previous()),
        (None, None, None) => at(joined.seq),
    }
}

/// Whether anything between `start` and `head` is not among `chats`.
fn has_hole(start: Cursor, head: Position, chats: &[Chat]) -> bool {
    let mut at = start;
    for chat in chats {
        match at.observe(chat.position(), chat.id) {
            Step::Next | Step::Duplicate => {}
            Step::Hole { .. } | Step::OtherEpoch => return true,
        }
    }
    at.seq() != head.seq
}
