//! The keeper for a cluster: room logs in Redis 7 or newer, in any of its shapes.
//!
//! One script a publish; a few shared connections a server for commands, one of our own for the feed;
//! a pool only for what wants a connection of its own. A room's home among several independent
//! addresses is chosen by rendezvous hash, the same on every node; behind an address is one server, the
//! master that sentinels name, or a Cluster, where the room's slot says which master.

mod backoff;
mod beat;
mod check;
mod cluster;
mod command_link;
mod config;
mod displaced;
mod durable;
mod feed_link;
mod home;
mod keys;
mod map;
mod names;
mod payload;
mod round_trip;
mod router;
mod scripts;
mod server;
mod start;
mod subscriber;
mod subscriptions;
mod trouble;
mod unanswered;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use roomcast_protocol::{Draft, Epoch, Position, RoomName, Signal};
use roomcast_redis::LinkState;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::error::{BrokerError, ConnectError};
use crate::port::{Broker, Feed, Head, Health, LogConfig, Published, Slice, Span, StatsSnapshot};
use crate::route;
pub use config::RedisConfig;
use home::Home;
use server::Server;
use subscriber::Request;

/// Events that may wait in a feed; then the subscriber stops reading, and Redis holds them.
const FEED_EVENTS_MAX: usize = 4_096;
/// How long a subscription may take.
const SUBSCRIBE_TIMEOUT: Duration = Duration::from_millis(2_000);
/// Rooms read in one round trip.
const READ_BATCH_MAX: usize = 100;

type SliceRead = Result<Option<Slice>, BrokerError>;

/// Room logs in Redis.
pub struct RedisBroker {
    homes: Vec<Home>,
    log: LogConfig,
}

impl RedisBroker {
    /// Connects to the addresses, checks that each can keep our promises, and opens `feeds` feeds. Of
    /// several independent ones some may be away: they join when they are back.
    pub async fn connect(
        config: RedisConfig,
        feeds: usize,
    ) -> Result<(Self, Vec<Feed>), ConnectError> {
        let (senders, receivers): (Vec<_>, Vec<_>) =
            (0..feeds).map(|_| mpsc::channel(FEED_EVENTS_MAX)).unzip();
        if config.addresses.is_empty() {
            return Err(ConnectError::BadAddress {
                url: String::new(),
                expected: "expected at least one redis:// address".into(),
            });
        }
        let homes = start::homes(&config, &senders).await?;
        Ok((
            Self {
                homes,
                log: config.log,
            },
            receivers,
        ))
    }

    fn home(&self, room: &RoomName) -> &Home {
        &self.homes[route::home(room, self.homes.len())]
    }

    /// Reads rooms of one server in one round trip. What came of each, by its place in the list.
    async fn read_batch(
        &self,
        server: Arc<Server>,
        batch: Vec<(usize, RoomName, Span)>,
    ) -> Vec<(usize, SliceRead)> {
        let commands = batch
            .iter()
            .map(|(_, room, span)| scripts::read(room, *span))
            .collect();
        let answers = server.link(&batch[0].1).call_many(commands).await;
        let answers = match answers {
            Ok(answers) => answers,
            Err(fault) => {
                let error = self.home(&batch[0].1).trouble.note(fault.error);
                let indices = batch.iter().map(|(index, ..)| *index);
                return indices.map(|index| (index, Err(error.clone()))).collect();
            }
        };
        let reads = batch.iter().zip(answers).map(async |(wanted, answer)| {
            let (index, room, span) = wanted;
            let read = match answer {
                Ok(value) => self.slice(&value, room, *span),
                // It has moved since.
                Err(fault) if fault.is_astray => self.read(room, *span).await,
                Err(fault) => Err(self.home(room).trouble.note(fault.error)),
            };
            (*index, read)
        });
        join_all(reads).await
    }

    fn slice(
        &self,
        answer: &redis::Value,
        room: &RoomName,
        span: Span,
    ) -> Result<Option<Slice>, BrokerError> {
        scripts::slice(answer, room, span, &self.log)
            .map_err(|error| self.home(room).trouble.note(error))
    }
}

#[async_trait]
impl Broker for RedisBroker {
    async fn publish(
        &self,
        draft: &Draft,
        floor: Option<Position>,
    ) -> Result<Published, BrokerError> {
        let home = self.home(&draft.room);
        let command = scripts::publish(draft, floor, &self.log, random_epoch());
        let touch = scripts::touch(draft, &self.log);
        let answer = home.publish(&draft.room, &command, touch).await?;
        scripts::published(&answer).map_err(|error| home.trouble.note(error))
    }

    async fn signal(&self, signal: &Signal) -> Result<(), BrokerError> {
        let room = signal.room();
        let mut command = redis::cmd("SPUBLISH");
        command
            .arg(keys::channel(room))
            .arg(payload::signal(signal));
        self.home(room).call(room, &command).await.map(drop)
    }

    async fn read(&self, room: &RoomName, span: Span) -> Result<Option<Slice>, BrokerError> {
        let command = scripts::read(room, span);
        let answer = self.home(room).call(room, &command).await?;
        self.slice(&answer, room, span)
    }

    async fn read_many(
        &self,
        spans: Vec<(RoomName, Span)>,
    ) -> Vec<Result<Option<Slice>, BrokerError>> {
        let mut slices = vec![Ok(None); spans.len()];
        let mut by_server: Vec<(Arc<Server>, Vec<(usize, RoomName, Span)>)> = Vec::new();
        for (index, (room, span)) in spans.into_iter().enumerate() {
            let server = match self.home(&room).server(&room) {
                Ok(server) => server,
                Err(error) => {
                    slices[index] = Err(error);
                    continue;
                }
            };
            let known = by_server
                .iter_mut()
                .find(|(known, _)| Arc::ptr_eq(known, &server));
            match known {
                Some((_, wanted)) => wanted.push((index, room, span)),
                None => by_server.push((server, vec![(index, room, span)])),
            }
        }
        // One that is away or slow holds up no other.
        let reads = by_server.into_iter().map(async |(server, wanted)| {
            let mut read = Vec::with_capacity(wanted.len());
            for batch in wanted.chunks(READ_BATCH_MAX) {
                read.extend(self.read_batch(server.clone(), batch.to_vec()).await);
            }
            read
        });
        for (index, read) in join_all(reads).await.into_iter().flatten() {
            slices[index] = read;
        }
        slices
    }

    async fn open(&self, room: &RoomName, stale: Option<Epoch>) -> Result<Head, BrokerError> {
        let home = self.home(room);
        let command = scripts::open(room, stale, &self.log, random_epoch());
        let answer = home.call(room, &command).await?;
        scripts::opened(&answer).map_err(|error| home.trouble.note(error))
    }

    async fn subscribe(&self, room: &RoomName) -> Result<(), BrokerError> {
        let (done, subscribed) = oneshot::channel();
        let requests = self.home(room).requests();
        let asked = async {
            requests
                .send(Request::Subscribe(room.clone(), done))
                .await
                .ok()?;
            subscribed.await.ok()
        };
        match timeout(SUBSCRIBE_TIMEOUT, asked).await {
            Ok(Some(())) => Ok(()),
            Ok(None) | Err(_) => Err(BrokerError::Unavailable(format!(
                "{room} could not be subscribed to in time"
            ))),
        }
    }

    async fn unsubscribe(&self, room: &RoomName) {
        // Fails only when the broker itself is being dropped.
        let _ = self
            .home(room)
            .requests()
            .send(Request::Unsubscribe(room.clone()))
            .await;
    }

    fn health(&self) -> Health {
        // One that is away costs its own rooms, on every node alike: it would help nobody to send
        // sessions from one node to the next. A node that has lost most of them may be the one cut off.
        let fresh = self.homes.iter().filter(|home| home.is_fresh());
        if 2 * fresh.count() >= self.homes.len() {
            Health::Ready
        } else {
            Health::Broken
        }
    }

    fn stats(&self) -> StatsSnapshot {
        let snapshots = self.homes.iter().map(Home::stats);
        snapshots.fold(StatsSnapshot::default(), |sum, one| StatsSnapshot {
            reconnects: sum.reconnects + one.reconnects,
            unavailable: sum.unavailable + one.unavailable,
            refused: sum.refused + one.refused,
            corrupt: sum.corrupt + one.corrupt,
            subscriptions: sum.subscriptions + one.subscriptions,
        })
    }

    fn links(&self) -> Vec<LinkState> {
        let homes = self.homes.iter().enumerate();
        homes
            .flat_map(|(index, home)| home.links(&index.to_string()))
            .collect()
    }
}

fn random_epoch() -> Epoch {
    Epoch::from_bits(rand::random())
}
