//! Who types in a room, as this node has heard. Pure: takes `now`.
//!
//! Keeps true: whoever begins to type is told as ending, here at the latest when nothing was heard
//! of it for longer than presence believes in it: should the node that was to say so be dead, or
//! its word lost.

use std::time::Duration;

use roomcast_protocol::{RoomName, ServerFrame, TypingNews, TypingSeen, Typists as Told, UserId};
use tokio::time::Instant;

use crate::limits::Limits;

/// Typists that are known at a time; others are not heard until some have ended.
const TYPISTS_MAX: usize = 1_000;
/// How often an unchanged number is told.
const REPEAT_EVERY: Duration = Duration::from_secs(3);
/// How long presence's word of an end may take to come here.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct Typists {
    row: Vec<(UserId, Instant)>,
    /// Whether members were told how many instead of who.
    counted: bool,
    /// Whether that number has changed since.
    moved: bool,
    /// When it was told.
    told_at: Option<Instant>,
}

impl Typists {
    /// Somebody types, or has stopped; whether the room is to be told at once.
    pub(super) fn hear(&mut self, seen: &TypingSeen, now: Instant, limits: &Limits) -> bool {
        let until = now + Duration::from_millis(limits.typing_ttl_ms) + PATIENCE;
        let place = self.row.iter().position(|(user, _)| *user == seen.user);
        match (place, seen.typing) {
            (Some(place), true) => self.row[place].1 = until,
            (Some(place), false) => drop(self.row.swap_remove(place)),
            (None, true) if self.row.len() < TYPISTS_MAX => {
                self.row.push((seen.user.clone(), until));
            }
            (None, _) => return false,
        }
        self.counted |= self.row.len() > limits.typists_named_max;
        self.moved |= self.counted;
        !self.counted
    }

    /// Those who are there already when this node comes into the room.
    pub(super) fn read(&mut self, users: Vec<UserId>, now: Instant, limits: &Limits) -> bool {
        let known = self.row.len();
        for user in users {
            let until = now + Duration::from_millis(limits.typing_ttl_ms) + PATIENCE;
            let is_new = self.row.iter().all(|(other, _)| *other != user);
            if is_new && self.row.len() < TYPISTS_MAX {
                self.row.push((user, until));
            }
        }
        if self.row.len() > known {
            // Whoever is not named can't be told as ending.
            self.counted |= self.row.len() > limits.typists_named_max;
            self.moved |= self.counted;
        }
        self.row.len() > known
    }

    /// Ends what was not repeated in time, and sums up where there are many: what is to be told.
    pub(super) fn pulse(
        &mut self,
        room: &RoomName,
        now: Instant,
        limits: &Limits,
    ) -> Vec<ServerFrame> {
        let late = |(_, until): &mut (UserId, Instant)| *until <= now;
        let ended: Vec<UserId> = self
            .row
            .extract_if(.., late)
            .map(|(user, _)| user)
            .collect();
        if self.counted {
            // Now and then without need: whoever hears nothing for long takes it for over.
            let is_old = self.told_at.is_none_or(|at| now - at >= REPEAT_EVERY);
            if !std::mem::take(&mut self.moved) && ended.is_empty() && !is_old {
                return Vec::new();
            }
            self.told_at = Some(now);
            self.counted = self.row.len() > limits.typists_named_max;
            let room = room.clone();
            let news = self.news(limits).unwrap_or(TypingNews {
                count: 0,
                users: Vec::new(),
            });
            return vec![ServerFrame::Typists(Told { room, news })];
        }
        let end = |user| TypingSeen {
            room: room.clone(),
            user,
            typing: false,
        };
        let ended = ended.into_iter().map(|user| ServerFrame::Typing(end(user)));
        ended.collect()
    }

    /// Whether the next pulse has something to do.
    pub(super) fn is_stirred(&self) -> bool {
        !self.row.is_empty() || self.moved
    }

    /// Who types, if anybody does.
    pub(super) fn news(&self, limits: &Limits) -> Option<TypingNews> {
        let named = self.row.len() <= limits.typists_named_max;
        let users = self.row.iter().filter(|_| named);
        (!self.row.is_empty()).then(|| TypingNews {
            count: self.row.len() as u64,
            users: users.map(|(user, _)| user.clone()).collect(),
        })
    }
}
