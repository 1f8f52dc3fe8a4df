//! The scripts of a room, as functions: what goes in, and what comes out as types.
//!
//! Owns the lua files and their keys and arguments. Keeps true: the keys of one script share the
//! room's hash tag. Leaves retries to the callers.

use redis::Script;
use roomcast_protocol::{DisplayName, RoomName, UserId};

use super::call::Call;
use super::entry;
use super::keys;
use super::life::Life;
use super::link::{Link, corrupt};
use super::listing::Listing;
use super::token::Token;
use crate::port::{Attending, Entry, PresenceError, Present, Roster};

/// How long an answer is kept for whoever lost it: far longer than a link takes to come back in
/// the lifetime of a lease; a node away for longer takes a fresh life.
const ANSWER_TTL_MS: u64 = 60_000;
/// How many members of a room are looked at in one run of the reaping script.
const REAP_PAGE: u64 = 500;
/// How many typists one run of the sweeping script ends.
const SWEEP_PAGE: u64 = 200;

/// The scripts, hashed once.
#[derive(Debug)]
pub(super) struct Scripts {
    enter: Script,
    release: Script,
    reap: Script,
    roster: Script,
    typing: Script,
    typists: Script,
    sweep: Script,
    pub(super) read: Script,
    pub(super) marks: Script,
    pub(super) beat: Script,
    pub(super) overdue: Script,
}

macro_rules! script {
    ($file:literal) => {
        Script::new(concat!(include_str!("lua/entry.lua"), include_str!($file)))
    };
}

/// What came of an enter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entered {
    /// If they joined by it: the room right after that, also when it is asked for once more.
    pub(super) join: Option<Entry>,
    /// The room now.
    pub(super) entry: Entry,
    /// If they were not let in: until when they are banned.
    pub(super) banned: Option<Barred>,
}

/// A ban that kept somebody out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Barred {
    pub(super) until_ms: u64,
    /// Whether this life holds them all the same, from before the ban.
    pub(super) stands: bool,
}

/// In what manner a release is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asking {
    /// For the first time.
    First = 0,
    /// Once more, since the answer is not known.
    Again = 1,
    /// Only whether the first time made them leave; they are back.
    WhetherGone = 2,
    /// Once more; and if Redis does not know them, that is how they leave, since it forgot them and
    /// the room believes in them yet.
    EvenIfUnknown = 3,
}

/// What came of a release.
#[derive(Debug, Clone)]
pub(super) enum Released {
    /// The grace runs for this long yet.
    Waits { wait_ms: u64 },
    /// The user left; to be told here.
    Left {
        name: Option<DisplayName>,
        count: u64,
        revision: u64,
    },
    /// Another node holds the user.
    HeldByOthers,
    /// Nobody knows the user: reaped, or forgotten by Redis.
    Unknown,
    /// The first time did not make them leave; asked for nothing else.
    NotGone,
}

/// A page of a room from which a dead life was taken, and who left with it.
#[derive(Debug)]
pub(super) struct Reaped {
    /// Where to go on; `None` at the end.
    pub(super) next: Option<u64>,
    /// From how many users the life was taken.
    pub(super) taken: u64,
    /// In the order in which they left, each one revision after the one before.
    pub(super) left: Vec<Present>,
    /// Users in the room after all of them left.
    pub(super) count: u64,
    /// Of the last of them; 0 if there is none.
    pub(super) revision: u64,
}

/// What a sweep of typing found.
#[derive(Debug)]
pub(super) struct Swept {
    pub(super) ended: Vec<UserId>,
    /// When the next typing ends: in ms from now, and in ms of Redis time.
    pub(super) next: Option<(u64, u64)>,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            enter: script!("lua/enter.lua"),
            release: script!("lua/release.lua"),
            reap: script!("lua/reap.lua"),
            roster: script!("lua/roster.lua"),
            typing: script!("lua/typing.lua"),
            typists: script!("lua/typists.lua"),
            sweep: script!("lua/sweep.lua"),
            read: script!("lua/read.lua"),
            marks: script!("lua/marks.lua"),
            beat: script!("lua/beat.lua"),
            overdue: script!("lua/overdue.lua"),
        }
    }

    pub(super) fn all(&self) -> [&Script; 11] {
        [
            &self.enter,
            &self.release,
            &self.reap,
            &self.roster,
            &self.typing,
            &self.typists,
            &self.sweep,
            &self.read,
            &self.marks,
            &self.beat,
            &self.overdue,
        ]
    }

    pub(super) async fn enter(
        &self,
        link: &Link,
        (room, user): (&RoomName, &UserId),
        life: &Life,
        (token, name, listing): (Token, Option<&DisplayName>, &Listing),
        check: bool,
    ) -> Result<Entered, PresenceError> {
        let mut call = Call::of(&self.enter);
        call.key(keys::online(room)).key(keys::roll(room));
        call.key(keys::bans(room)).key(keys::revision(room));
        call.arg(life.as_str())
            .arg(user.as_str())
            .arg(token.to_string());
        call.arg(name.map_or("", DisplayName::as_str));
        call.arg(listing.edition)
            .arg(entry::format(&listing.sessions))
            .arg(u8::from(check));
        type Answer = (bool, u64, u64, bool, u64, u64, u64);
        let answer: Answer = link.run(&call).await?;
        let (joined, count, until_ms, stands, revision, join_revision, join_count) = answer;
        let join = Entry {
            count: join_count,
            revision: join_revision,
        };
        Ok(Entered {
            join: joined.then_some(join),
            entry: Entry { count, revision },
            banned: (until_ms > 0).then_some(Barred { until_ms, stands }),
        })
    }

    pub(super) async fn release(
        &self,
        link: &Link,
        (room, user): (&RoomName, &UserId),
        life: &Life,
        (token, asking): (Token, Asking),
        (grace_ms, seen_ttl_ms): (u64, u64),
    ) -> Result<Released, PresenceError> {
        let mut call = Call::of(&self.release);
        call.key(keys::online(room)).key(keys::roll(room));
        call.key(keys::answer(room, &token.to_string()));
        call.key(keys::revision(room));
        call.arg(life.as_str()).arg(user.as_str()).arg(grace_ms);
        call.arg(asking as u8).arg(ANSWER_TTL_MS).arg(seen_ttl_ms);
        if room.is_inbox_of(user) {
            call.key(keys::seen(room));
        }
        type Answer = (u8, u64, u64, u64, String);
        let (outcome, wait_ms, count, revision, name): Answer = link.run(&call).await?;
        match outcome {
            0 => Ok(Released::Waits { wait_ms }),
            1 => Ok(Released::Left {
                name: display_name(&name),
                count,
                revision,
            }),
            2 => Ok(Released::HeldByOthers),
            3 => Ok(Released::Unknown),
            4 => Ok(Released::NotGone),
            _ => Err(corrupt("release.lua: no such outcome")),
        }
    }

    pub(super) async fn reap(
        &self,
        link: &Link,
        room: &RoomName,
        life: &Life,
        (cursor, token, again): (u64, Token, bool),
        (grace_ms, seen_ttl_ms): (u64, u64),
    ) -> Result<Reaped, PresenceError> {
        let mut call = Call::of(&self.reap);
        call.key(keys::online(room)).key(keys::roll(room));
        call.key(keys::answer(room, &token.to_string()));
        call.key(keys::revision(room));
        call.arg(life.as_str()).arg(cursor).arg(REAP_PAGE);
        call.arg(u8::from(again)).arg(ANSWER_TTL_MS);
        if let Some(owner) = keys::owner(room) {
            call.key(keys::seen(room));
            call.arg(owner).arg(grace_ms).arg(seen_ttl_ms);
        }
        let answer: Vec<redis::Value> = link.run(&call).await?;
        let mut answer = answer.into_iter();
        let next: u64 = next_value(&mut answer)?;
        let count = next_value(&mut answer)?;
        let revision = next_value(&mut answer)?;
        let taken = next_value(&mut answer)?;
        let mut left = Vec::new();
        while answer.len() > 0 {
            let user: String = next_value(&mut answer)?;
            let name: String = next_value(&mut answer)?;
            left.push(Present {
                user: user_id(&user)?,
                name: display_name(&name),
            });
        }
        Ok(Reaped {
            next: (next != 0).then_some(next),
            taken,
            left,
            count,
            revision,
        })
    }

    pub(super) async fn roster(
        &self,
        link: &Link,
        room: &RoomName,
        after: Option<&UserId>,
        limit: usize,
    ) -> Result<Roster, PresenceError> {
        let mut call = Call::of(&self.roster);
        call.key(keys::online(room)).key(keys::roll(room));
        call.key(keys::revision(room));
        call.arg(after.map_or("", UserId::as_str)).arg(limit);
        let answer: Vec<redis::Value> = link.run(&call).await?;
        let mut answer = answer.into_iter();
        let count = next_value(&mut answer)?;
        let more: bool = next_value(&mut answer)?;
        let revision = next_value(&mut answer)?;
        let mut members = Vec::new();
        while answer.len() > 0 {
            let user: String = next_value(&mut answer)?;
            let entry: String = next_value(&mut answer)?;
            let name = display_name(entry::name(&entry));
            members.push(Present {
                user: user_id(&user)?,
                name,
            });
        }
        Ok(Roster {
            count,
            revision,
            members,
            more,
        })
    }

    /// The listed sessions of whoever has any in `room`, in no order.
    pub(super) async fn sessions(
        &self,
        link: &Link,
        room: &RoomName,
        user: &UserId,
    ) -> Result<Vec<Attending>, PresenceError> {
        let mut command = redis::cmd("HGET");
        command.arg(keys::online(room)).arg(user.as_str());
        let entry: Option<String> = link.ask(&command).await?;
        Ok(entry.map_or_else(Vec::new, |entry| entry::sessions(&entry)))
    }

    /// Whether to tell, and until when they type, in ms of Redis time.
    pub(super) async fn typing(
        &self,
        link: &Link,
        (room, user): (&RoomName, &UserId),
        typing: bool,
        (ttl_ms, repeat_ms, keep_ms): (u64, u64, u64),
    ) -> Result<(bool, u64), PresenceError> {
        let mut call = Call::of(&self.typing);
        call.key(keys::typing(room))
            .arg(user.as_str())
            .arg(u8::from(typing));
        call.arg(ttl_ms).arg(repeat_ms).arg(keep_ms);
        link.run(&call).await
    }

    pub(super) async fn typists(
        &self,
        link: &Link,
        room: &RoomName,
        limit: usize,
    ) -> Result<Vec<UserId>, PresenceError> {
        let mut call = Call::of(&self.typists);
        call.key(keys::typing(room)).arg(limit);
        let users: Vec<String> = link.run(&call).await?;
        users.iter().map(|user| user_id(user)).collect()
    }

    pub(super) async fn sweep(&self, link: &Link, room: &RoomName) -> Result<Swept, PresenceError> {
        let mut call = Call::of(&self.sweep);
        call.key(keys::typing(room)).arg(SWEEP_PAGE);
        let answer: Vec<redis::Value> = link.run(&call).await?;
        let mut answer = answer.into_iter();
        let wait_ms: i64 = next_value(&mut answer)?;
        let end_ms: u64 = next_value(&mut answer)?;
        let mut ended = Vec::new();
        while answer.len() > 0 {
            let user: String = next_value(&mut answer)?;
            ended.push(user_id(&user)?);
        }
        Ok(Swept {
            ended,
            next: u64::try_from(wait_ms).ok().map(|wait_ms| (wait_ms, end_ms)),
        })
    }
}

pub(super) fn next_value<T: redis::FromRedisValue>(
    answer: &mut std::vec::IntoIter<redis::Value>,
) -> Result<T, PresenceError> {
    let value = answer
        .next()
        .ok_or_else(|| corrupt("a script's answer is too short"))?;
    redis::from_redis_value(value).map_err(|error| corrupt(&error.to_string()))
}

pub(super) fn user_id(text: &str) -> Result<UserId, PresenceError> {
    text.parse().map_err(|_| corrupt("a user id that is none"))
}

/// A name that no longer parses is no reason to lose its user.
fn display_name(text: &str) -> Option<DisplayName> {
    text.parse().ok()
}
