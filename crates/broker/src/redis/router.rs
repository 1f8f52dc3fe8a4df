//! Moves a node's subscriptions as a Cluster moves its slots.
//!
//! Owns which master each room is subscribed at. Asks who keeps which slots when a link is lost, when a
//! command came to the wrong master, when one has dropped a channel, and every few seconds anyway; then
//! subscribes at the new master, and has each room that moved doubted: what was said or signalled on the
//! way may have been heard by nobody. Keeps true: a wish that waits is granted at the new place.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use parking_lot::RwLock;
use redis::RedisResult;
use roomcast_protocol::RoomName;
use roomcast_redis::{Slots, Spot};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::backoff::Backoff;
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

/// How long a master may take to take a wish; it reads them all the time.
const WISH_PATIENCE: Duration = Duration::from_millis(100);

type Waiting = Vec<oneshot::Sender<()>>;

/// Where a room was asked for.
#[derive(Default)]
struct Place {
    /// The master; none if it is not known now which.
    spot: Option<Spot>,
    /// The number of this asking: what an earlier one comes to is no news of it.
    turn: u64,
    /// It moved, and is to be doubted once it is confirmed.
    is_moving: bool,
}

/// A master has confirmed a subscription, or has dropped it.
struct Confirmed {
    room: RoomName,
    turn: u64,
    is_subscribed: bool,
}

pub(super) struct Router {
    cluster: Arc<roomcast_redis::Cluster>,
    map: Arc<RwLock<Arc<Map>>>,
    config: RedisConfig,
    feeds: Vec<mpsc::Sender<FeedEvent>>,
    trouble: Arc<Trouble>,
    displaced: Arc<Displaced>,
    /// Every wanted room.
    places: HashMap<RoomName, Place>,
    turns: u64,
    /// Who waits for rooms that are not confirmed yet.
    waiting: HashMap<RoomName, Waiting>,
    confirming: FuturesUnordered<BoxFuture<'static, Confirmed>>,
    /// Masters that took no wish lately.
    stalled: HashSet<Spot>,
    /// At most one question, and the rooms that were asked for anew.
    asking: JoinSet<RedisResult<Slots>>,
    moving: JoinSet<()>,
    asked_at: Instant,
    ask_at: Instant,
    /// How soon it may be asked again that nobody answered.
    backoff: Backoff,
    not_before: Instant,
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
            turns: 0,
            waiting: HashMap::new(),
            confirming: FuturesUnordered::new(),
            stalled: HashSet::new(),
            asking: JoinSet::new(),
            moving: JoinSet::new(),
            asked_at: now,
            ask_at: now + CALM,
            backoff: Backoff::new(),
            not_before: now,
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
                    Ok(Ok(slots)) => {
                        self.backoff = Backoff::new();
                        self.follow(slots).await;
                    }
                    Ok(Err(error)) => {
                        self.trouble.nobody_says(&error);
                        self.not_before = Instant::now() + self.backoff.next();
                        self.ask_soon();
                    }
                    Err(_) => self.ask_soon(),
                },
                Some(confirmed) = self.confirming.next() => self.take_confirmed(&confirmed),
                Some(_) = self.moving.join_next() => {}
            }
        }
    }

    async fn grant(&mut self, wish: Request) {
        match wish {
            Request::Subscribe(room, done) => {
                self.wait(&room, done);
                match self.places.get(&room) {
                    // It will be known soon.
                    Some(Place { spot: None, .. }) => {}
                    Some(Place { turn, .. }) => {
                        let turn = *turn;
                        self.place(room, turn).await;
                    }
                    None => {
                        let turn = self.next_turn();
                        self.place(room, turn).await;
                    }
                }
            }
            Request::Unsubscribe(room) => {
                self.waiting.remove(&room);
                if let Some(Place {
                    spot: Some(spot), ..
                }) = self.places.remove(&room)
                {
                    let map = self.map.read().clone();
                    self.leave(&map, room, &spot).await;
                }
            }
            // A master's own; nobody sends them here.
            Request::Forgotten | Request::Renamed | Request::Elsewhere(_) => {}
        }
    }

    fn wait(&mut self, room: &RoomName, done: oneshot::Sender<()>) {
        let waiting = self.waiting.entry(room.clone()).or_default();
        // Who asks again has given up the wish before.
        waiting.retain(|done| !done.is_closed());
        waiting.push(done);
    }

    fn next_turn(&mut self) -> u64 {
        self.turns += 1;
        self.turns
    }

    /// Subscribes to a room where it is kept now; a master that takes no wish now is asked again soon.
    async fn place(&mut self, room: RoomName, turn: u64) {
        let map = self.map.read().clone();
        let owner = map.slots.owner(keys::slot(&room));
        let mut spot = owner.map(|owner| map.slots.masters()[owner].clone());
        let (sender, confirmed) = oneshot::channel();
        let wish = Request::Subscribe(room.clone(), sender);
        if let (Some(owner), Some(at)) = (owner, &spot)
            && !self.take_wish(&map.servers[owner], at, wish).await
        {
            spot = None;
        }
        if spot.is_some() {
            let room = room.clone();
            self.confirming.push(Box::pin(async move {
                let is_subscribed = confirmed.await.is_ok();
                Confirmed {
                    room,
                    turn,
                    is_subscribed,
                }
            }));
        }
        let place = self.places.entry(room).or_default();
        (place.spot, place.turn) = (spot, turn);
    }

    /// Whether a master took a wish.
    async fn take_wish(&mut self, server: &Server, spot: &Spot, wish: Request) -> bool {
        if self.stalled.contains(spot) {
            return false;
        }
        // A subscriber only ends with its server, which the map holds.
        let is_taken = timeout(WISH_PATIENCE, server.requests.send(wish)).await;
        if is_taken.is_err() {
            self.stalled.insert(spot.clone());
            self.ask_soon();
        }
        is_taken.is_ok()
    }

    /// Ends a subscription where a room was. If it can't be told now, the master says so when it has
    /// given the room away, and until then tells what nobody listens to.
    async fn leave(&mut self, map: &Map, room: RoomName, spot: &Spot) {
        if let Ok(owner) = map.slots.masters().binary_search(spot) {
            let wish = Request::Unsubscribe(room);
            self.take_wish(&map.servers[owner], spot, wish).await;
        }
    }

    fn take_confirmed(&mut self, confirmed: &Confirmed) {
        let place = self.places.get_mut(&confirmed.room);
        let Some(place) = place.filter(|place| place.turn == confirmed.turn) else {
            return;
        };
        if !confirmed.is_subscribed {
            // It is asked for again where the room goes.
            return;
        }
        place.is_moving = false;
        for done in self.waiting.remove(&confirmed.room).unwrap_or_default() {
            // Whoever asked may have given up meanwhile.
            let _ = done.send(());
        }
    }

    /// Takes rooms that a master keeps no longer, until it is known who does.
    fn take_displaced(&mut self) {
        for (room, from) in self.displaced.take() {
            if let Some(place) = self.places.get_mut(&room) {
                // It may be elsewhere already.
                place.spot.take_if(|spot| *spot == from);
            }
        }
        self.ask_soon();
    }

    fn ask_soon(&mut self) {
        let soon = (self.asked_at + SOON).max(self.not_before);
        self.ask_at = self.ask_at.min(soon);
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
        self.stalled.clear();
        let now = self.map.read().clone();
        let mut moved = Vec::new();
        for (room, place) in &mut self.places {
            let masters = now.slots.masters();
            let was_at = place.spot.clone();
            // A master that is none any more has dropped what it was asked for.
            place
                .spot
                .take_if(|spot| masters.binary_search(spot).is_err());
            let owner = now.slots.owner(keys::slot(room));
            let owner = owner.map(|owner| &masters[owner]);
            if owner.is_some() && owner != place.spot.as_ref() {
                moved.push((room.clone(), was_at));
            }
        }
        if !moved.is_empty() {
            tracing::info!(rooms = moved.len(), "rooms have moved to other masters");
            self.move_rooms(&before, moved).await;
        }
    }

    async fn redraw(&mut self, before: &Map, slots: Slots) {
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
        let mut by_master: HashMap<Option<Spot>, Vec<_>> = HashMap::new();
        for (room, place) in moved {
            if let Some(spot) = place {
                self.leave(before, room.clone(), &spot).await;
            }
            let turn = self.next_turn();
            self.place(room.clone(), turn).await;
            let Some(place) = self.places.get_mut(&room) else {
                continue;
            };
            if !std::mem::replace(&mut place.is_moving, true) {
                let (sender, subscribed) = oneshot::channel();
                let rooms = by_master.entry(place.spot.clone()).or_default();
                rooms.push((room.clone(), subscribed));
                self.wait(&room, sender);
            }
        }
        for rooms in by_master.into_values() {
            let feeds = self.feeds.clone();
            self.moving.spawn(tell_when_subscribed(feeds, rooms));
        }
    }
}

/// Tells relays to doubt rooms of one master, once all is told again that will be said there.
async fn tell_when_subscribed(
    feeds: Vec<mpsc::Sender<FeedEvent>>,
    rooms: Vec<(RoomName, oneshot::Receiver<()>)>,
) {
    let are_few = rooms.len() <= SINGLE_ROOMS_MAX;
    let subscribing = rooms.into_iter().map(|(room, subscribed)| async move {
        // Nobody wants it any more, if it is dropped.
        subscribed.await.ok().map(|()| room)
    });
    let mut subscribing: FuturesUnordered<_> = subscribing.collect();
    while let Some(subscribed) = subscribing.next().await {
        if let Some(room) = subscribed.filter(|_| are_few) {
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

#[cfg(test)]
mod tests;
