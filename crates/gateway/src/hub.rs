//! The rooms that have members on this node, sharded over relays.
//!
//! A shard has one relay task, which alone owns its rooms; the hub sends it orders and never touches
//! a room. Bounded: whoever gives orders faster than a relay obeys them waits.

mod admission;
mod asking;
mod company;
mod doubt;
mod joining;
mod lifecycle;
mod mark;
mod member;
mod members;
mod moderation;
mod order;
mod people;
mod reading;
mod reads;
mod relay;
mod removed;
mod repair;
mod room;
mod roster;
mod shards;
mod telling;
mod typists;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures_util::stream::FuturesUnordered;
use roomcast_broker::{Broker, Feed, feed_index};
use roomcast_presence::Presence;
use roomcast_protocol::{ErrorCode, Refusal, RoomName, SessionId, UserId};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::limits::Limits;
use crate::metrics::Metrics;
pub(crate) use mark::Mark;
use order::Order;
pub(crate) use order::{JoinRequest, OwnMark, WhoRequest};
use relay::Relay;
use removed::Removed;
use shards::Shards;

/// Orders that may wait for a relay.
const ORDERS_MAX: usize = 1_024;

/// Sends orders to the relays.
pub(crate) struct Hub {
    shards: Vec<mpsc::Sender<Order>>,
}

impl Hub {
    /// Starts a relay for each feed in `tasks`; none ends before the hub is dropped.
    pub(crate) fn start(
        broker: &Arc<dyn Broker>,
        presence: &Arc<dyn Presence>,
        feeds: Vec<Feed>,
        limits: Limits,
        metrics: &Arc<Metrics>,
        tasks: &mut JoinSet<()>,
    ) -> Self {
        let channels = feeds.iter().map(|_| mpsc::channel(ORDERS_MAX));
        let (shards, obeyed): (Vec<_>, Vec<_>) = channels.unzip();
        let siblings = Shards::of_all(&shards);
        for (feed, obeyed) in feeds.into_iter().zip(obeyed) {
            let relay = Relay {
                broker: broker.clone(),
                presence: presence.clone(),
                limits,
                metrics: metrics.clone(),
                rooms: HashMap::new(),
                reads: FuturesUnordered::new(),
                siblings: siblings.clone(),
                stirred: HashSet::new(),
                asks: 0,
                removed: Removed::default(),
                unheard: HashSet::new(),
                looks: 0,
            };
            tasks.spawn(relay.run(feed, obeyed));
        }
        Self { shards }
    }

    /// Makes a session a member; once this returns, `joined` is in its outbox.
    pub(crate) async fn join(
        &self,
        request: JoinRequest,
        answer: oneshot::Receiver<Result<Arc<Mark>, Refusal>>,
    ) -> Result<Arc<Mark>, Refusal> {
        let stopped = || Refusal::new(ErrorCode::Draining, "the node is stopping");
        let shard = self.shard(&request.room);
        shard
            .send(Order::Join(request))
            .await
            .map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// Makes a session a member no more; once this returns, nothing more of the room gets into its
    /// outbox.
    pub(crate) async fn leave(&self, room: RoomName, session: SessionId) {
        let (done, left) = oneshot::channel();
        let shard = self.shard(&room);
        let order = Order::Leave {
            room,
            session,
            done,
        };
        // Fails only when the node is stopping.
        if shard.send(order).await.is_ok() {
            let _ = left.await;
        }
    }

    /// Takes a user out of a room that they are banned from.
    pub(crate) async fn take_out(&self, room: RoomName, user: UserId, banned_until_ms: u64) {
        let shard = self.shard(&room);
        let order = Order::TakeOut {
            room,
            user,
            banned_until_ms: Some(banned_until_ms),
        };
        let _ = shard.send(order).await;
    }

    /// Has a member told who is in the room; whether that could be done.
    pub(crate) async fn who(&self, request: WhoRequest, answer: oneshot::Receiver<bool>) -> bool {
        let shard = self.shard(&request.room);
        shard.send(Order::Who(request)).await.is_ok() && answer.await.unwrap_or(false)
    }

    /// Tells that a member who was behind has space again.
    pub(crate) async fn refill(&self, room: RoomName, session: SessionId) {
        let _ = self
            .shard(&room)
            .send(Order::Refill { room, session })
            .await;
    }

    fn shard(&self, room: &RoomName) -> &mpsc::Sender<Order> {
        &self.shards[feed_index(room, self.shards.len())]
    }
}
