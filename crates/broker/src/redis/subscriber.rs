//! The subscribe link to one Redis: one task, one connection, every room of this node.
//!
//! It notices a dead peer (`feed_link.rs`), comes back with jittered back-off, subscribes to
//! everything again in batches, and only then tells every feed that it was interrupted, so that
//! whoever compares with the log then can't miss what is said meanwhile (P7). A subscriber that
//! Redis cut for a full output buffer walks the same road.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use redis::{ErrorKind, RedisError, ServerErrorKind};
use roomcast_protocol::RoomName;
use roomcast_redis::{Spot, Target};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::backoff::Backoff;
use super::displaced::Displaced;
use super::feed_link::{FeedLink, LOOK_EVERY};
use super::names::Names;
use super::round_trip::RoundTrip;
use super::subscriptions::Subscriptions;
use super::trouble::Trouble;
use super::unanswered::Sent;
use super::wire::{Incoming, Wire, WireError};
use super::{keys, payload};
use crate::port::FeedEvent;
use crate::route::feed_index;

/// Channels in one command: more would hold up everybody else on that Redis.
const BATCH_CHANNELS_MAX: usize = 1_000;
/// Wishes that may wait for the link.
pub(super) const REQUESTS_MAX: usize = 4_096;

/// A wish to the subscriber.
pub(super) enum Request {
    /// Subscribe; say when done.
    Subscribe(RoomName, oneshot::Sender<()>),
    /// Unsubscribe.
    Unsubscribe(RoomName),
    /// Redis has forgotten everything: every room must be compared with the log.
    Forgotten,
    /// The names by which the node hears itself are others now.
    Renamed,
    /// The master is there; a link that leads elsewhere is of no use.
    Elsewhere(Spot),
}

pub(super) struct Subscriber {
    pub(super) target: Arc<Target>,
    pub(super) names: Arc<Names>,
    pub(super) requests: mpsc::Receiver<Request>,
    pub(super) feeds: Vec<mpsc::Sender<FeedEvent>>,
    pub(super) round_trip: Arc<RoundTrip>,
    pub(super) trouble: Arc<Trouble>,
    /// How many rooms are subscribed, for metrics.
    pub(super) rooms: Arc<AtomicU64>,
    /// Whether every room is subscribed to on a link that lives, for metrics.
    pub(super) hears: Arc<AtomicBool>,
    pub(super) subscriptions: Subscriptions,
    /// In a Cluster: where rooms go that are not kept here any more.
    pub(super) displaced: Option<Arc<Displaced>>,
    /// Where the command link found the master; a link that leads elsewhere is of no use.
    pub(super) master: Option<Spot>,
}

/// Why serving a link ended.
enum End {
    /// The link is of no use any more.
    Lost(WireError),
    /// The broker was dropped, or nobody reads the feeds.
    Stopped,
}

impl Subscriber {
    /// Serves until the broker is dropped.
    pub(super) async fn run(mut self) {
        let mut backoff = Backoff::new();
        loop {
            let Some(connected) = self.connect().await else {
                return;
            };
            match connected {
                Ok(wire) => {
                    let made_at = Instant::now();
                    let end = self.serve(wire).await;
                    self.hears.store(false, Ordering::Relaxed);
                    match end {
                        End::Stopped => return,
                        End::Lost(error) => {
                            backoff.lost_after(made_at.elapsed());
                            self.trouble.reconnected();
                            tracing::warn!(%error, "the subscribe link was lost");
                        }
                    }
                }
                Err(error) => {
                    self.trouble.astray.notify_one();
                    tracing::debug!(%error, "the subscribe link can't be made");
                }
            }
            if !self.wait(backoff.next()).await {
                return;
            }
        }
    }

    /// Connects, and takes wishes meanwhile, so that nobody is held up; `None` if stopped.
    async fn connect(&mut self) -> Option<Result<Wire, WireError>> {
        let target = self.target.clone();
        let mut connecting = pin!(Wire::connect(&target));
        loop {
            tokio::select! {
                connected = &mut connecting => {
                    let master = self.master.as_ref();
                    return Some(connected.and_then(|wire| match master {
                        Some(master) if *master != wire.spot => Err(WireError::Elsewhere),
                        _ => Ok(wire),
                    }));
                }
                request = self.requests.recv() => self.note(request?),
            }
        }
    }

    /// Takes wishes while there is no link; false if stopped.
    async fn wait(&mut self, pause: Duration) -> bool {
        let until = Instant::now() + pause;
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(until) => return true,
                request = self.requests.recv() => match request {
                    Some(request) => self.note(request),
                    None => return false,
                },
            }
        }
    }

    /// Takes a wish for the link to come.
    fn note(&mut self, request: Request) {
        match request {
            Request::Subscribe(room, done) => drop(self.subscriptions.want(&room, done)),
            Request::Unsubscribe(room) => drop(self.subscriptions.forget(&room)),
            Request::Elsewhere(spot) => self.master = Some(spot),
            // The link to come says so itself.
            Request::Forgotten | Request::Renamed => {}
        }
    }

    async fn serve(&mut self, wire: Wire) -> End {
        let mut link = FeedLink::new(wire);
        if let Err(error) = self.subscribe_everything(&mut link).await {
            return End::Lost(error);
        }
        let mut tick = interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let step = tokio::select! {
                incoming = link.wire.next() => match incoming {
                    Ok(incoming) => self.take(&mut link, incoming).await,
                    Err(error) => Err(End::Lost(error)),
                },
                request = self.requests.recv() => match request {
                    Some(request) => self.grant(&mut link, request).await,
                    None => Err(End::Stopped),
                },
                _ = tick.tick() => self.look(&mut link).await.map_err(End::Lost),
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    async fn subscribe_everything(&mut self, link: &mut FeedLink) -> Result<(), WireError> {
        self.listen_to_itself(link).await?;
        let rooms = self.subscriptions.begin_again();
        self.subscribe_to(link, rooms).await
    }

    async fn listen_to_itself(&self, link: &mut FeedLink) -> Result<(), WireError> {
        let mut command = redis::cmd("SSUBSCRIBE");
        command.arg(self.names.probe());
        link.unanswered.sent(Sent::Probe);
        link.wire.send(&command).await
    }

    /// Looks whether the peer lives, and the node hears itself.
    async fn look(&self, link: &mut FeedLink) -> Result<(), WireError> {
        if link.look_for_life().await? && std::mem::take(&mut link.must_listen) {
            self.listen_to_itself(link).await?;
        }
        if link.would_hear() && self.round_trip.is_one_sided() {
            return Err(WireError::Deaf);
        }
        Ok(())
    }

    async fn subscribe_to(
        &mut self,
        link: &mut FeedLink,
        mut rooms: Vec<RoomName>,
    ) -> Result<(), WireError> {
        // A Cluster refuses commands about several slots.
        let slot = |room: &RoomName| match &self.displaced {
            Some(_) => keys::slot(room),
            None => 0,
        };
        rooms.sort_by_cached_key(slot);
        let batches: Vec<Vec<RoomName>> = rooms
            .chunk_by(|one, other| slot(one) == slot(other))
            .flat_map(|rooms| rooms.chunks(BATCH_CHANNELS_MAX))
            .map(<[RoomName]>::to_vec)
            .collect();
        for batch in batches {
            self.send_for(link, "SSUBSCRIBE", &batch).await?;
            link.unanswered.sent(Sent::Subscribe(batch, 0));
        }
        Ok(())
    }

    async fn send_for(
        &mut self,
        link: &mut FeedLink,
        verb: &str,
        rooms: &[RoomName],
    ) -> Result<(), WireError> {
        let mut command = redis::cmd(verb);
        for room in rooms {
            command.arg(keys::channel(room));
            self.subscriptions.sent(room);
        }
        self.count();
        link.wire.send(&command).await
    }

    fn count(&self) {
        let rooms = self.subscriptions.len() as u64;
        self.rooms.store(rooms, Ordering::Relaxed);
    }

    /// Takes what came in.
    async fn take(&mut self, link: &mut FeedLink, incoming: Incoming) -> Result<(), End> {
        link.heard_at = Instant::now();
        match incoming {
            Incoming::Told { channel, payload } => self.tell(&channel, &payload).await?,
            Incoming::Subscribed { channel } => {
                link.unanswered.subscribed();
                if let Some(room) = keys::room_of_channel(&channel) {
                    self.subscriptions.answered(&room);
                }
            }
            Incoming::Unsubscribed { channel } => match keys::room_of_channel(&channel) {
                Some(room) if link.unanswered.unsubscribed(&room) => {
                    self.subscriptions.answered(&room);
                }
                Some(room) => self.displace(&room, &link.wire.spot),
                // Nobody asked for that.
                None => link.must_listen |= channel == self.names.probe(),
            },
            Incoming::Refused(error) => self.refused(link, error)?,
            Incoming::Other => link.answered(),
        }
        self.count();
        if link.settling && self.subscriptions.settled() {
            link.settling = false;
            self.hears.store(true, Ordering::Relaxed);
            self.tell_all(&FeedEvent::Interrupted).await?;
        }
        Ok(())
    }

    /// A command was refused: in a Cluster by one who keeps the slot no longer, or not yet.
    fn refused(&mut self, link: &mut FeedLink, error: RedisError) -> Result<(), End> {
        self.trouble.astray.notify_one();
        let is_passing = self.displaced.is_some() && is_about_slots(&error);
        match link.unanswered.refused() {
            Some(Sent::Subscribe(rooms, _)) if is_passing => {
                for room in rooms {
                    self.displace(&room, &link.wire.spot);
                    self.subscriptions.answered(&room);
                }
            }
            Some(Sent::Unsubscribe(room)) if is_passing => self.subscriptions.answered(&room),
            // It gets another name, or the slot comes back.
            Some(Sent::Probe) if is_passing => link.must_listen = true,
            _ => return Err(End::Lost(WireError::Redis(error))),
        }
        Ok(())
    }

    /// A room is not kept here any more.
    fn displace(&mut self, room: &RoomName, from: &Spot) {
        if let Some(displaced) = &self.displaced
            && self.subscriptions.displace(room)
        {
            displaced.put((room.clone(), from.clone()));
        }
    }

    async fn tell(&mut self, channel: &str, payload: &str) -> Result<(), End> {
        let Some(room) = keys::room_of_channel(channel) else {
            self.round_trip.came_back();
            return Ok(());
        };
        let feed = &self.feeds[feed_index(&room, self.feeds.len())];
        match payload::event(room, payload) {
            Ok(event) => {
                feed.send(event).await.map_err(|_| End::Stopped)?;
            }
            Err(error) => drop(self.trouble.note(error)),
        }
        Ok(())
    }

    async fn tell_all(&self, event: &FeedEvent) -> Result<(), End> {
        for feed in &self.feeds {
            feed.send(event.clone()).await.map_err(|_| End::Stopped)?;
        }
        Ok(())
    }

    /// Grants a wish, and those that wait behind it, in few commands.
    async fn grant(&mut self, link: &mut FeedLink, first: Request) -> Result<(), End> {
        let mut next = Some(first);
        let mut fresh: Vec<RoomName> = Vec::new();
        while let Some(request) = next {
            match request {
                Request::Subscribe(room, done) => {
                    if self.subscriptions.want(&room, done) {
                        fresh.push(room);
                    }
                }
                Request::Unsubscribe(room) => {
                    self.flush(link, &mut fresh).await?;
                    if self.subscriptions.forget(&room) {
                        let left = [room];
                        let sent = self.send_for(link, "SUNSUBSCRIBE", &left).await;
                        sent.map_err(End::Lost)?;
                        let [room] = left;
                        link.unanswered.sent(Sent::Unsubscribe(room));
                    }
                }
                Request::Forgotten => self.tell_all(&FeedEvent::Interrupted).await?,
                Request::Renamed => self.listen_to_itself(link).await.map_err(End::Lost)?,
                Request::Elsewhere(spot) => {
                    let is_here = spot == link.wire.spot;
                    self.master = Some(spot);
                    if !is_here {
                        return Err(End::Lost(WireError::Elsewhere));
                    }
                }
            }
            let full = fresh.len() >= BATCH_CHANNELS_MAX;
            next = if full {
                None
            } else {
                self.requests.try_recv().ok()
            };
        }
        self.flush(link, &mut fresh).await
    }

    async fn flush(&mut self, link: &mut FeedLink, rooms: &mut Vec<RoomName>) -> Result<(), End> {
        if rooms.is_empty() {
            return Ok(());
        }
        let rooms = std::mem::take(rooms);
        self.subscribe_to(link, rooms).await.map_err(End::Lost)
    }
}

fn is_about_slots(error: &RedisError) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Server(
            ServerErrorKind::Moved
                | ServerErrorKind::Ask
                | ServerErrorKind::TryAgain
                | ServerErrorKind::ClusterDown
        )
    )
}
