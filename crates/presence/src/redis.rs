//! The keeper of a cluster: presence in Redis.
//!
//! Owns the assembly: a room goes to its home among the Redises, and each Redis has a beat, a
//! settler and a reaper on this node. Keeps true: what is told, is told by the node whose script
//! made it so; deadlines are Redis's, a node's clock only says when to ask.

mod attend;
mod bans;
mod beat;
mod call;
mod entry;
mod keys;
mod ledger;
mod life;
mod line;
mod lines;
mod link;
mod listing;
mod marks;
mod person;
mod place;
mod reap;
mod scripts;
mod settle;
mod step;
#[cfg(test)]
mod tests;
mod token;
mod typing;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use roomcast_protocol::{Epoch, NodeId, RoomName, Seq, SessionId, UserId};
use roomcast_redis::{Address, LinkState};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;

use self::attend::attend;
use self::bans::BanScripts;
use self::beat::{Standing, beat, keep_beating};
use self::ledger::Ledger;
use self::line::Timeouts;
use self::link::Link;
use self::place::Place;
use self::reap::{keep_reaping, retire};
use self::scripts::Scripts;
use self::settle::settle;
use self::step::Terms;
use crate::changes::{Changes, Teller, channel};
use crate::config::{InvalidConfig, PresenceConfig};
use crate::placement::home;
use crate::port::{
    Bans, Entry, Marks, Occupant, Presence, PresenceError, ReadMark, Roster, Sessions,
};

/// How many dead lives wait for the reaper; a later beat finds again what did not fit.
const DEAD_QUEUE: usize = 32;

/// Why a keeper could not be opened. For the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// A setting that can't be.
    #[error(transparent)]
    Config(#[from] InvalidConfig),
    /// No Redis was named.
    #[error("no Redis address; expected at least one")]
    NoAddress,
}

/// Presence of a cluster, over one or several independent Redises (7 or newer) of any shape. A room lives at
/// the one that [`home`] names, so `addresses` must be the same list in the same order on all nodes.
///
/// Tries to reach each Redis once, so that a node with healthy Redises has its leases when this
/// returns; one that can't be reached now is tried again by every beat.
///
/// # Errors
/// If the settings can't be. A Redis that is away is no error.
pub async fn redis(
    config: PresenceConfig,
    node: NodeId,
    addresses: &[Address],
) -> Result<(Arc<dyn Presence>, Changes), OpenError> {
    config.check()?;
    if addresses.is_empty() {
        return Err(OpenError::NoAddress);
    }
    let (teller, changes) = channel(config.changes_max);
    let mut places = Vec::new();
    for (index, address) in addresses.iter().enumerate() {
        places.push(Arc::new(open_place(
            &config,
            &node,
            (index, address),
            &teller,
        )));
    }
    let mut tasks = JoinSet::new();
    for place in &places {
        let (dead_sender, dead) = mpsc::channel(DEAD_QUEUE);
        let mut standing = Standing::new(dead_sender);
        if let Err(error) = beat(place, &mut standing).await {
            tracing::warn!(redis = place.index, %error, "Presence begins without Redis");
        }
        tasks.spawn(keep_beating(Arc::clone(place), standing));
        tasks.spawn(keep_reaping(Arc::clone(place), dead));
        tasks.spawn(settle(Arc::clone(place)));
    }
    Ok((
        Arc::new(RedisPresence {
            places,
            tasks: Mutex::new(tasks),
        }),
        changes,
    ))
}

fn open_place(
    config: &PresenceConfig,
    node: &NodeId,
    (index, address): (usize, &Address),
    teller: &Teller,
) -> Place {
    let timeouts = Timeouts {
        connect: Duration::from_millis(config.connect_timeout_ms),
        response: Duration::from_millis(config.response_timeout_ms),
    };
    let link = Link::new(index, address, timeouts);
    let terms = Terms {
        rooms_max: config.rooms_max,
        occupants_max: config.occupants_max,
        sessions_listed_max: config.sessions_listed_max,
        retry: config.beat(),
        vacancy: config.lease(),
    };
    Place {
        config: config.clone(),
        node: node.clone(),
        index,
        link,
        scripts: Scripts::new(),
        bans: BanScripts::new(),
        teller: teller.clone(),
        ledger: Mutex::new(Ledger::new(terms)),
        settle_now: Notify::new(),
    }
}

struct RedisPresence {
    /// By their index in the configuration.
    places: Vec<Arc<Place>>,
    /// End with the keeper.
    tasks: Mutex<JoinSet<()>>,
}

impl RedisPresence {
    fn place(&self, room: &RoomName) -> &Place {
        &self.places[home(room, self.places.len())]
    }
}

#[async_trait]
impl Presence for RedisPresence {
    async fn enter(&self, room: &RoomName, occupant: &Occupant) -> Result<Entry, PresenceError> {
        let place = self.place(room);
        place.ledger.lock().enter(room, occupant, Instant::now())?;
        place.settle_now.notify_one();
        // The first step may be to find out whether they were gone in between.
        for _ in 0..2 {
            match attend(place, room, &occupant.user, true).await {
                Ok(Some(entry)) => return Ok(entry),
                Ok(None) => {}
                Err(error) => {
                    if matches!(error, PresenceError::Banned { .. }) {
                        let mut ledger = place.ledger.lock();
                        ledger.refuse(room, occupant.session, Instant::now());
                        place.settle_now.notify_one();
                    }
                    return Err(error);
                }
            }
        }
        // The session left while it entered.
        let Roster {
            count, revision, ..
        } = place.scripts.roster(&place.link, room, None, 0).await?;
        Ok(Entry { count, revision })
    }

    async fn leave(&self, room: &RoomName, session: SessionId) -> Result<(), PresenceError> {
        let place = self.place(room);
        let gone = place.ledger.lock().leave(room, session, Instant::now());
        match gone {
            Some(user) => {
                place.settle_now.notify_one();
                attend(place, room, &user, false).await.map(|_| ())
            }
            None => Ok(()),
        }
    }

    async fn roster(
        &self,
        room: &RoomName,
        after: Option<&UserId>,
        limit: usize,
    ) -> Result<Roster, PresenceError> {
        let place = self.place(room);
        place.scripts.roster(&place.link, room, after, limit).await
    }

    async fn sessions(&self, user: &UserId) -> Result<Sessions, PresenceError> {
        let inbox = RoomName::inbox(user);
        let place = self.place(&inbox);
        let all = place.scripts.sessions(&place.link, &inbox, user).await?;
        Ok(Sessions::first(all, place.config.sessions_listed_max))
    }

    async fn last_seen(&self, user: &UserId) -> Result<Option<u64>, PresenceError> {
        let inbox = RoomName::inbox(user);
        let mut command = ::redis::cmd("GET");
        command.arg(keys::seen(&inbox));
        self.place(&inbox).link.ask(&command).await
    }

    async fn typing(
        &self,
        room: &RoomName,
        user: &UserId,
        typing: bool,
    ) -> Result<bool, PresenceError> {
        typing::typing(self.place(room), room, user, typing).await
    }

    async fn typists(&self, room: &RoomName, limit: usize) -> Result<Vec<UserId>, PresenceError> {
        let place = self.place(room);
        place.scripts.typists(&place.link, room, limit).await
    }

    async fn read(
        &self,
        room: &RoomName,
        user: &UserId,
        epoch: Epoch,
        seq: Seq,
    ) -> Result<Option<Seq>, PresenceError> {
        let place = self.place(room);
        let terms = (place.config.read_ttl_ms, place.config.reads_per_room_max);
        let read = ReadMark { epoch, seq };
        let moved = place
            .scripts
            .read(&place.link, (room, user), read, terms)
            .await?;
        Ok(moved.then_some(seq))
    }

    async fn mark(
        &self,
        room: &RoomName,
        user: &UserId,
    ) -> Result<Option<ReadMark>, PresenceError> {
        let place = self.place(room);
        place.scripts.mark(&place.link, room, user).await
    }

    async fn marks(
        &self,
        room: &RoomName,
        after: Option<&UserId>,
        limit: usize,
    ) -> Result<Marks, PresenceError> {
        let place = self.place(room);
        place.scripts.marks(&place.link, room, after, limit).await
    }

    async fn ban(&self, room: &RoomName, user: &UserId, for_ms: u64) -> Result<u64, PresenceError> {
        let place = self.place(room);
        let max = place.config.bans_per_room_max;
        let who = (room, user);
        place.bans.ban(&place.link, who, for_ms, max).await
    }

    async fn unban(&self, room: &RoomName, user: &UserId) -> Result<bool, PresenceError> {
        let place = self.place(room);
        place.bans.unban(&place.link, room, user).await
    }

    async fn banned(&self, room: &RoomName, user: &UserId) -> Result<Option<u64>, PresenceError> {
        let place = self.place(room);
        place.bans.banned(&place.link, room, user).await
    }

    async fn bans(
        &self,
        room: &RoomName,
        after: Option<&UserId>,
        limit: usize,
    ) -> Result<Bans, PresenceError> {
        let place = self.place(room);
        place.bans.list(&place.link, room, after, limit).await
    }

    async fn retire(&self) {
        let mut tasks = std::mem::take(&mut *self.tasks.lock());
        tasks.shutdown().await;
        for place in &self.places {
            retire(place).await;
        }
    }

    fn links(&self) -> Vec<LinkState> {
        let places = self.places.iter();
        places.flat_map(|place| place.link.states()).collect()
    }
}
