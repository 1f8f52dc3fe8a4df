//! What clients of the small run say: with and without a key, refused, cut before the ack, tried again.

use super::{World, inbox, user_of};
use crate::ledger::record::{Name, Place, Record};
use crate::payload::Said;

fn key_of(said: Said) -> u64 {
    (u64::from(said.client) << 32) | u64::from(said.number)
}

impl World {
    fn next(&mut self, client: u32) -> Said {
        let number = self.clients[client as usize].said;
        self.clients[client as usize].said += 1;
        self.ids += 1;
        Said { client, number }
    }

    fn send(&mut self, room: u32, said: Said, has_key: bool) {
        self.send_under(room, said, has_key.then(|| key_of(said)));
    }

    fn send_under(&mut self, room: u32, said: Said, key: Option<u64>) {
        self.now_us += 1_000;
        let sent = Record::Sent {
            said,
            room: Name(room),
            key,
            scheduled_us: self.now_us - 500,
        };
        self.note(said.client, sent);
    }

    fn ack(&mut self, room: u32, said: Said, at: Place, duplicate: bool) {
        self.now_us += 1_000;
        let acked = Record::Acked {
            said,
            room: Name(room),
            at,
            duplicate,
        };
        self.note(said.client, acked);
    }

    pub(super) fn say(&mut self, client: u32, room: u32, fate: u8) {
        if !self.is_in(client, room) {
            return;
        }
        let said = self.next(client);
        let has_key = fate % 3 != 1;
        self.send(room, said, has_key);
        let what = Some((said, Name(room)));
        match fate % 16 {
            // Refused for haste, and not said again.
            1 => return self.note(client, Record::Refused { what, code: 300 }),
            // Refused for haste, then said.
            2 => {
                self.note(client, Record::Refused { what, code: 300 });
                self.send(room, said, has_key);
            }
            _ => {}
        }
        if fate % 16 == 4 {
            // Acked, and forgotten before anybody was told.
            let at = self.keep(room, said, self.ids);
            self.ack(room, said, at.0, false);
            return self.forget(room, 1);
        }
        let at = self.stamp(room, said, self.ids);
        if fate % 16 == 3 {
            // The line is cut before the ack; the retry gets the first position.
            let room_name = Name(room);
            self.note(
                client,
                Record::Unanswered {
                    said,
                    room: room_name,
                },
            );
            self.cut(client);
            self.back(client);
            self.send(room, said, has_key);
            self.ack(room, said, at, true);
        } else {
            self.ack(room, said, at, false);
        }
        if fate % 16 == 5 && has_key {
            // Another text under the same key is not said: the first one's position comes back.
            let other = self.next(client);
            self.send_under(room, other, Some(key_of(said)));
            self.ack(room, other, at, true);
        }
    }

    pub(super) fn direct(&mut self, client: u32, to: u32) {
        if self.clients[client as usize].session.is_none() {
            return;
        }
        let said = self.next(client);
        self.send(inbox(to), said, true);
        let at = self.stamp(inbox(to), said, self.ids);
        if to != user_of(client) {
            self.stamp(inbox(user_of(client)), said, self.ids);
        }
        self.ack(inbox(to), said, at, false);
    }
}
