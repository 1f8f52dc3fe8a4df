//! A Redis Cluster as this node sees it: who keeps which slots, and a server for each master.
//!
//! The map is replaced as a whole when the Cluster has changed. Leaves finding that out, and moving
//! subscriptions, to the router.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use roomcast_protocol::RoomName;
use roomcast_redis::{Address, LinkState, Slots};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep};

use super::config::RedisConfig;
use super::displaced::Displaced;
use super::map::{Map, tag_of};
use super::router::Router;
use super::server::{START_PATIENCE, START_RETRY, Server, Setting};
use super::subscriber::{REQUESTS_MAX, Request};
use super::trouble::Trouble;
use super::{check, keys};
use crate::error::{BrokerError, ConnectError};
use crate::port::FeedEvent;

/// How long to wait for one master when the node starts: the others are there.
const MASTER_PATIENCE: Duration = Duration::from_millis(1_000);

pub(super) struct Cluster {
    map: Arc<RwLock<Arc<Map>>>,
    pub(super) requests: mpsc::Sender<Request>,
    router: AbortHandle,
}

impl Cluster {
    /// Finds the masters, connects to each, and starts to watch them.
    pub(super) async fn start(
        address: &Address,
        config: &RedisConfig,
        feeds: &[mpsc::Sender<FeedEvent>],
        troubles: Arc<Trouble>,
    ) -> Result<Self, ConnectError> {
        let cluster = roomcast_redis::Cluster::of(address);
        let shown = address.shown();
        let slots = ask_patiently(&cluster, &shown).await?;
        let displaced = Arc::new(Displaced::default());
        let mut servers = Vec::with_capacity(slots.masters().len());
        let (mut answered, mut trouble) = (false, None);
        for (index, spot) in slots.masters().iter().enumerate() {
            let setting = || Setting {
                target: cluster.master(spot.clone()),
                trouble: troubles.clone(),
                tag: tag_of(&slots, index),
                displaced: Some(displaced.clone()),
            };
            let shown = format!("{shown} ({spot})");
            let server =
                match Server::start(setting(), (&shown, MASTER_PATIENCE), config, feeds).await {
                    Ok(server) => {
                        answered = true;
                        server
                    }
                    // Its replica may be about to take its place.
                    Err(away @ ConnectError::Unreachable { .. }) => {
                        tracing::warn!(error = %away, "a master of the Cluster is away");
                        trouble = Some(away);
                        Server::replace(setting(), config, feeds)
                    }
                    Err(error) => return Err(error),
                };
            servers.push(Arc::new(server));
        }
        if let Some(trouble) = trouble.filter(|_| !answered) {
            return Err(trouble);
        }
        let map = Map { slots, servers };
        let shared = (troubles, displaced);
        Ok(Self::watch(cluster, map, config, feeds, shared))
    }

    /// Starts to look for the masters.
    pub(super) fn join(
        address: &Address,
        config: &RedisConfig,
        feeds: &[mpsc::Sender<FeedEvent>],
        troubles: Arc<Trouble>,
    ) -> Self {
        // The first question is asked at once.
        troubles.astray.notify_one();
        let cluster = roomcast_redis::Cluster::of(address);
        let map = Map {
            slots: Slots::default(),
            servers: Vec::new(),
        };
        Self::watch(cluster, map, config, feeds, (troubles, Arc::default()))
    }

    fn watch(
        cluster: roomcast_redis::Cluster,
        map: Map,
        config: &RedisConfig,
        feeds: &[mpsc::Sender<FeedEvent>],
        shared: (Arc<Trouble>, Arc<Displaced>),
    ) -> Self {
        let map = Arc::new(RwLock::new(Arc::new(map)));
        let (requests, wishes) = mpsc::channel(REQUESTS_MAX);
        let router = Router::new(cluster, map.clone(), config, feeds, shared);
        Self {
            map,
            requests,
            router: tokio::spawn(router.run(wishes)).abort_handle(),
        }
    }

    /// The master of a room's slot.
    pub(super) fn server(&self, room: &RoomName) -> Result<Arc<Server>, BrokerError> {
        let map = self.map.read();
        let owner = map.slots.owner(keys::slot(room));
        owner
            .map(|owner| map.servers[owner].clone())
            .ok_or_else(|| {
                BrokerError::Unavailable(
                    "the Cluster has nobody who keeps the slot of this room".into(),
                )
            })
    }

    /// All masters.
    pub(super) fn servers(&self) -> Vec<Arc<Server>> {
        self.map.read().servers.clone()
    }

    /// How the links to each of the masters stand that there are now.
    pub(super) fn links(&self, name: &str) -> Vec<LinkState> {
        let map = self.map.read().clone();
        let masters = map.slots.masters().iter().zip(&map.servers);
        masters
            .flat_map(|(spot, server)| server.links(&format!("{name}/{spot}")))
            .collect()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.router.abort();
    }
}

async fn ask_patiently(
    cluster: &roomcast_redis::Cluster,
    shown: &str,
) -> Result<Slots, ConnectError> {
    let until = Instant::now() + START_PATIENCE;
    loop {
        let trouble = match cluster.slots().await {
            Ok(slots) if slots.is_whole() => return Ok(slots),
            Ok(_) => ConnectError::Unreachable {
                url: shown.to_owned(),
                detail: "not all of its slots are kept by anybody".into(),
            },
            Err(error) => check::no_start(&error, shown),
        };
        match trouble {
            ConnectError::Unreachable { detail, .. } if Instant::now() < until => {
                tracing::warn!(url = shown, detail, "the Cluster does not answer yet");
                sleep(START_RETRY).await;
            }
            trouble => return Err(trouble),
        }
    }
}
