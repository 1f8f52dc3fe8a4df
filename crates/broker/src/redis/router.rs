//! Moves a node's subscriptions as a Cluster moves its slots.
//!
//! Owns which master each room is subscribed at. Asks who keeps which slots when a link is lost, when a
//! command came to the wrong master, when one has dropped a channel, and every few seconds anyway; then
//! subscribes at the new master, and has each room that moved doubted: what was said or signalled on the
//! way may have been heard by nobody. Keeps true: a wish that waits is granted at the new place.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use redis::RedisResult;
use roomcast_protocol::RoomName;
use roomcast_redis::{Slots, Spot};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::config::RedisConfig;
use super::displaced::Displaced;
use super::keys;
use super::map::{Map, tag_of};
use super::server::{Server, Setting};
use super::subscriber::Request;
use super::trouble::Trouble;
use crate::port::FeedEvent;
use crate::route::feed_index;

/// How often it is asked while all is well.
const CALM: Duration = Duration::from_secs(5);
/// How soon after the last time when something is wrong.
const SOON: Duration = Duration::from_millis(100);
/// Rooms that are doubted one by one; if more have moved, all are.
const SINGLE_ROOMS_MAX: usize = 256;

type Waiting = Vec<oneshot::Sender<()>>;

pub(super) struct Router {
    cluster: Arc<roomcast_redis::Cluster>,
    map: Arc<RwLock<Arc<Map>>>,
    config: RedisConfig,
    feeds: Vec<mpsc::Sender<FeedEvent>>,
    trouble: Arc<Trouble>,
    displaced: Arc<Displaced>,
    /// Every wanted room, and the master where it was asked for.
    places: HashMap<RoomName, Option<Spot>>,
    /// Who waits for rooms that have no place now.
    waiting: HashMap<RoomName, Waiting>,
    /// At most one question, and the rooms that were asked for anew.
    asking: JoinSet<RedisResult<Slots>>,
    moving: JoinSet<()>,
    asked_at: Instant,
    ask_at: Instant,
}

impl Router {
    pub(super) fn new(
        cluster: roomcast_redis::Cluster,
        map: Arc<RwLock<Arc<Map>>>,
        config: &RedisConfig,
        feeds: &[mpsc::Sender<FeedEvent>],
        (trouble, displaced): (Arc<Trouble>, Arc<Displaced>),
    ) -> Self {
        let now = Instant::now();
        Self {
            cluster: Arc::new(cluster),
            map,
            config: config.clone(),
            feeds: feeds.to_vec(),
            trouble,
            displaced,
            places: HashMap::new(),
            waiting: HashMap::new(),
            asking: JoinSet::new(),
            moving: JoinSet::new(),
            asked_at: now,
            ask_at: now + CALM,
        }
    }

    /// Runs until the broker is dropped.
    pub(super) async fn run(mut self, mut wishes: mpsc::Receiver<Request>) {
        let (trouble, displaced) = (self.trouble.clone(), self.displaced.clone());
        loop {
            tokio::select! {
                wish = wishes.recv() => match wish {
                    Some(wish) => self.grant(wish).await,
                    None => return,
                },
                () = displaced.some.notified() => self.take_displaced(),
                () = trouble.astray.notified() => self.ask_soon(),
                () = sleep_until(self.ask_at), if self.asking.is_empty() => self.ask(),
                Some(slots) = self.asking.join_next() => match slots {
                    Ok(Ok(slots)) => self.follow(slots).await,
                    Ok(Err(error)) => {
                        tracing::warn!(%error, "nobody says who keeps the slots of the Cluster");
                        self.ask_soon();
                    }
                    Err(_) => self.ask_soon(),
                },
                Some(_) = self.moving.join_next() => {}
            }
        }
    }

    async fn grant(&mut self, wish: Request) {
        match wish {
            Request::Subscribe(room, done) => match self.places.get(&room).cloned() {
                Some(None) => self.waiting.entry(room).or_default().push(done),
                _ => self.place(room, vec![done]).await,
            },
            Request::Unsubscribe(room) => {
                self.waiting.remove(&room);
                if let Some(Some(spot)) = self.places.remove(&room) {
                    self.leave(room, &spot).await;
                }
            }
            // A master's own; nobody sends them here.
            Request::Forgotten | Request::Renamed | Request::Elsewhere(_) => {}
        }
    }

    /// Subscribes to a room where it is kept now.
    async fn place(&mut self, room: RoomName, waiting: Waiting) {
        let map = self.map.read().clone();
        let Some(owner) = map.slots.owner(keys::slot(&room)) else {
            self.waiting
                .entry(room.clone())
                .or_default()
                .extend(waiting);
            self.places.insert(room, None);
            return;
        };
        let spot = map.slots.masters()[owner].clone();
        self.places.insert(room.clone(), Some(spot));
        for done in waiting {
            let wish = Request::Subscribe(room.clone(), done);
            // A subscriber only ends with its server, which the map holds.
            let _ = map.servers[owner].requests.send(wish).await;
        }
    }

    async fn leave(&self, room: RoomName, spot: &Spot) {
        let map = self.map.read().clone();
        if let Ok(owner) = map.slots.masters().binary_search(spot) {
            let wish = Request::Unsubscribe(room);
            let _ = map.servers[owner].requests.send(wish).await;
        }
    }

    /// Takes rooms that a master keeps no longer, until it is known who does.
    fn take_displaced(&mut self) {
        for (room, waiting) in self.displaced.take() {
            if let Some(place) = self.places.get_mut(&room) {
                *place = None;
                self.waiting.entry(room).or_default().extend(waiting);
            }
        }
        self.ask_soon();
    }

    fn ask_soon(&mut self) {
        self.ask_at = self.ask_at.min(self.asked_at + SOON);
    }

    fn ask(&mut self) {
        self.asked_at = Instant::now();
        self.ask_at = self.asked_at + CALM;
        let cluster = self.cluster.clone();
        self.asking.spawn(async move { cluster.slots().await });
    }

    /// Makes it so.
    async fn follow(&mut self, slots: Slots) {
        let before = self.map.read().clone();
        if before.slots != slots {
            self.redraw(&before, slots).await;
        }
        let now = self.map.read().clone();
        let mut moved = Vec::new();
        for (room, place) in &self.places {
            let owner = now.slots.owner(keys::slot(room));
            let owner = owner.map(|owner| &now.slots.masters()[owner]);
            if owner.is_some() && owner != place.as_ref() {
                moved.push((room.clone(), place.clone()));
            }
        }
        if !moved.is_empty() {
            tracing::info!(rooms = moved.len(), "rooms have moved to other masters");
            self.move_rooms(&before, moved).await;
        }
    }

    async fn redraw(&self, before: &Map, slots: Slots) {
        let masters = slots.masters();
        let mut servers = Vec::with_capacity(masters.len());
        for (index, spot) in masters.iter().enumerate() {
            let tag = tag_of(&slots, index);
            let server = match before.slots.masters().binary_search(spot) {
                Ok(known) => {
                    let server = before.servers[known].clone();
                    server.retag(tag).await;
                    server
                }
                Err(_) => {
                    tracing::info!(%spot, "a master has joined the Cluster");
                    let setting = Setting {
                        target: self.cluster.master(spot.clone()),
                        trouble: self.trouble.clone(),
                        tag,
                        displaced: Some(self.displaced.clone()),
                    };
                    Arc::new(Server::replace(setting, &self.config, &self.feeds))
                }
            };
            servers.push(server);
        }
        *self.map.write() = Arc::new(Map { slots, servers });
    }

    /// Subscribes to rooms at their new masters, and has them doubted then.
    async fn move_rooms(&mut self, before: &Map, moved: Vec<(RoomName, Option<Spot>)>) {
        let mut done = Vec::with_capacity(moved.len());
        for (room, place) in moved {
            let masters = before.slots.masters();
            if let Some(spot) = place
                && let Ok(owner) = masters.binary_search(&spot)
            {
                let wish = Request::Unsubscribe(room.clone());
                let _ = before.servers[owner].requests.send(wish).await;
            }
            let mut waiting = self.waiting.remove(&room).unwrap_or_default();
            let (sender, subscribed) = oneshot::channel();
            waiting.push(sender);
            self.place(room.clone(), waiting).await;
            done.push((room, subscribed));
        }
        let feeds = self.feeds.clone();
        self.moving.spawn(tell_when_subscribed(feeds, done));
    }
}

/// Tells relays to doubt rooms, once all is told again that will be said there.
async fn tell_when_subscribed(
    feeds: Vec<mpsc::Sender<FeedEvent>>,
    rooms: Vec<(RoomName, oneshot::Receiver<()>)>,
) {
    let are_few = rooms.len() <= SINGLE_ROOMS_MAX;
    for (room, subscribed) in rooms {
        // Displaced once more: who subscribes to it next tells it.
        let is_subscribed = subscribed.await.is_ok();
        if are_few && is_subscribed {
            let feed = &feeds[feed_index(&room, feeds.len())];
            // Nobody listens when the node ends.
            let _ = feed.send(FeedEvent::Doubted(room)).await;
        }
    }
    if !are_few {
        for feed in &feeds {
            let _ = feed.send(FeedEvent::Interrupted).await;
        }
    }
}
