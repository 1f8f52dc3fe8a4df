//! Read marks in Redis: moved, asked for, paged.
//!
//! Keeps true: the hash of marks and the sorted set of readers hold the same users and expire
//! together. Leaves it to the caller what a mark of another epoch says.

use roomcast_protocol::{RoomName, UserId};

use super::call::Call;
use super::keys;
use super::link::{Link, corrupt};
use super::scripts::{Scripts, next_value, user_id};
use crate::port::{Marks, PresenceError, ReadMark};

impl Scripts {
    /// Whether the mark moved.
    pub(super) async fn read(
        &self,
        link: &Link,
        (room, user): (&RoomName, &UserId),
        read: ReadMark,
        (ttl_ms, max): (u64, usize),
    ) -> Result<bool, PresenceError> {
        let mut call = Call::of(&self.read);
        call.key(keys::read(room)).key(keys::readers(room));
        call.arg(user.as_str()).arg(read.epoch.to_string());
        call.arg(read.seq.value()).arg(ttl_ms).arg(max);
        link.run(&call).await
    }

    pub(super) async fn mark(
        &self,
        link: &Link,
        room: &RoomName,
        user: &UserId,
    ) -> Result<Option<ReadMark>, PresenceError> {
        let mut command = redis::cmd("HGET");
        command.arg(keys::read(room)).arg(user.as_str());
        let mark: Option<String> = link.ask(&command).await?;
        mark.map(|text| parse(&text)).transpose()
    }

    pub(super) async fn marks(
        &self,
        link: &Link,
        room: &RoomName,
        after: Option<&UserId>,
        limit: usize,
    ) -> Result<Marks, PresenceError> {
        let mut call = Call::of(&self.marks);
        call.key(keys::read(room)).key(keys::readers(room));
        call.arg(after.map_or("", UserId::as_str)).arg(limit);
        let answer: Vec<redis::Value> = link.run(&call).await?;
        let mut answer = answer.into_iter();
        let more = next_value(&mut answer)?;
        let mut marks = Vec::new();
        while answer.len() > 0 {
            let user: String = next_value(&mut answer)?;
            let mark: String = next_value(&mut answer)?;
            marks.push((user_id(&user)?, parse(&mark)?));
        }
        Ok(Marks { marks, more })
    }
}

/// Reads `<epoch> <seq> ...`.
fn parse(text: &str) -> Result<ReadMark, PresenceError> {
    let mut words = text.split(' ');
    let epoch = words.next().and_then(|word| word.parse().ok());
    let seq = words.next().and_then(|word| word.parse::<u64>().ok());
    let seq = seq.and_then(|seq| seq.try_into().ok());
    match (epoch, seq) {
        (Some(epoch), Some(seq)) => Ok(ReadMark { epoch, seq }),
        _ => Err(corrupt("a read mark that is none")),
    }
}
