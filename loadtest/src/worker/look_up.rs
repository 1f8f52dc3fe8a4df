//! What a client looks up once all is at rest: who is in its rooms, and what their logs hold.
//!
//! Keeps true: an answer of many pages is noted when its last page has come.

use roomcast_protocol::{ClientFrame, History, HistoryPage, Members, RequestId, Seq, Who};

use super::chats::{carried, chat_of};
use super::crew::Lookup;
use super::lookups::ANSWER_US;
use super::member::{Member, Open};
use super::seat::place;
use crate::ledger::record::Record;

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
            let carried = carried(&chat, &self.crew.load);
            asking.messages.push((at, chat.id.bits(), carried));
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
