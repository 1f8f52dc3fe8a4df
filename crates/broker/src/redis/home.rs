//! Where rooms live behind one address: on one server, or on the masters of a Cluster.

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, Value};
use roomcast_protocol::RoomName;
use roomcast_redis::{Address, LinkState, Shape, Target};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::cluster::Cluster;
use super::config::RedisConfig;
use super::server::{START_PATIENCE, Server, Setting};
use super::subscriber::Request;
use super::trouble::Trouble;
use crate::error::{BrokerError, ConnectError};
use crate::port::{FeedEvent, StatsSnapshot};

/// How long a command that came to the wrong master is tried again: some heartbeats of a Cluster.
const ASTRAY_MAX: Duration = Duration::from_millis(1_000);
/// How soon.
const ASTRAY_EVERY: Duration = Duration::from_millis(20);

/// What stands behind one address.
pub(super) struct Home {
    kind: Kind,
    pub(super) trouble: Arc<Trouble>,
}

/// What is to be done where a room is.
enum Errand<'a> {
    Call(&'a Cmd),
    Publish(&'a Cmd, Option<Cmd>),
}

enum Kind {
    Server(Arc<Server>),
    Cluster(Cluster),
}

impl Home {
    /// Connects, checks that it is suitable, and starts its tasks.
    pub(super) async fn start(
        address: &Address,
        config: &RedisConfig,
        feeds: &[mpsc::Sender<FeedEvent>],
    ) -> Result<Self, ConnectError> {
        let trouble = Arc::new(Trouble::default());
        let kind = match address.shape() {
            Shape::Single | Shape::Sentinel { .. } => {
                let shown = (&*address.shown(), START_PATIENCE);
                let setting = alone(address, &trouble);
                let server = Server::start(setting, shown, config, feeds).await?;
                Kind::Server(Arc::new(server))
            }
            Shape::Cluster => {
                Kind::Cluster(Cluster::start(address, config, feeds, trouble.clone()).await?)
            }
        };
        Ok(Self { kind, trouble })
    }

    /// Starts its tasks, which connect when they can; what is unsuitable is refused then.
    pub(super) fn join(
        address: &Address,
        config: &RedisConfig,
        feeds: &[mpsc::Sender<FeedEvent>],
    ) -> Self {
        let trouble = Arc::new(Trouble::default());
        let kind = match address.shape() {
            Shape::Single | Shape::Sentinel { .. } => {
                let server = Server::join(alone(address, &trouble), config, feeds);
                Kind::Server(Arc::new(server))
            }
            Shape::Cluster => Kind::Cluster(Cluster::join(address, config, feeds, trouble.clone())),
        };
        Self { kind, trouble }
    }

    /// The server that keeps a room now.
    pub(super) fn server(&self, room: &RoomName) -> Result<Arc<Server>, BrokerError> {
        match &self.kind {
            Kind::Server(server) => Ok(server.clone()),
            Kind::Cluster(cluster) => cluster.server(room),
        }
    }

    /// Runs a command about a room where the room is.
    pub(super) async fn call(&self, room: &RoomName, command: &Cmd) -> Result<Value, BrokerError> {
        self.find(room, &Errand::Call(command)).await
    }

    /// The same for a publish; `touch` writes again what a retry found already written.
    pub(super) async fn publish(
        &self,
        room: &RoomName,
        command: &Cmd,
        touch: Option<Cmd>,
    ) -> Result<Value, BrokerError> {
        self.find(room, &Errand::Publish(command, touch)).await
    }

    /// Runs an errand at the server that keeps a room; again where it turns out that another does by
    /// now. What was refused for this has done nothing.
    async fn find(&self, room: &RoomName, errand: &Errand<'_>) -> Result<Value, BrokerError> {
        let until = Instant::now() + ASTRAY_MAX;
        loop {
            let answer = match (self.server(room), errand) {
                (Ok(server), Errand::Call(command)) => server.link(room).call(command).await,
                (Ok(server), Errand::Publish(command, touch)) => {
                    server.publish(room, command, touch.clone()).await
                }
                (Err(error), _) => Err(error.into()),
            };
            match answer {
                Err(fault) if fault.is_astray && Instant::now() < until => {
                    if fault.has_moved {
                        self.trouble.astray.notify_one();
                    }
                    sleep(ASTRAY_EVERY).await;
                }
                Err(fault) if fault.is_astray => {
                    return Err(self.trouble.stuck(room, &fault.error));
                }
                answer => return answer.map_err(|fault| self.trouble.note(fault.error)),
            }
        }
    }

    /// Who takes wishes to subscribe.
    pub(super) fn requests(&self) -> &mpsc::Sender<Request> {
        match &self.kind {
            Kind::Server(server) => &server.requests,
            Kind::Cluster(cluster) => &cluster.requests,
        }
    }

    /// Whether the server told this node lately what the node had told it. Of a Cluster most masters
    /// must: while one is away its rooms are, on every node alike, and it would help nobody to send
    /// sessions from one to the next.
    pub(super) fn is_fresh(&self) -> bool {
        match &self.kind {
            Kind::Server(server) => server.round_trip.is_fresh(),
            Kind::Cluster(cluster) => {
                let servers = cluster.servers();
                let fresh = servers.iter().filter(|server| server.round_trip.is_fresh());
                2 * fresh.count() > servers.len()
            }
        }
    }

    /// How its links stand, under a name of its own.
    pub(super) fn links(&self, name: &str) -> Vec<LinkState> {
        match &self.kind {
            Kind::Server(server) => server.links(name).into(),
            Kind::Cluster(cluster) => cluster.links(name),
        }
    }

    pub(super) fn stats(&self) -> StatsSnapshot {
        let rooms = match &self.kind {
            Kind::Server(server) => server.rooms(),
            Kind::Cluster(cluster) => cluster.servers().iter().map(|server| server.rooms()).sum(),
        };
        self.trouble.snapshot(rooms)
    }
}

/// One that is no part of a Cluster.
fn alone(address: &Address, trouble: &Arc<Trouble>) -> Setting {
    Setting {
        target: Target::of(address),
        trouble: trouble.clone(),
        tag: 0,
        displaced: None,
    }
}
