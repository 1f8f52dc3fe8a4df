//! The memory keeper's book against a plain reference, through random histories.
//!
//! The reference recounts everything from a list of who is where; it has no agenda, no indexes and
//! no shortcuts. The clock is made up, so a history of minutes takes no time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use roomcast_protocol::{RoomName, SessionId, UserId};
use tokio::time::Instant;

use super::book::Book;
use super::clock::Clock;
use crate::config::PresenceConfig;
use crate::conformance::{occupant, room, sentence, session, user};

#[derive(Debug, Clone)]
enum Act {
    Enter { room: u8, session: u8 },
    Leave { room: u8, session: u8 },
    Typing { room: u8, user: u8, typing: bool },
    Wait { ms: u64 },
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..3u8, 0..9u8).prop_map(|(room, session)| Act::Enter { room, session }),
        4 => (0..3u8, 0..9u8).prop_map(|(room, session)| Act::Leave { room, session }),
        2 => (0..3u8, 0..3u8, any::<bool>())
            .prop_map(|(room, user, typing)| Act::Typing { room, user, typing }),
        3 => (0..250u64).prop_map(|ms| Act::Wait { ms }),
    ]
}

/// Who is where, as simply as can be said. Times in ms since the beginning.
#[derive(Default)]
struct Reference {
    /// Pairs of room and session.
    sessions: BTreeSet<(u8, u8)>,
    /// Pairs of room and user who are in their grace, and its end.
    graces: BTreeMap<(u8, u8), u64>,
    typing: BTreeMap<(u8, u8), u64>,
}

/// Nine sessions of three users.
fn owner(session: u8) -> u8 {
    session % 3
}

impl Reference {
    fn holds(&self, room: u8, user: u8) -> bool {
        self.sessions
            .iter()
            .any(|(r, session)| *r == room && owner(*session) == user)
    }

    fn is_present(&self, room: u8, user: u8) -> bool {
        self.holds(room, user) || self.graces.contains_key(&(room, user))
    }

    fn present(&self, room: u8) -> Vec<String> {
        (0..3)
            .filter(|user| self.is_present(room, *user))
            .map(|user| format!("u{user}"))
            .collect()
    }

    /// What runs out until `now`, as sorted sentences without counts.
    fn pass(&mut self, now: u64) -> Vec<String> {
        let mut told = Vec::new();
        self.graces.retain(|(room, user), until| {
            let is_over = *until <= now;
            if is_over {
                told.push(format!("-u{user} in r{room}"));
            }
            !is_over
        });
        self.typing.retain(|(room, user), until| {
            let is_over = *until <= now;
            if is_over {
                told.push(format!("u{user} stopped in r{room}"));
            }
            !is_over
        });
        told.sort();
        told
    }
}

fn without_count(sentence: String) -> String {
    match sentence.split_once(" of ") {
        Some((head, _)) => head.to_owned(),
        None => sentence,
    }
}

fn names(room_number: u8) -> RoomName {
    room(&format!("r{room_number}"))
}

fn someone(user_number: u8) -> UserId {
    user(&format!("u{user_number}"))
}

fn numbered(session_number: u8) -> SessionId {
    session(u128::from(session_number))
}

/// Both, side by side.
struct Pair {
    book: Book,
    reference: Reference,
    config: PresenceConfig,
    start: Instant,
    now_ms: u64,
}

impl Pair {
    fn now(&self) -> Instant {
        self.start + Duration::from_millis(self.now_ms)
    }

    fn act(&mut self, act: &Act) -> Result<(), TestCaseError> {
        match *act {
            Act::Enter { room, session } => self.enter(room, session)?,
            Act::Leave { room, session } => {
                self.book.leave(&names(room), numbered(session), self.now());
                let was_in = self.reference.sessions.remove(&(room, session));
                let user = owner(session);
                if was_in && !self.reference.holds(room, user) {
                    let until = self.now_ms + self.config.grace_ms;
                    self.reference.graces.insert((room, user), until);
                }
            }
            Act::Typing { room, user, typing } => {
                let (r, u, now) = (names(room), someone(user), self.now());
                let told = self.book.typing(&r, &u, typing, now).unwrap();
                let key = (room, user);
                let expected = if typing {
                    let until = self.now_ms + self.config.typing_ttl_ms;
                    let repeat_at = |before: &u64| {
                        before - self.config.typing_ttl_ms + self.config.typing_repeat_ms
                    };
                    let is_due = self
                        .reference
                        .typing
                        .get(&key)
                        .is_none_or(|b| repeat_at(b) <= self.now_ms);
                    if is_due {
                        self.reference.typing.insert(key, until);
                    }
                    is_due
                } else {
                    self.reference.typing.remove(&key).is_some()
                };
                prop_assert_eq!(told, expected);
            }
            Act::Wait { ms } => self.now_ms += ms,
        }
        self.compare()
    }

    fn enter(&mut self, room: u8, session: u8) -> Result<(), TestCaseError> {
        let user = owner(session);
        let was_present = self.reference.is_present(room, user);
        self.reference.sessions.insert((room, session));
        self.reference.graces.remove(&(room, user));
        let occupant = occupant(u128::from(session), &format!("u{user}"));
        let (count, change) = self
            .book
            .enter(&names(room), &occupant, self.now())
            .unwrap();
        prop_assert_eq!(count, self.reference.present(room).len() as u64);
        let joined = (!was_present).then(|| format!("+u{user} in r{room} of {count}"));
        prop_assert_eq!(change.as_ref().map(sentence), joined);
        Ok(())
    }

    fn compare(&mut self) -> Result<(), TestCaseError> {
        let mut told = Vec::new();
        while let Some(change) = self.book.notice(self.now()) {
            told.push(without_count(sentence(&change)));
        }
        told.sort();
        prop_assert_eq!(told, self.reference.pass(self.now_ms));
        for number in 0..3 {
            let roster = self.book.roster(&names(number), None, 10);
            let seen: Vec<String> = roster
                .members
                .iter()
                .map(|present| present.user.to_string())
                .collect();
            prop_assert_eq!(&seen, &self.reference.present(number));
            prop_assert_eq!(roster.count, seen.len() as u64);
        }
        prop_assert_eq!(self.book.size().1, self.reference.sessions.len());
        Ok(())
    }
}

proptest! {
    #[test]
    fn any_history_leaves_the_book_as_the_plain_reference_has_it(
        acts in proptest::collection::vec(act(), 1..120)
    ) {
        let config = PresenceConfig {
            grace_ms: 200,
            typing_ttl_ms: 300,
            typing_repeat_ms: 120,
            ..PresenceConfig::default()
        };
        let mut pair = Pair {
            book: Book::new(config.clone(), "n".parse().unwrap(), Clock::start()),
            reference: Reference::default(),
            config,
            start: Instant::now(),
            now_ms: 0,
        };
        for act in &acts {
            pair.act(act)?;
        }
        for room in 0..3 {
            for session in 0..9 {
                pair.act(&Act::Leave { room, session })?;
            }
        }
        pair.act(&Act::Wait { ms: 1_000 })?;
        prop_assert_eq!(pair.book.size(), (0, 0), "an empty cluster is forgotten");
    }
}
