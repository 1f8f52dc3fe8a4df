//! What a client looks up once all is at rest: who is in its rooms, and what their logs hold.
//!
//! Keeps true: one question at a time; an answer of many pages is noted when its last page has come, and
//! asked for from the beginning where the line broke in between.

use std::collections::VecDeque;

use roomcast_protocol::{
    ClientFrame, History, HistoryPage, Members, Position, RequestId, Seq, Who,
};

use super::crew::Lookup;
use super::hear::{carried, chat_of};
use super::member::{Member, Open};
use super::seat::place;
use crate::ledger::record::{Name, Place, Record};
use crate::payload::Carried;

/// How long an answer may take before it is asked for again.
const ANSWER_US: u64 = 15_000_000;

/// A client's questions.
#[derive(Default)]
pub(crate) struct Lookups {
    planned: Vec<Lookup>,
    asking: Option<Box<Asking>>,
}

/// The questions that are left, and the answer to the first of them so far.
#[derive(Default)]
struct Asking {
    left: VecDeque<Lookup>,
    /// The request on its way, and since when.
    asked: Option<(u64, u64)>,
    not_before_us: u64,
    users: Vec<Name>,
    after_user: Option<roomcast_protocol::UserId>,
    messages: Vec<(Place, u128, Carried)>,
    after: Option<Position>,
}

impl Asking {
    fn begin_anew(&mut self) {
        self.asked = None;
        self.users.clear();
        self.after_user = None;
        self.messages.clear();
        self.after = None;
    }

    fn done(&mut self) {
        self.begin_anew();
        self.left.pop_front();
    }
}

impl Lookups {
    pub(crate) fn new(planned: Vec<Lookup>) -> Self {
        Self {
            planned,
            asking: None,
        }
    }

    /// Whether there is anything to look up.
    pub(crate) fn is_empty(&self) -> bool {
        self.planned.is_empty()
    }

    /// The time has come.
    pub(crate) fn begin(&mut self) {
        if !self.planned.is_empty() {
            let left = std::mem::take(&mut self.planned).into();
            self.asking = Some(Box::new(Asking {
                left,
                ..Asking::default()
            }));
        }
    }

    pub(crate) fn lost_link(&mut self) {
        if let Some(asking) = &mut self.asking {
            asking.begin_anew();
        }
    }

    /// The server refused a request.
    pub(crate) fn refused(&mut self, id: u64, again_us: u64) {
        if let Some(asking) = &mut self.asking
            && asking.asked.is_some_and(|(asked, _)| asked == id)
        {
            // Where it was: a refusal leaves what was told before untouched.
            asking.asked = None;
            asking.not_before_us = again_us;
        }
    }

    pub(crate) fn wake_us(&self) -> Option<u64> {
        let asking = self.asking.as_ref()?;
        Some(match asking.asked {
            Some((_, at_us)) => at_us + ANSWER_US,
            None => asking.not_before_us,
        })
    }

    fn answered(&mut self, id: &RequestId) -> Option<(&mut Asking, Lookup)> {
        let asking = self.asking.as_mut()?;
        let (asked, _) = asking.asked?;
        let lookup = *asking.left.front()?;
        if *id != RequestId::Number(asked) {
            return None;
        }
        asking.asked = None;
        Some((asking, lookup))
    }
}

impl Member {
    /// Asks the next question when it is time.
    pub(super) fn look_up(&mut self, now_us: u64) {
        let Some(asking) = &mut self.lookups.asking else {
            return;
        };
        if asking
            .asked
            .is_some_and(|(_, at_us)| now_us >= at_us + ANSWER_US)
        {
            asking.begin_anew();
        }
        if asking.asked.is_some() || asking.not_before_us > now_us {
            return;
        }
        let (after, after_user) = (asking.after, asking.after_user.clone());
        let Some(lookup) = asking.left.front().copied() else {
            self.lookups.asking = None;
            self.crew.tally().restless -= 1;
            return;
        };
        let number = self.request();
        let id = RequestId::Number(number);
        let frame = match lookup {
            Lookup::Who { seat } => ClientFrame::Who(Who {
                id,
                room: self.seats[seat].room.clone(),
                after: after_user,
                limit: None,
            }),
            Lookup::Log { .. } | Lookup::Inbox => {
                let Some(seat) = self.seat_looked_up(lookup) else {
                    return;
                };
                ClientFrame::History(History {
                    id,
                    room: self.seats[seat].room.clone(),
                    before: None,
                    after: Some(after.map_or(Seq::ZERO, |at| at.seq)),
                    limit: None,
                })
            }
        };
        self.out.push(frame);
        if let Some(asking) = &mut self.lookups.asking {
            asking.asked = Some((number, now_us));
        }
    }

    fn seat_looked_up(&self, lookup: Lookup) -> Option<usize> {
        match lookup {
            Lookup::Who { seat } | Lookup::Log { seat } => Some(seat),
            Lookup::Inbox => self.inbox,
        }
    }

    /// A page of who is in a room.
    pub(super) fn take_members(&mut self, open: Open, members: Members, now_us: u64) {
        let ledger = self.crew.ledger.clone();
        let Some((asking, Lookup::Who { seat })) = self.lookups.answered(&members.id) else {
            return;
        };
        asking.after_user = members.members.last().map(|member| member.user.clone());
        let users = members.members.iter();
        asking
            .users
            .extend(users.map(|member| ledger.name(member.user.as_str())));
        if members.more && asking.after_user.is_some() {
            return;
        }
        let record = Record::Present {
            session: Some(open.session),
            room: self.seats[seat].name,
            count: members.count,
            users: Some(std::mem::take(&mut asking.users)),
        };
        asking.done();
        self.note(now_us, &record);
    }

    /// A page of a log.
    pub(super) fn take_page(&mut self, page: HistoryPage, now_us: u64) {
        let Some((asking, lookup)) = self.lookups.answered(&page.id) else {
            return;
        };
        if asking.after.is_some_and(|at| at.epoch != page.epoch) {
            // It begins anew under the reader's eyes.
            asking.begin_anew();
            return;
        }
        for json in &page.messages {
            let Some(chat) = chat_of(json) else {
                self.crew.tally().unreadable += 1;
                continue;
            };
            asking.after = Some(chat.position());
            let at = place(chat.epoch, chat.seq);
            asking.messages.push((at, chat.id.bits(), carried(&chat)));
        }
        if page.more && !page.messages.is_empty() {
            return;
        }
        let (messages, last) = (std::mem::take(&mut asking.messages), asking.after);
        asking.done();
        let Some(seat) = self.seat_looked_up(lookup).map(|seat| &self.seats[seat]) else {
            return;
        };
        // A log without messages ends where the room's members stand.
        let Some(head) = last.or(seat.position()) else {
            return;
        };
        let room = seat.name;
        let count = messages.len() as u64;
        for (at, id, carried) in messages {
            let record = Record::Logged {
                room,
                at,
                id,
                carried,
            };
            self.note(now_us, &record);
        }
        let record = Record::Head {
            room,
            at: place(head.epoch, head.seq),
            messages: count,
        };
        self.note(now_us, &record);
    }
}
