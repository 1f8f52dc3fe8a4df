//! The keeper of one node: presence in its own memory.
//!
//! Owns the clock, the lock and the task that notices deadlines. Leaves every decision to the
//! [`book`], which is pure. Keeps true: a place in the queue of changes is taken before the book
//! is touched, so the order of what is told is the order of what happened.

mod bans;
mod book;
mod clock;
#[cfg(test)]
mod model;
mod reads;
mod revisions;
mod seen;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use roomcast_protocol::{Epoch, NodeId, RoomName, Seq, SessionId, UserId};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;

use self::book::Book;
use self::clock::Clock;
use crate::changes::{Changes, Teller, channel};
use crate::config::PresenceConfig;
use crate::port::{
    Bans, Entry, Marks, Occupant, Presence, PresenceError, ReadMark, Roster, Sessions,
};

/// How long the task sleeps when nothing is due; it is woken when something is.
const IDLE: Duration = Duration::from_secs(3_600);

/// Presence of one `node`, in memory: nothing is shared and nothing survives it. Call it inside a
/// tokio runtime. Bounded by `rooms_max`, `occupants_max` and `reads_max`.
pub fn memory(config: PresenceConfig, node: NodeId) -> (Arc<dyn Presence>, Changes) {
    let (teller, changes) = channel(config.changes_max);
    let shared = Arc::new(Shared {
        teller,
        book: Mutex::new(Book::new(config, node, Clock::start())),
        wake: Notify::new(),
    });
    let mut tasks = JoinSet::new();
    tasks.spawn(notice(Arc::clone(&shared)));
    (
        Arc::new(MemoryPresence {
            shared,
            _tasks: tasks,
        }),
        changes,
    )
}

struct MemoryPresence {
    shared: Arc<Shared>,
    /// Ends with the keeper.
    _tasks: JoinSet<()>,
}

struct Shared {
    teller: Teller,
    book: Mutex<Book>,
    wake: Notify,
}

/// Tells what comes of deadlines: graces and typing that ran out.
async fn notice(shared: Arc<Shared>) {
    loop {
        let seat = shared.teller.seat().await;
        let (change, next) = {
            let mut book = shared.book.lock();
            (book.notice(Instant::now()), book.next_due())
        };
        if let Some(change) = change {
            seat.tell(change);
            continue;
        }
        drop(seat);
        let until = next.unwrap_or_else(|| Instant::now() + IDLE);
        tokio::select! {
            () = tokio::time::sleep_until(until) => {}
            () = shared.wake.notified() => {}
        }
    }
}

#[async_trait]
impl Presence for MemoryPresence {
    async fn enter(&self, room: &RoomName, occupant: &Occupant) -> Result<Entry, PresenceError> {
        let seat = self.shared.teller.seat().await;
        let entered = self
            .shared
            .book
            .lock()
            .enter(room, occupant, Instant::now());
        // A session that was refused may have been in.
        let (entry, change) = entered.inspect_err(|_| self.shared.wake.notify_one())?;
        if let Some(change) = change {
            seat.tell(change);
        }
        Ok(entry)
    }

    async fn leave(&self, room: &RoomName, session: SessionId) -> Result<(), PresenceError> {
        self.shared.book.lock().leave(room, session, Instant::now());
        self.shared.wake.notify_one();
        Ok(())
    }

    async fn roster(
        &self,
        room: &RoomName,
        after: Option<&UserId>,
        limit: usize,
    ) -> Result<Roster, PresenceError> {
        Ok(self.shared.book.lock().roster(room, after, limit))
    }

    async fn sessions(&self, user: &UserId) -> Result<Sessions, PresenceError> {
        Ok(self.shared.book.lock().sessions(user))
    }

    async fn last_seen(&self, user: &UserId) -> Result<Option<u64>, PresenceError> {
        Ok(self.shared.book.lock().last_seen(user, Instant::now()))
    }

    async fn typing(
        &self,
        room: &RoomName,
        user: &UserId,
        typing: bool,
    ) -> Result<bool, PresenceError> {
        let tell = self
            .shared
            .book
            .lock()
            .typing(room, user, typing, Instant::now())?;
        self.shared.wake.notify_one();
        Ok(tell)
    }

    async fn typists(&self, room: &RoomName, limit: usize) -> Result<Vec<UserId>, PresenceError> {
        Ok(self.shared.book.lock().typists(room, limit, Instant::now()))
    }

    async fn read(
        &self,
        room: &RoomName,
        user: &UserId,
        epoch: Epoch,
        seq: Seq,
    ) -> Result<Option<Seq>, PresenceError> {
        Ok(self.shared.book.lock().read(room, user, epoch, seq))
    }

    async fn mark(
        &self,
        room: &RoomName,
        user: &UserId,
    ) -> Result<Option<ReadMark>, PresenceError> {
        Ok(self.shared.book.lock().mark(room, user))
    }

    async fn marks(
        &self,
        room: &RoomName,
        after: Option<&UserId>,
        limit: usize,
    ) -> Result<Marks, PresenceError> {
        Ok(self.shared.book.lock().marks(room, after, limit))
    }

    async fn ban(&self, room: &RoomName, user: &UserId, for_ms: u64) -> Result<u64, PresenceError> {
        let mut book = self.shared.book.lock();
        let (bans, now_ms) = book.bans(Instant::now());
        bans.ban((room, user), for_ms, now_ms)
    }

    async fn unban(&self, room: &RoomName, user: &UserId) -> Result<bool, PresenceError> {
        let mut book = self.shared.book.lock();
        let (bans, now_ms) = book.bans(Instant::now());
        Ok(bans.lift((room, user), now_ms))
    }

    async fn banned(&self, room: &RoomName, user: &UserId) -> Result<Option<u64>, PresenceError> {
        let mut book = self.shared.book.lock();
        let (bans, now_ms) = book.bans(Instant::now());
        Ok(bans.until(room, user, now_ms))
    }

    async fn bans(
        &self,
        room: &RoomName,
        after: Option<&UserId>,
        limit: usize,
    ) -> Result<Bans, PresenceError> {
        let mut book = self.shared.book.lock();
        let (bans, now_ms) = book.bans(Instant::now());
        Ok(bans.page(room, after, limit, now_ms))
    }

    async fn retire(&self) {
        self.shared.book.lock().retire(Instant::now());
        loop {
            let seat = self.shared.teller.seat().await;
            // The task notices the same deadlines; each comes out of the book once.
            let change = self.shared.book.lock().notice(Instant::now());
            match change {
                Some(change) => seat.tell(change),
                None => return,
            }
        }
    }
}
