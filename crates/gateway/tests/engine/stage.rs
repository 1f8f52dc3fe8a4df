//! A node on a scripted broker, and ways to enter it. Time is paused: a wait costs
//! nothing and ends only when everybody else has nothing left to do.

use std::sync::Arc;
use std::time::Duration;

use prometheus::Registry;
use roomcast_broker::{Broker, Feed, LogConfig, MemoryBroker, MemoryConfig, Published};
use roomcast_gateway::{Identity, Limits, Node, NodeParts, Rights, Saying, Tracing};
use roomcast_presence::{Changes, Presence, PresenceConfig};
use roomcast_protocol::{RoomName, Since, TraceContext};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::claims::{Tokens, identity};
use crate::double::Double;
use crate::player::{IDLE, Player};

/// A node, and what it stands on.
pub(crate) struct Stage {
    pub(crate) node: Arc<Node>,
    pub(crate) double: Double,
    pub(crate) presence: Arc<dyn Presence>,
    metrics: Registry,
    _tasks: JoinSet<()>,
}

/// Limits that no test meets by accident.
pub(crate) fn limits() -> Limits {
    Limits {
        commands_per_second: 1_000_000,
        commands_burst: 1_000_000,
        sessions_per_user_max: 1_000,
        ..Limits::default()
    }
}

/// A memory that keeps so many messages a room.
pub(crate) fn keeping(history_messages: usize) -> MemoryConfig {
    MemoryConfig {
        log: LogConfig {
            history_messages,
            ..LogConfig::default()
        },
        history_bytes_max: usize::MAX,
        ..MemoryConfig::default()
    }
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with(limits(), keeping(1_000), 0)
    }

    pub(crate) fn with(limits: Limits, memory: MemoryConfig, seed: u64) -> Self {
        Self::traced(limits, memory, seed, None)
    }

    /// One that perhaps traces.
    pub(crate) fn traced(
        limits: Limits,
        memory: MemoryConfig,
        seed: u64,
        tracing: Option<Tracing>,
    ) -> Self {
        let (double, feed) = Double::new(memory, seed);
        let (presence, changes) =
            roomcast_presence::memory(PresenceConfig::default(), "n1".parse().unwrap());
        let parts = parts(
            limits,
            Arc::new(double.clone()),
            vec![feed],
            presence.clone(),
            changes,
        );
        let parts = NodeParts { tracing, ..parts };
        let metrics = Registry::new();
        let (node, tasks) = Node::start(parts, &metrics);
        Self {
            node,
            double,
            presence,
            metrics,
            _tasks: tasks,
        }
    }

    /// A session of `user`, who may do everything.
    pub(crate) fn enter(&self, user: &str) -> Player {
        self.enter_as(identity(user, Rights::everything()))
    }

    pub(crate) fn enter_as(&self, identity: Identity) -> Player {
        self.enter_at(identity, None)
    }

    /// A session that stood at this position of its inbox before.
    pub(crate) fn enter_at(&self, identity: Identity, inbox: Option<Since>) -> Player {
        let user = identity.user.to_string();
        let session = self.node.connect(identity, inbox).expect("there is space");
        Player::new(session, user)
    }

    /// Says something as a back end.
    pub(crate) async fn say(&self, room: &RoomName, text: &str) -> Published {
        say(&self.node, room, text).await
    }

    /// Says `from..=to` as a back end, each as its number.
    pub(crate) async fn say_numbers(
        &self,
        room: &RoomName,
        numbers: std::ops::RangeInclusive<u64>,
    ) {
        for n in numbers {
            self.say(room, &n.to_string()).await;
        }
    }

    /// What the node has counted under this name.
    pub(crate) fn counted(&self, name: &str) -> f64 {
        let metrics = self.metrics.gather();
        let found = metrics.iter().find(|metric| metric.name() == name);
        found.expect("it is counted").get_metric()[0]
            .get_counter()
            .get_value()
    }

    /// Rooms that are subscribed to, inboxes aside.
    pub(crate) fn subscriptions(&self) -> usize {
        self.double.subscriptions()
    }
}

pub(crate) async fn say(node: &Node, room: &RoomName, text: &str) -> Published {
    say_in(node, room, text, None).await
}

/// Says something as a back end that is in this span.
pub(crate) async fn say_in(
    node: &Node,
    room: &RoomName,
    text: &str,
    caller: Option<TraceContext>,
) -> Published {
    let saying = Saying {
        from: "backend".parse().unwrap(),
        name: None,
        to: None,
        message: text.into(),
        data: None,
        key: None,
    };
    let said = node.say(room.clone(), saying, caller).await;
    said.expect("it is said")
}

/// A plain node on the keeper in memory itself, with several feeds.
pub(crate) fn plain_node(limits: Limits, feeds: usize) -> (Arc<Node>, JoinSet<()>) {
    let (broker, feeds) = MemoryBroker::new(keeping(100_000), feeds);
    let (presence, changes) =
        roomcast_presence::memory(PresenceConfig::default(), "n1".parse().unwrap());
    let parts = parts(limits, Arc::new(broker), feeds, presence, changes);
    Node::start(parts, &Registry::new())
}

fn parts(
    limits: Limits,
    broker: Arc<dyn Broker>,
    feeds: Vec<Feed>,
    presence: Arc<dyn Presence>,
    changes: Changes,
) -> NodeParts {
    NodeParts {
        id: "n1".parse().unwrap(),
        limits,
        broker,
        feeds,
        presence,
        changes,
        authority: Arc::new(Tokens),
        tracing: None,
    }
}

pub(crate) fn room(name: &str) -> RoomName {
    name.parse().unwrap()
}

/// Lets everybody do what they can, and then time pass.
pub(crate) async fn pass(ms: u64) {
    sleep(Duration::from_millis(ms)).await;
}

/// Lets everybody do what they can without time passing to speak of.
pub(crate) async fn settle() {
    sleep(IDLE).await;
}
