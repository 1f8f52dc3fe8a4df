//! A session's own inbox, in which it is without asking: it is let in beside whatever else it does,
//! and as often as it takes.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use roomcast_presence::Occupant;
use roomcast_protocol::{ErrorCode, Refusal, RoomName, Since};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use crate::hub::{JoinRequest, Mark};
use crate::node::Node;
use crate::outbox::Outbox;

/// How long to wait at first before it is tried again; each time twice as long.
const RETRY_MS: u64 = 250;
/// How long at the most.
const RETRY_MS_MAX: u64 = 8_000;

/// What is needed to let a session into its inbox.
pub(crate) struct Arrival {
    pub(crate) node: Arc<Node>,
    pub(crate) occupant: Occupant,
    pub(crate) outbox: Outbox,
    /// Where the session stood when it was here before.
    pub(crate) since: Option<Since>,
    /// Where to put how far the inbox is seen.
    pub(crate) mark: Arc<OnceLock<Arc<Mark>>>,
}

impl Arrival {
    /// Lets the session in; gives up when it has ended, or the node does.
    pub(crate) async fn run(self) {
        let room = RoomName::inbox(&self.occupant.user);
        let mut wait_ms = RETRY_MS;
        while !self.outbox.is_shut() {
            match self.enter(&room).await {
                Ok(mark) => {
                    let _ = self.mark.set(mark);
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
        if self.outbox.is_shut() {
            // It has left before it came.
            self.node.leave(room, self.occupant.session).await;
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
