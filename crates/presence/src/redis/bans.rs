//! Bans in Redis: set, lifted, asked for, paged.
//!
//! Keeps true: the two sorted sets hold the same users and expire together, with the last ban; what
//! has ended is never shown, whether it is forgotten yet or not.

use redis::Script;
use roomcast_protocol::{RoomName, UserId};

use super::call::Call;
use super::keys;
use super::link::Link;
use super::scripts::{next_value, user_id};
use crate::port::{BAN_MS_MAX, Ban, Bans, PresenceError};

/// The scripts of bans, hashed once.
#[derive(Debug)]
pub(super) struct BanScripts {
    ban: Script,
    unban: Script,
    banned: Script,
    list: Script,
}

macro_rules! script {
    ($file:literal) => {
        Script::new(concat!(
            include_str!("lua/entry.lua"),
            include_str!("lua/bans.lua"),
            include_str!($file)
        ))
    };
}

impl BanScripts {
    pub(super) fn new() -> Self {
        Self {
            ban: script!("lua/ban.lua"),
            unban: script!("lua/unban.lua"),
            banned: script!("lua/banned.lua"),
            list: script!("lua/banlist.lua"),
        }
    }

    pub(super) fn all(&self) -> [&Script; 4] {
        [&self.ban, &self.unban, &self.banned, &self.list]
    }

    /// Until when it is.
    pub(super) async fn ban(
        &self,
        link: &Link,
        (room, user): (&RoomName, &UserId),
        for_ms: u64,
        max: usize,
    ) -> Result<u64, PresenceError> {
        let mut call = Call::of(&self.ban);
        call.key(keys::bans(room)).key(keys::ban_roll(room));
        call.arg(user.as_str());
        call.arg(for_ms.clamp(1, BAN_MS_MAX)).arg(max);
        match link.run(&call).await? {
            0 => Err(PresenceError::Full {
                bound: "bans_per_room_max",
                limit: max,
            }),
            until_ms => Ok(until_ms),
        }
    }

    /// Whether there was one.
    pub(super) async fn unban(
        &self,
        link: &Link,
        room: &RoomName,
        user: &UserId,
    ) -> Result<bool, PresenceError> {
        let mut call = Call::of(&self.unban);
        call.key(keys::bans(room)).key(keys::ban_roll(room));
        call.arg(user.as_str());
        link.run(&call).await
    }

    pub(super) async fn banned(
        &self,
        link: &Link,
        room: &RoomName,
        user: &UserId,
    ) -> Result<Option<u64>, PresenceError> {
        let mut call = Call::of(&self.banned);
        call.key(keys::bans(room)).arg(user.as_str());
        let until_ms: u64 = link.run(&call).await?;
        Ok((until_ms > 0).then_some(until_ms))
    }

    pub(super) async fn list(
        &self,
        link: &Link,
        room: &RoomName,
        after: Option<&UserId>,
        limit: usize,
    ) -> Result<Bans, PresenceError> {
        let mut call = Call::of(&self.list);
        call.key(keys::bans(room)).key(keys::ban_roll(room));
        call.arg(after.map_or("", UserId::as_str)).arg(limit);
        let answer: Vec<redis::Value> = link.run(&call).await?;
        let mut answer = answer.into_iter();
        let more = next_value(&mut answer)?;
        let mut bans = Vec::new();
        while answer.len() > 0 {
            let user: String = next_value(&mut answer)?;
            let until_ms = next_value(&mut answer)?;
            bans.push(Ban {
                user: user_id(&user)?,
                until_ms,
            });
        }
        Ok(Bans { bans, more })
    }
}
