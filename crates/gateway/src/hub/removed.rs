//! Who was taken out of rooms lately, and what they are told. A join that began before must not
//! succeed after it.

use std::collections::HashMap;
use std::time::Duration;

use roomcast_protocol::{ErrorCode, Refusal, RoomName, UserId};
use tokio::time::Instant;

use super::order::JoinRequest;
use crate::gate::banned_until;

/// For how long a join that was asked for before its user was taken out may still be on its way.
const REMEMBERED: Duration = Duration::from_secs(60);
/// How many are remembered.
const REMEMBERED_MAX: usize = 10_000;

/// By room and user.
#[derive(Default)]
pub(super) struct Removed(HashMap<(RoomName, UserId), Removal>);

struct Removal {
    at: Instant,
    banned_until_ms: Option<u64>,
}

impl Removed {
    /// Somebody is taken out now.
    pub(super) fn note(&mut self, room: &RoomName, user: &UserId, banned_until_ms: Option<u64>) {
        let at = Instant::now();
        if self.0.len() >= REMEMBERED_MAX {
            self.forget();
        }
        if self.0.len() < REMEMBERED_MAX {
            let removal = Removal {
                at,
                banned_until_ms,
            };
            self.0.insert((room.clone(), user.clone()), removal);
        }
    }

    /// Lets go of what no join can be on its way for.
    pub(super) fn forget(&mut self) {
        self.0
            .retain(|_, removal| removal.at.elapsed() < REMEMBERED);
    }

    /// Why this joiner can't come in, if they were taken out since they asked.
    pub(super) fn refusal(&self, request: &JoinRequest) -> Option<Refusal> {
        if self.0.is_empty() {
            return None;
        }
        let removal = self.0.get(&(request.room.clone(), request.user.clone()))?;
        (removal.at >= request.asked_at).then(|| refusal_of(&request.room, removal.banned_until_ms))
    }
}

/// What somebody is told who is taken out.
pub(super) fn refusal_of(room: &RoomName, banned_until_ms: Option<u64>) -> Refusal {
    match banned_until_ms {
        Some(until_ms) => banned_until(until_ms),
        None => {
            let message = format!("you were taken out of {room}");
            Refusal::new(ErrorCode::Removed, message)
        }
    }
}
