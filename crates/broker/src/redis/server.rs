//! One Redis server that keeps some of the rooms: its command links, its subscribe link, its pool.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use redis::{Cmd, Value};
use roomcast_protocol::RoomName;
use roomcast_redis::{LinkState, Spot, Target};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::{Duration, Instant, sleep};

use super::beat::{Beat, Witness};
use super::command_link::CommandLink;
use super::config::RedisConfig;
use super::displaced::Displaced;
use super::durable::Durable;
use super::names::Names;
use super::round_trip::RoundTrip;
use super::scripts;
use super::subscriber::{REQUESTS_MAX, Request, Subscriber};
use super::subscriptions::Subscriptions;
use super::trouble::{Fault, Trouble};
use crate::error::{BrokerError, ConnectError};
use crate::port::FeedEvent;
use crate::route::feed_index;

/// How long to wait for a Redis that doesn't answer when the node starts.
pub(super) const START_PATIENCE: Duration = Duration::from_secs(20);
/// How often to ask then.
pub(super) const START_RETRY: Duration = Duration::from_millis(500);

pub(super) struct Server {
    links: Vec<Arc<CommandLink>>,
    durable: Option<Durable>,
    names: Arc<Names>,
    pub(super) requests: mpsc::Sender<Request>,
    pub(super) round_trip: Arc<RoundTrip>,
    rooms: Arc<AtomicU64>,
    hears: Arc<AtomicBool>,
    tasks: Vec<AbortHandle>,
}

/// Where a server is, and what it shares with others.
pub(super) struct Setting {
    pub(super) target: Target,
    pub(super) trouble: Arc<Trouble>,
    /// The tag of its names.
    pub(super) tag: u32,
    /// If it is a master of a Cluster: where rooms go that it keeps no longer.
    pub(super) displaced: Option<Arc<Displaced>>,
}

impl Server {
    /// Connects, waiting so long for one that doesn't answer; checks that the server is suitable, and
    /// starts its tasks.
    pub(super) async fn start(
        setting: Setting,
        (shown, patience): (&str, Duration),
        config: &RedisConfig,
        feeds: &[mpsc::Sender<FeedEvent>],
    ) -> Result<Self, ConnectError> {
        let (mut server, subscriber) = Self::build(setting, config, feeds);
        for link in &server.links {
            start_patiently(link, shown, patience).await?;
        }
        server.spawn(subscriber);
        Ok(server)
    }

    /// Starts its tasks, which connect when they can.
    pub(super) fn join(
        setting: Setting,
        config: &RedisConfig,
        feeds: &[mpsc::Sender<FeedEvent>],
    ) -> Self {
        let (mut server, subscriber) = Self::build(setting, config, feeds);
        server.spawn(subscriber);
        server
    }

    /// The same for a master of a Cluster that replaces one that was good, or joins others that are:
    /// it counts as good until its silence tells otherwise.
    pub(super) fn replace(
        setting: Setting,
        config: &RedisConfig,
        feeds: &[mpsc::Sender<FeedEvent>],
    ) -> Self {
        let server = Self::join(setting, config, feeds);
        server.round_trip.came_back();
        server
    }

    fn build(
        setting: Setting,
        config: &RedisConfig,
        feeds: &[mpsc::Sender<FeedEvent>],
    ) -> (Self, Subscriber) {
        let Setting {
            target,
            trouble,
            tag,
            displaced,
        } = setting;
        let target = Arc::new(target);
        let is_of_cluster = displaced.is_some();
        let link = || CommandLink::new(target.clone(), trouble.clone(), is_of_cluster);
        let links = (0..config.connections.max(1)).map(|_| Arc::new(link()));
        let durable = (config.durable_replicas > 0)
            .then(|| Durable::new(target.clone(), config.durable_replicas));
        let (requests, wishes) = mpsc::channel(REQUESTS_MAX);
        let server = Self {
            links: links.collect(),
            durable,
            names: Arc::new(Names::new(&config.node, tag)),
            requests,
            round_trip: Arc::new(RoundTrip::new()),
            rooms: Arc::default(),
            hears: Arc::default(),
            tasks: Vec::new(),
        };
        let subscriber = Subscriber {
            target,
            names: server.names.clone(),
            requests: wishes,
            feeds: feeds.to_vec(),
            round_trip: server.round_trip.clone(),
            trouble,
            rooms: server.rooms.clone(),
            hears: server.hears.clone(),
            subscriptions: Subscriptions::default(),
            displaced,
            master: None,
        };
        (server, subscriber)
    }

    /// Runs a publish; in the durable mode, until replicas have it.
    pub(super) async fn publish(
        &self,
        room: &RoomName,
        command: &Cmd,
        touch: Option<Cmd>,
    ) -> Result<Value, Fault> {
        let link = self.link(room);
        let Some(durable) = &self.durable else {
            return link.call(command).await;
        };
        let nowhere = || BrokerError::Unavailable("there is no link to Redis now".into());
        let spot: Spot = link.spot().ok_or_else(nowhere)?;
        let scripts = scripts::all().into_iter();
        durable.publish(command, scripts, touch, &spot).await
    }

    /// The link for a room: always the same one, so that what is sent in order arrives in order.
    pub(super) fn link(&self, room: &RoomName) -> &CommandLink {
        &self.links[feed_index(room, self.links.len())]
    }

    pub(super) fn rooms(&self) -> u64 {
        self.rooms.load(Ordering::Relaxed)
    }

    /// How its links stand, under its name.
    pub(super) fn links(&self, name: &str) -> [LinkState; 2] {
        let up = self.links.iter().filter(|link| link.spot().is_some());
        [
            LinkState {
                name: format!("{name}/commands"),
                wanted: self.links.len(),
                up: up.count(),
            },
            LinkState {
                name: format!("{name}/feed"),
                wanted: 1,
                up: usize::from(self.hears.load(Ordering::Relaxed)),
            },
        ]
    }

    /// Gives it other names, for their slot has moved.
    pub(super) async fn retag(&self, tag: u32) {
        if self.names.retag(tag) {
            // The subscriber only ends with the node.
            let _ = self.requests.send(Request::Renamed).await;
        }
    }

    fn spawn(&mut self, subscriber: Subscriber) {
        self.tasks
            .push(tokio::spawn(subscriber.run()).abort_handle());
        for (index, link) in self.links.iter().enumerate() {
            let beat = match index {
                0 => Beat::Witness(Witness::new(
                    self.names.clone(),
                    self.requests.clone(),
                    self.round_trip.clone(),
                )),
                _ => Beat::Ping,
            };
            self.tasks
                .push(tokio::spawn(link.clone().supervise(beat)).abort_handle());
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

async fn start_patiently(
    link: &CommandLink,
    shown: &str,
    patience: Duration,
) -> Result<(), ConnectError> {
    let until = Instant::now() + patience;
    loop {
        match link.start(shown).await {
            Err(ConnectError::Unreachable { detail, .. }) if Instant::now() < until => {
                tracing::warn!(url = shown, detail, "Redis does not answer yet");
                sleep(START_RETRY).await;
            }
            done => return done.map(drop),
        }
    }
}
