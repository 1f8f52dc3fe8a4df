//! Who is here: the part of the relay that hears of comings, goings, typing and reading, keeps each
//! room's company true to presence, and tells it to members (P9).

use std::ops::RangeInclusive;
use std::time::Duration;

use roomcast_presence::PresenceError;
use roomcast_protocol::{
    Members as Told, ReadMark, RoomName, ServerFrame, Signal, TypingSeen, Typists, encode_server,
};
use tokio::time::Instant;

use super::asking::{People, read_people};
use super::order::WhoRequest;
use super::reading::{Done, pause};
use super::relay::Relay;
use super::roster::Change;

/// Rooms that presence is asked about at once, where nobody waits: after an outage it is all of them.
const ASKS_AT_ONCE_MAX: usize = 1_000;
/// How long to wait before presence is asked again that did not answer: drawn at random between.
const ASK_AGAIN_MS: RangeInclusive<u64> = 500..=3_000;

impl Relay {
    pub(super) fn hear_signal(&mut self, signal: Signal) {
        match signal {
            Signal::Joined { user, revision } => {
                let name = user.room.clone();
                self.hear_change(&name, Change::Joined(user), revision);
            }
            Signal::Left { user, revision } => {
                let name = user.room.clone();
                // Who has gone has stopped.
                self.hear_typing(TypingSeen {
                    room: name.clone(),
                    user: user.user.clone(),
                    typing: false,
                });
                self.hear_change(&name, Change::Left(user), revision);
            }
            Signal::Typing(seen) => self.hear_typing(seen),
            Signal::Read(read) => self.hear_read(read),
            Signal::Control(control) => self.heed(control),
        }
    }

    /// Tells what has gathered since the last pulse, and asks presence where that is needed.
    pub(super) fn pulse(&mut self) {
        self.share_doubts();
        let now = Instant::now();
        for name in std::mem::take(&mut self.stirred) {
            let Some(room) = self.rooms.get_mut(&name) else {
                continue;
            };
            let Some(company) = &mut room.company else {
                continue;
            };
            company.pulse(now);
            let news = company.roster.pulse(&name, &self.limits);
            let typing = company.typists.pulse(&name, now, &self.limits);
            let is_named = company.roster.count() <= self.limits.presence_named_max as u64;
            let reads = is_named.then(|| company.reads.pulse(&name)).flatten();
            let own_reads = (!is_named).then(|| company.reads.take());
            let may_ask = self.asks < ASKS_AT_ONCE_MAX;
            let must_ask = !company.expected.is_empty()
                || may_ask && (company.roster.is_stale() || company.must_check_bans);
            room.tell_comings(news.as_slice(), &self.metrics);
            room.tell_missed();
            for told in typing.iter().chain(&reads) {
                room.tell_in_passing(told, None, &self.metrics);
            }
            if let Some(own_reads) = own_reads.filter(|reads| !reads.is_empty()) {
                room.tell_own_reads(&own_reads, &self.metrics);
            }
            if must_ask {
                self.ask_presence(&name, Duration::ZERO);
            }
            self.stir(&name);
        }
    }

    /// Asks presence who is in a room, after `delay`, unless that is under way.
    pub(super) fn ask_presence(&mut self, name: &RoomName, delay: Duration) {
        let Some(room) = self.rooms.get_mut(name) else {
            return;
        };
        let Some(company) = &mut room.company else {
            return;
        };
        if company.asking.is_some() {
            return;
        }
        company.asking = Some(company.expected.len());
        company.roster.ask();
        let check_bans = std::mem::take(&mut company.must_check_bans);
        let named_max = self.limits.presence_named_max;
        let (presence, name) = (self.presence.clone(), name.clone());
        self.asks += 1;
        self.metrics.rosters_read.inc();
        self.reads.push(Box::pin(async move {
            pause(delay).await;
            let people = read_people(&*presence, &name, named_max, check_bans).await;
            Done::People(name, people, check_bans)
        }));
    }

    pub(super) fn presence_answered(
        &mut self,
        name: &RoomName,
        people: Result<People, PresenceError>,
        checked_bans: bool,
    ) {
        self.asks = self.asks.saturating_sub(1);
        let Some(room) = self.rooms.get_mut(name) else {
            return;
        };
        let Some(company) = &mut room.company else {
            return;
        };
        let asked_for = company.asking.take().unwrap_or(0);
        let mut banned = Vec::new();
        let failed = people.is_err();
        match people {
            Ok(people) => {
                banned = people.bans;
                if checked_bans {
                    company.bans_read_at = Some(Instant::now());
                }
                let comings = company.roster.read(people.roster, name, &self.limits);
                let now = Instant::now();
                let more_type = company.typists.read(people.typists, now, &self.limits);
                let typing = company.typists.news(&self.limits).filter(|_| more_type);
                room.tell_comings(&comings, &self.metrics);
                if let Some(news) = typing {
                    let room_name = name.clone();
                    let told = ServerFrame::Typists(Typists {
                        room: room_name,
                        news,
                    });
                    room.tell_in_passing(&told, None, &self.metrics);
                }
            }
            Err(error) => {
                tracing::debug!(room = %name, %error, "presence could not be asked about a room");
                company.must_check_bans |= checked_bans;
            }
        }
        // Who came before it was asked has waited long enough, whatever was answered.
        if let Some(company) = &mut room.company {
            let waited: Vec<_> = company.expected.drain(..asked_for).collect();
            for mut request in waited {
                request.revision = None;
                self.admit(request);
            }
        }
        self.take_out_banned(name, banned);
        if failed {
            let delay_ms = rand::random_range(ASK_AGAIN_MS);
            self.ask_presence(name, Duration::from_millis(delay_ms));
        }
        self.let_in_arrived(name);
        self.stir(name);
    }

    /// Answers who is in a room, from what members are told; not if that is not known.
    pub(super) fn who(&mut self, request: WhoRequest) {
        let company = self.rooms.get(&request.room);
        let company = company.and_then(|room| room.company.as_ref());
        let page = company.and_then(|company| {
            let roster = &company.roster;
            let page = roster.page(request.after.as_ref(), request.limit)?;
            Some((roster.told_count(), page))
        });
        let is_known = page.is_some();
        if let Some((count, (members, more))) = page {
            let told = Told {
                id: request.id,
                room: request.room,
                count,
                members,
                more,
            };
            let told = encode_server(&ServerFrame::Members(told));
            request.outbox.answer(told);
        }
        let _ = request.done.send(is_known);
    }

    fn hear_change(&mut self, name: &RoomName, change: Change, revision: u64) {
        let Some(room) = self.rooms.get_mut(name) else {
            return;
        };
        let Some(company) = &mut room.company else {
            return;
        };
        let told = company.roster.hear(change, revision, &self.limits);
        room.tell_comings(&told, &self.metrics);
        self.let_in_arrived(name);
        self.stir(name);
    }

    fn hear_typing(&mut self, seen: TypingSeen) {
        let Some(room) = self.rooms.get_mut(&seen.room) else {
            return;
        };
        let Some(company) = &mut room.company else {
            return;
        };
        let now = Instant::now();
        let tell = company.typists.hear(&seen, now, &self.limits);
        let name = seen.room.clone();
        if tell {
            let typist = seen.user.clone();
            let told = ServerFrame::Typing(seen);
            room.tell_in_passing(&told, Some(&typist), &self.metrics);
        }
        self.stir(&name);
    }

    fn hear_read(&mut self, read: ReadMark) {
        let Some(room) = self.rooms.get_mut(&read.room) else {
            return;
        };
        let each_max = self.limits.presence_each_max as u64;
        match &mut room.company {
            // Behind those that wait, however few are here by now.
            Some(company) if company.roster.count() > each_max || !company.reads.is_empty() => {
                let name = read.room.clone();
                company.reads.gather(read);
                self.stir(&name);
            }
            Some(_) | None => room.tell_in_passing(&ServerFrame::Read(read), None, &self.metrics),
        }
    }

    /// Lets joiners in whom the roster includes by now.
    fn let_in_arrived(&mut self, name: &RoomName) {
        let room = self.rooms.get_mut(name);
        let company = room.and_then(|room| room.company.as_mut());
        let Some(company) = company.filter(|company| !company.expected.is_empty()) else {
            return;
        };
        if company.asking.is_some() {
            // They will be counted off when the answer is here.
            return;
        }
        for request in company.arrived() {
            self.admit(request);
        }
    }

    /// Sees to it that the next pulse looks at a room, if there is something to do.
    pub(super) fn stir(&mut self, name: &RoomName) {
        let company = self.rooms.get(name).and_then(|room| room.company.as_ref());
        if company.is_some_and(|company| company.is_stirred()) {
            self.stirred.insert(name.clone());
        }
    }
}
