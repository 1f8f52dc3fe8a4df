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
use crate::port::{Change, PresenceError};

#[derive(Debug, Clone)]
enum Act {
    Enter { room: u8, session: u8 },
    Leave { room: u8, session: u8 },
    Typing { room: u8, user: u8, typing: bool },
    Ban { room: u8, user: u8, for_ms: u64 },
    Unban { room: u8, user: u8 },
    Wait { ms: u64 },
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..3u8, 0..9u8).prop_map(|(room, session)| Act::Enter { room, session }),
        4 => (0..3u8, 0..9u8).prop_map(|(room, session)| Act::Leave { room, session }),
        2 => (0..3u8, 0..3u8, any::<bool>())
            .prop_map(|(room, user, typing)| Act::Typing { room, user, typing }),
        1 => (0..3u8, 0..3u8, 1..500u64)
            .prop_map(|(room, user, for_ms)| Act::Ban { room, user, for_ms }),
        1 => (0..3u8, 0..3u8).prop_map(|(room, user)| Act::Unban { room, user }),
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
    /// Pairs of room and user, and until when they are banned.
    bans: BTreeMap<(u8, u8), u64>,
    /// When the owner of the inbox was last seen there.
    seen: Option<u64>,
}

/// The room that is the inbox of user 0.
const INBOX: u8 = 2;
const GRACE_MS: u64 = 200;
const LAST_SEEN_MS: u64 = 400;
/// In microseconds since the epoch.
const YEAR_2020_US: u64 = 1_577_836_800_000_000;

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
                if (*room, *user) == (INBOX, 0) {
                    self.seen = Some(*until - GRACE_MS);
                }
                told.push(format!("-u{user} in {}", names(*room)));
            }
            !is_over
        });
        self.typing.retain(|(room, user), until| {
            let is_over = *until <= now;
            if is_over {
                told.push(format!("u{user} stopped in {}", names(*room)));
            }
            !is_over
        });
        self.bans.retain(|_, until| *until > now);
        self.seen = self.seen.filter(|at| now < at + LAST_SEEN_MS);
        told.sort();
        told
    }

    fn leave(&mut self, room: u8, session: u8, now: u64) {
        let was_in = self.sessions.remove(&(room, session));
        let user = owner(session);
        if was_in && !self.holds(room, user) {
            self.graces.insert((room, user), now + GRACE_MS);
        }
    }
}

fn without_count(sentence: String) -> String {
    match sentence.split_once(" of ") {
        Some((head, _)) => head.to_owned(),
        None => sentence,
    }
}

fn names(room_number: u8) -> RoomName {
    match room_number {
        INBOX => RoomName::inbox(&someone(0)),
        _ => room(&format!("r{room_number}")),
    }
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
    /// The revision of the last change of each room.
    revisions: BTreeMap<RoomName, u64>,
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
                self.reference.leave(room, session, self.now_ms);
            }
            Act::Ban { room, user, for_ms } => {
                let (r, u) = (names(room), someone(user));
                let (bans, now_ms) = self
                    .book
                    .bans(self.start + Duration::from_millis(self.now_ms));
                prop_assert_eq!(bans.ban((&r, &u), for_ms, now_ms), Ok(now_ms + for_ms));
                let until = self.now_ms + for_ms;
                self.reference.bans.insert((room, user), until);
            }
            Act::Unban { room, user } => {
                let (r, u) = (names(room), someone(user));
                let (bans, now_ms) = self
                    .book
                    .bans(self.start + Duration::from_millis(self.now_ms));
                let was_banned = self.reference.bans.remove(&(room, user)).is_some();
                prop_assert_eq!(bans.lift((&r, &u), now_ms), was_banned);
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
        if self.reference.bans.contains_key(&(room, user)) {
            self.reference.leave(room, session, self.now_ms);
            let occupant = occupant(u128::from(session), &format!("u{user}"));
            let refused = self.book.enter(&names(room), &occupant, self.now());
            prop_assert!(
                matches!(refused, Err(PresenceError::Banned { .. })),
                "{refused:?}"
            );
            return Ok(());
        }
        let was_present = self.reference.is_present(room, user);
        self.reference.sessions.insert((room, session));
        self.reference.graces.remove(&(room, user));
        let occupant = occupant(u128::from(session), &format!("u{user}"));
        let (entry, change) = self
            .book
            .enter(&names(room), &occupant, self.now())
            .unwrap();
        if let Some(change) = &change {
            self.count(change)?;
        }
        prop_assert_eq!(Some(&entry.revision), self.revisions.get(&names(room)));
        let count = entry.count;
        prop_assert_eq!(count, self.reference.present(room).len() as u64);
        let joined = (!was_present).then(|| format!("+u{user} in {} of {count}", names(room)));
        prop_assert_eq!(change.as_ref().map(sentence), joined);
        Ok(())
    }

    /// A join or a leave is the next change of its room; the first has a moment for its revision.
    fn count(&mut self, change: &Change) -> Result<(), TestCaseError> {
        let (Change::Joined { room, revision, .. } | Change::Left { room, revision, .. }) = change
        else {
            return Ok(());
        };
        match self.revisions.insert(room.clone(), *revision) {
            Some(before) => prop_assert_eq!(*revision, before + 1),
            None => prop_assert!(*revision > YEAR_2020_US),
        }
        Ok(())
    }

    fn compare(&mut self) -> Result<(), TestCaseError> {
        let mut told = Vec::new();
        while let Some(change) = self.book.notice(self.now()) {
            self.count(&change)?;
            told.push(without_count(sentence(&change)));
        }
        told.sort();
        prop_assert_eq!(told, self.reference.pass(self.now_ms));
        self.compare_the_rest()?;
        for number in 0..3 {
            let roster = self.book.roster(&names(number), None, 10);
            let seen: Vec<String> = roster
                .members
                .iter()
                .map(|present| present.user.to_string())
                .collect();
            prop_assert_eq!(&seen, &self.reference.present(number));
            prop_assert_eq!(roster.count, seen.len() as u64);
            let last = self.revisions.get(&names(number)).copied();
            prop_assert_eq!(roster.revision, last.unwrap_or(0));
        }
        prop_assert_eq!(self.book.size().1, self.reference.sessions.len());
        Ok(())
    }
}

impl Pair {
    /// Bans, the sessions of the owner of the inbox, and when they were last seen.
    fn compare_the_rest(&mut self) -> Result<(), TestCaseError> {
        let now = self.now();
        for number in 0..3 {
            let (bans, now_ms) = self.book.bans(now);
            let page = bans.page(&names(number), None, 10, now_ms);
            let seen: Vec<(UserId, u64)> = page
                .bans
                .into_iter()
                .map(|ban| (ban.user, ban.until_ms - now_ms))
                .collect();
            let bans = self.reference.bans.iter();
            let here = bans.filter(|((room, _), _)| *room == number);
            let expected: Vec<(UserId, u64)> = here
                .map(|((_, user), until)| (someone(*user), until - self.now_ms))
                .collect();
            prop_assert_eq!(seen, expected);
        }
        let listed = self.book.sessions(&someone(0)).listed;
        let sessions = self.reference.sessions.iter();
        let theirs = sessions.filter(|(room, session)| *room == INBOX && owner(*session) == 0);
        prop_assert!(
            listed
                .iter()
                .map(|one| one.session)
                .eq(theirs.map(|(_, session)| numbered(*session)))
        );
        let (_, now_ms) = self.book.bans(now);
        let seen = self.book.last_seen(&someone(0), now);
        let ago = seen.map(|at_ms| now_ms - at_ms);
        prop_assert_eq!(ago, self.reference.seen.map(|at| self.now_ms - at));
        for number in 1..3 {
            prop_assert_eq!(self.book.last_seen(&someone(number), now), None);
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn any_history_leaves_the_book_as_the_plain_reference_has_it(
        acts in proptest::collection::vec(act(), 1..120)
    ) {
        let config = PresenceConfig {
            grace_ms: GRACE_MS,
            last_seen_ms: LAST_SEEN_MS,
            typing_ttl_ms: 300,
            typing_repeat_ms: 120,
            ..PresenceConfig::default()
        };
        let mut pair = Pair {
            book: Book::new(config.clone(), "n".parse().unwrap(), Clock::start()),
            reference: Reference::default(),
            revisions: BTreeMap::new(),
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
