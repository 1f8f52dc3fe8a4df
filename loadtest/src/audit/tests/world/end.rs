//! The end of a small run: rest, what everybody is told then, and the reading of the logs.

use super::{CLIENTS, KEPT, PROCESSES, ROOMS, Room, World, names, user_name, user_of};
use crate::audit::plan::Plan;
use crate::audit::tests::history::History;
use crate::ledger::record::{Name, Place, Record};
use crate::payload::Carried;

impl World {
    /// Some clients come back, all fall silent, and the logs are read.
    pub(in crate::audit::tests) fn rest(mut self) -> History {
        (0..CLIENTS)
            .filter(|c| c % 3 != 0)
            .for_each(|c| self.back(c));
        // What every run shows, whatever its steps were.
        self.cut(1);
        self.back(1);
        self.say(1, 0, 0);
        self.now_us += 11_000_000;
        for file in 0..PROCESSES {
            self.files[file].push((self.now_us, Record::Rest));
        }
        self.claims();
        for number in 0..self.rooms.len() {
            let room = Name(number as u32);
            let Room { epoch, head, .. } = self.rooms[number];
            for kept in self.rooms[number].log.clone() {
                let at = Place {
                    epoch,
                    seq: kept.seq,
                };
                let (id, carried) = (kept.id, Carried::Intact(kept.said));
                self.control(Record::Logged {
                    room,
                    at,
                    id,
                    carried,
                });
            }
            let at = Place { epoch, seq: head };
            let messages = self.rooms[number].log.len() as u64;
            self.control(Record::Head { room, at, messages });
        }
        History {
            names: names(),
            files: self.files,
            killed: None,
            plan: Plan {
                resumes_min: 1,
                faults: u64::from(self.faults),
                history_messages: Some(KEPT),
                ..Plan::default()
            },
        }
    }

    fn claims(&mut self) {
        for room in 0..ROOMS {
            let here = (0..CLIENTS).filter(|client| self.is_in(*client, room));
            let mut users: Vec<Name> = here.clone().map(user_of).map(user_name).collect();
            users.sort_unstable_by_key(|user| std::cmp::Reverse(user.0));
            users.dedup();
            let first = here.clone().next();
            let claim = |session, users: Option<Vec<Name>>, count| Record::Present {
                session,
                room: Name(room),
                count,
                users,
            };
            let count = users.len() as u64;
            self.control(claim(None, Some(users.clone()), count));
            if let Some(client) = first {
                let session = self.clients[client as usize].session;
                self.note(client, claim(session, None, count));
                self.note(client, claim(session, Some(users), count));
            }
        }
    }
}
