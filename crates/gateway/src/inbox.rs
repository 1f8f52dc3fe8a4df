//! A session's own inbox, in which it is without asking: it is let in beside whatever else it does,
//! and as often as it takes.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use roomcast_presence::Occupant;
use roomcast_protocol::{ErrorCode, Position, Refusal, RoomName, Since};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use crate::hub::{JoinRequest, Mark};
use crate::node::Node;
use crate::outbox::Outbox;

/// How long to wait at first before it is tried again; each time twice as long.
const RETRY_MS: u64 = 250;
/// How long at the most.
const RETRY_MS_MAX: u64 = 8_000;

/// A session's inbox, as the session knows it.
#[derive(Default)]
pub(crate) struct Inbox {
    /// How far it was seen, once the session is in it.
    mark: OnceLock<Arc<Mark>>,
    /// Rooms that were joined before: orders about them may have been missed.
    early: Mutex<Vec<RoomName>>,
}

/// What is needed to let a session into its inbox.
pub(crate) struct Arrival {
    pub(crate) node: Arc<Node>,
    pub(crate) occupant: Occupant,
    pub(crate) outbox: Outbox,
    /// Where the session stood when it was here before.
    pub(crate) since: Option<Since>,
    /// Where to put how far the inbox is seen.
    pub(crate) inbox: Arc<Inbox>,
}

impl Inbox {
    /// The session is in it, and hears orders from now on.
    pub(crate) fn is_entered(&self, mark: Arc<Mark>) {
        let _ = self.mark.set(mark);
    }

    fn has_entered(&self) -> bool {
        self.mark.get().is_some()
    }

    /// How far this node has seen it.
    pub(crate) fn position(&self) -> Option<Position> {
        self.mark.get()?.position()
    }

    /// The session is about to join a room. `is_in` says of the others whether it still is there.
    pub(crate) fn note_join(&self, room: &RoomName, is_in: impl Fn(&RoomName) -> bool) {
        let mut early = self.early.lock();
        if self.mark.get().is_none() {
            early.retain(|other| other != room && is_in(other));
            early.push(room.clone());
        }
    }
}

impl Arrival {
    /// Lets the session in; gives up when it has ended, or the node does.
    pub(crate) async fn run(self) {
        let room = RoomName::inbox(&self.occupant.user);
        let mut wait_ms = RETRY_MS;
        // Somebody impatient may have joined it by name meanwhile; it would begin anew.
        while !self.outbox.is_shut() && !self.inbox.has_entered() {
            match self.enter(&room).await {
                Ok(mark) => {
                    self.inbox.is_entered(mark);
                    break;
                }
                Err(refusal) if refusal.code == ErrorCode::Draining => break,
                Err(refusal) => {
                    tracing::debug!(%room, %refusal, "a session is not in its inbox yet");
                    sleep(Duration::from_millis(rand::random_range(1..=wait_ms))).await;
                    wait_ms = (2 * wait_ms).min(RETRY_MS_MAX);
                }
            }
        }
        self.look_up_bans().await;
        if self.outbox.is_shut() {
            // It has left before it came.
            self.node.leave(room, self.occupant.session).await;
        }
    }

    /// Looks up what the session was not told of before it was in its inbox. What it joins from now
    /// on, it joins hearing.
    async fn look_up_bans(&self) {
        let mut rooms = std::mem::take(&mut *self.inbox.early.lock());
        let (node, user) = (&self.node, &self.occupant.user);
        while let Some(room) = rooms.pop()
            && !self.outbox.is_shut()
        {
            match node.presence.banned(&room, user).await {
                Ok(None) => {}
                Ok(Some(until_ms)) => node.hub.take_out(room, user.clone(), until_ms).await,
                Err(_) => {
                    rooms.push(room);
                    sleep(Duration::from_millis(rand::random_range(1..=RETRY_MS_MAX))).await;
                }
            }
        }
    }

    async fn enter(&self, room: &RoomName) -> Result<Arc<Mark>, Refusal> {
        let asked_at = Instant::now();
        let own_mark = self.node.enter(room, &self.occupant).await?.own_mark;
        let (done, answer) = oneshot::channel();
        let request = JoinRequest {
            room: room.clone(),
            session: self.occupant.session,
            user: self.occupant.user.clone(),
            outbox: self.outbox.clone(),
            since: self.since,
            history: 0,
            id: None,
            asked_at,
            revision: None,
            own_mark,
            done,
        };
        self.node.hub.join(request, answer).await
    }
}
