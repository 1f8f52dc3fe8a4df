//! One room: its log, who is in it, who types there and how far they have read.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use roomcast_protocol::{DisplayName, Member, Seq, TypingNews, UserId};

use crate::log::Log;

pub(crate) struct Room {
    pub(crate) log: Log,
    people: BTreeMap<UserId, Person>,
    typists: BTreeSet<UserId>,
    marks: HashMap<UserId, Seq>,
}

#[derive(Default)]
struct Person {
    name: Option<DisplayName>,
    sessions: BTreeSet<u64>,
}

impl Room {
    pub(crate) fn new(log: Log) -> Self {
        Self {
            log,
            people: BTreeMap::new(),
            typists: BTreeSet::new(),
            marks: HashMap::new(),
        }
    }

    pub(crate) fn sessions(&self) -> impl Iterator<Item = u64> {
        let people = self.people.values();
        people.flat_map(|person| person.sessions.iter().copied())
    }

    pub(crate) fn count(&self) -> u64 {
        self.people.len() as u64
    }

    /// Says whether it is the user's first session here.
    pub(crate) fn enter(
        &mut self,
        user: &UserId,
        name: Option<&DisplayName>,
        session: u64,
    ) -> bool {
        let person = self.people.entry(user.clone()).or_default();
        person.name = name.cloned();
        person.sessions.insert(session);
        person.sessions.len() == 1
    }

    /// Says whether it was the user's last session here.
    pub(crate) fn leave(&mut self, user: &UserId, session: u64) -> bool {
        let Some(person) = self.people.get_mut(user) else {
            return false;
        };
        let was_here = person.sessions.remove(&session);
        let is_last = was_here && person.sessions.is_empty();
        if is_last {
            self.people.remove(user);
        }
        is_last
    }

    /// Up to `limit` users after `after`, and whether there are others.
    pub(crate) fn members(&self, after: Option<&UserId>, limit: usize) -> (Vec<Member>, bool) {
        let mut others = self
            .people
            .iter()
            .filter(|(user, _)| after.is_none_or(|after| *user > after));
        let page = others.by_ref().take(limit).map(|(user, person)| Member {
            user: user.clone(),
            name: person.name.clone(),
        });
        let page = page.collect();
        (page, others.next().is_some())
    }

    /// Says whether that is news.
    pub(crate) fn types(&mut self, user: &UserId, is_typing: bool) -> bool {
        if is_typing {
            self.typists.insert(user.clone());
            return true;
        }
        self.typists.remove(user)
    }

    pub(crate) fn typing(&self) -> Option<TypingNews> {
        let users: Vec<_> = self.typists.iter().cloned().collect();
        (!users.is_empty()).then_some(TypingNews {
            count: users.len() as u64,
            users,
        })
    }

    /// Where the mark has moved to; none if it hasn't.
    pub(crate) fn read(&mut self, user: &UserId, seq: Seq) -> Option<Seq> {
        let seq = seq.min(self.log.head().seq);
        let mark = self.marks.entry(user.clone()).or_default();
        (seq > *mark).then(|| {
            *mark = seq;
            seq
        })
    }

    pub(crate) fn mark(&self, user: &UserId) -> Option<Seq> {
        self.marks.get(user).copied()
    }
}
