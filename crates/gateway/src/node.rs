//! One node: what its sessions and its back ends' calls share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use prometheus::Registry as Prometheus;
use roomcast_broker::{Broker, BrokerError, Feed, Health, Published, StatsSnapshot};
use roomcast_presence::{Changes, Presence};
use roomcast_protocol::{
    Draft, MessageId, NodeId, Position, Refusal, RoomName, SessionId, TraceContext, TypingSeen,
    UserId,
};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::changes::{self, Flush};
use crate::gate::refusal_of;
use crate::hub::Hub;
use crate::identity::Identity;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::registry::Registry;
use crate::trace::{Entrance, Publishing, Tracer, Tracing};
use crate::typing;

/// Says whose a fresh token is; the server knows the keys.
pub trait Authority: Send + Sync {
    /// Checks a token.
    fn identify(&self, token: &str) -> Result<Identity, Refusal>;
}

/// What a node is built from.
pub struct NodeParts {
    /// Its name in the cluster.
    pub id: NodeId,
    /// Its limits.
    pub limits: Limits,
    /// Where rooms are kept.
    pub broker: Arc<dyn Broker>,
    /// What is told in them.
    pub feeds: Vec<Feed>,
    /// Who is in them.
    pub presence: Arc<dyn Presence>,
    /// What changes there.
    pub changes: Changes,
    /// Who checks fresh tokens.
    pub authority: Arc<dyn Authority>,
    /// What is needed to trace messages, if any are to be traced.
    pub tracing: Option<Tracing>,
}

/// One gateway process's engine.
pub struct Node {
    pub(crate) id: NodeId,
    limits: Limits,
    pub(crate) broker: Arc<dyn Broker>,
    pub(crate) presence: Arc<dyn Presence>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) authority: Arc<dyn Authority>,
    pub(crate) sessions: Mutex<Registry>,
    pub(crate) draining: AtomicBool,
    pub(crate) rebalancing: AtomicBool,
    flushes: mpsc::Sender<Flush>,
    tracer: Option<Arc<Tracer>>,
}

/// Whether a node should be given new sessions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Readiness {
    /// It should.
    Ready,
    /// It is about to stop; the sessions it has may stay for now.
    Draining,
    /// It can't do its work.
    Broken,
}

impl Node {
    /// Starts a node; its tasks run until it is dropped. One that ends earlier is a fault.
    pub fn start(parts: NodeParts, registry: &Prometheus) -> (Arc<Self>, JoinSet<()>) {
        let NodeParts {
            id,
            limits,
            broker,
            feeds,
            presence,
            changes: told,
            authority,
            tracing,
        } = parts;
        let metrics = Arc::new(Metrics::new(registry));
        let tracer = tracing.map(|it| Arc::new(Tracer::new(it, metrics.traces_skipped.clone())));
        let mut tasks = JoinSet::new();
        let hub = Arc::new(Hub::start(
            &broker, &presence, feeds, limits, &metrics, &tracer, &mut tasks,
        ));
        let (flushes, asked) = mpsc::channel(1);
        tasks.spawn(changes::tell(broker.clone(), told, asked));
        let node = Self {
            id,
            limits,
            broker,
            presence,
            hub,
            metrics,
            authority,
            sessions: Mutex::default(),
            draining: AtomicBool::new(false),
            rebalancing: AtomicBool::new(false),
            flushes,
            tracer,
        };
        (Arc::new(node), tasks)
    }

    /// Its name in the cluster.
    pub fn id(&self) -> &NodeId {
        &self.id
    }

    /// Its limits.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Its counters.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Brings those counters up to date that are only looked up when asked for.
    pub fn refresh_metrics(&self) {
        let waiting = self.sessions.lock().waiting_bytes();
        self.metrics
            .outbox_bytes
            .set(i64::try_from(waiting).unwrap_or(i64::MAX));
    }

    /// The counters of its broker.
    pub fn broker_stats(&self) -> StatsSnapshot {
        self.broker.stats()
    }

    /// How the links of its broker and its presence to Redis stand: who, how many, how many of them up.
    pub fn store_links(&self) -> impl Iterator<Item = (String, usize, usize)> {
        let links = self.broker.links().into_iter();
        let links = links.chain(self.presence.links());
        links.map(|link| (link.name, link.wanted, link.up))
    }

    /// Whether it should be given new sessions.
    pub fn readiness(&self) -> Readiness {
        if self.draining.load(Ordering::Relaxed) {
            return Readiness::Draining;
        }
        match self.broker.health() {
            Health::Ready => Readiness::Ready,
            Health::Broken => Readiness::Broken,
        }
    }

    /// Publishes a draft, counted and timed.
    pub(crate) async fn publish(
        &self,
        draft: &Draft,
        seen: Option<Position>,
    ) -> Result<Published, Refusal> {
        let begun = Instant::now();
        let published = self.broker.publish(draft, seen).await;
        self.metrics
            .publish_seconds
            .observe(begun.elapsed().as_secs_f64());
        if let (Some(tracer), Some(trace)) = (&self.tracer, &draft.trace) {
            tracer.stored(trace, begun, &published);
        }
        let published = published.map_err(|error: BrokerError| refusal_of(&error))?;
        match published.duplicate {
            true => self.metrics.messages_duplicate.inc(),
            false => self.metrics.messages_published.inc(),
        }
        Ok(published)
    }

    /// Takes a message in by `put`, in a span if it is to be traced, which may be a part of its
    /// caller's trace.
    pub(crate) async fn traced<T, F: Future<Output = Result<T, Refusal>>>(
        &self,
        entrance: Entrance,
        caller: Option<&TraceContext>,
        put: impl FnOnce(Option<Box<TraceContext>>) -> F,
    ) -> Result<T, Refusal> {
        let tracer = self.tracer.as_ref();
        let span = tracer.and_then(|tracer| Publishing::begin(tracer, entrance, caller));
        let trace = span.as_ref().map(|span| Box::new(span.context()));
        let outcome = put(trace).await;
        if let Some(span) = span {
            span.end(&outcome);
        }
        outcome
    }

    /// A fresh message id.
    pub(crate) fn mint(&self) -> MessageId {
        MessageId::from_uuid(uuid::Uuid::new_v4())
    }

    /// Takes a session out of a room.
    pub(crate) async fn leave(&self, room: RoomName, session: SessionId) {
        self.hub.leave(room.clone(), session).await;
        if let Err(error) = self.presence.leave(&room, session).await {
            tracing::debug!(%room, %error, "presence will learn later that a session left");
        }
    }

    /// Waits until every change of presence so far was told.
    pub(crate) async fn changes_are_told(&self) {
        let (flush, told) = oneshot::channel();
        if self.flushes.send(flush).await.is_ok() {
            let _ = told.await;
        }
    }

    /// Tells that a user types in a room, or has stopped.
    pub(crate) async fn tell_typing(&self, room: &RoomName, user: &UserId, typing: bool) {
        let (room, user) = (room.clone(), user.clone());
        let seen = TypingSeen { room, user, typing };
        typing::tell(&*self.presence, &*self.broker, seen).await;
    }

    /// A session is gone.
    pub(crate) fn forget(&self, session: SessionId, user: &UserId) {
        self.sessions.lock().remove(session, user);
        self.metrics.sessions.dec();
    }
}
