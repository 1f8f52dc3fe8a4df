//! The keeper for a cluster: room logs in Redis 7 or newer, one server or several independent ones.
//!
//! One script a publish; a few shared connections a server for commands, one of our own for the feed;
//! a pool only for what wants a connection of its own. A room's home among several servers is chosen
//! by rendezvous hash, the same on every node.

mod backoff;
mod beat;
mod check;
mod command_link;
mod config;
mod durable;
mod keys;
mod payload;
mod round_trip;
mod scripts;
mod server;
mod subscriber;
mod subscriptions;
mod trouble;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use roomcast_protocol::{Draft, Epoch, Position, RoomName, Signal};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::error::{BrokerError, ConnectError};
use crate::port::{Broker, Feed, Head, Health, LogConfig, Published, Slice, Span, StatsSnapshot};
use crate::route::home;
pub use config::RedisConfig;
use server::Server;
use subscriber::Request;

/// Events that may wait in a feed; then the subscriber stops reading, and Redis holds them.
const FEED_EVENTS_MAX: usize = 4_096;
/// How long a subscription may take.
const SUBSCRIBE_TIMEOUT: Duration = Duration::from_millis(2_000);
/// Rooms read in one round trip.
const READ_BATCH_MAX: usize = 100;

/// Room logs in Redis.
pub struct RedisBroker {
    servers: Vec<Server>,
    log: LogConfig,
}

impl RedisBroker {
    /// Connects to every server, checks that each can keep our promises, and opens `feeds` feeds.
    pub async fn connect(
        config: RedisConfig,
        feeds: usize,
    ) -> Result<(Self, Vec<Feed>), ConnectError> {
        let (senders, receivers): (Vec<_>, Vec<_>) =
            (0..feeds).map(|_| mpsc::channel(FEED_EVENTS_MAX)).unzip();
        let mut servers = Vec::with_capacity(config.urls.len());
        for url in &config.urls {
            servers.push(Server::start(url, &config, &senders).await?);
        }
        if servers.is_empty() {
            return Err(ConnectError::BadAddress {
                url: String::new(),
                expected: "expected at least one redis:// address".into(),
            });
        }
        Ok((
            Self {
                servers,
                log: config.log,
            },
            receivers,
        ))
    }

    fn server(&self, room: &RoomName) -> &Server {
        &self.servers[home(room, self.servers.len())]
    }

    async fn read_batch(
        &self,
        server: &Server,
        batch: &[(usize, RoomName, Span)],
        slices: &mut [Result<Option<Slice>, BrokerError>],
    ) {
        let commands = batch
            .iter()
            .map(|(_, room, span)| scripts::read(room, *span))
            .collect();
        let link = server.link(&batch[0].1);
        match link.call_many(commands).await {
            Ok(answers) => {
                for ((index, room, span), answer) in batch.iter().zip(answers) {
                    slices[*index] = answer
                        .map_err(|error| link.failed_with(&error))
                        .and_then(|value| self.slice(server, &value, room, *span));
                }
            }
            Err(error) => {
                for (index, ..) in batch {
                    slices[*index] = Err(error.clone());
                }
            }
        }
    }

    fn slice(
        &self,
        server: &Server,
        answer: &redis::Value,
        room: &RoomName,
        span: Span,
    ) -> Result<Option<Slice>, BrokerError> {
        scripts::slice(answer, room, span, &self.log).map_err(|error| server.trouble.note(error))
    }
}

#[async_trait]
impl Broker for RedisBroker {
    async fn publish(
        &self,
        draft: &Draft,
        floor: Option<Position>,
    ) -> Result<Published, BrokerError> {
        let server = self.server(&draft.room);
        let command = scripts::publish(draft, floor, &self.log, random_epoch());
        let answer = match &server.durable {
            None => server.link(&draft.room).call(&command).await?,
            Some(durable) => {
                let touch = scripts::touch(draft, &self.log);
                let publish = durable.publish(&command, scripts::all().into_iter(), touch);
                publish.await.map_err(|error| server.trouble.note(error))?
            }
        };
        scripts::published(&answer).map_err(|error| server.trouble.note(error))
    }

    async fn signal(&self, signal: &Signal) -> Result<(), BrokerError> {
        let room = signal.room();
        let mut command = redis::cmd("SPUBLISH");
        command
            .arg(keys::channel(room))
            .arg(payload::signal(signal));
        self.server(room).link(room).call(&command).await.map(drop)
    }

    async fn read(&self, room: &RoomName, span: Span) -> Result<Option<Slice>, BrokerError> {
        let server = self.server(room);
        let answer = server.link(room).call(&scripts::read(room, span)).await?;
        self.slice(server, &answer, room, span)
    }

    async fn read_many(
        &self,
        spans: Vec<(RoomName, Span)>,
    ) -> Vec<Result<Option<Slice>, BrokerError>> {
        let mut slices = vec![Ok(None); spans.len()];
        let mut by_server = vec![Vec::new(); self.servers.len()];
        for (index, (room, span)) in spans.into_iter().enumerate() {
            by_server[home(&room, self.servers.len())].push((index, room, span));
        }
        for (server, wanted) in self.servers.iter().zip(&by_server) {
            for batch in wanted.chunks(READ_BATCH_MAX) {
                self.read_batch(server, batch, &mut slices).await;
            }
        }
        slices
    }

    async fn open(&self, room: &RoomName, stale: Option<Epoch>) -> Result<Head, BrokerError> {
        let server = self.server(room);
        let command = scripts::open(room, stale, &self.log, random_epoch());
        let answer = server.link(room).call(&command).await?;
        scripts::opened(&answer).map_err(|error| server.trouble.note(error))
    }

    async fn subscribe(&self, room: &RoomName) -> Result<(), BrokerError> {
        let (done, subscribed) = oneshot::channel();
        let requests = &self.server(room).requests;
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
            .server(room)
            .requests
            .send(Request::Unsubscribe(room.clone()))
            .await;
    }

    fn health(&self) -> Health {
        if self
            .servers
            .iter()
            .all(|server| server.round_trip.is_fresh())
        {
            Health::Ready
        } else {
            Health::Broken
        }
    }

    fn stats(&self) -> StatsSnapshot {
        let snapshots = self
            .servers
            .iter()
            .map(|server| server.trouble.snapshot(server.rooms()));
        snapshots.fold(StatsSnapshot::default(), |sum, one| StatsSnapshot {
            reconnects: sum.reconnects + one.reconnects,
            unavailable: sum.unavailable + one.unavailable,
            refused: sum.refused + one.refused,
            corrupt: sum.corrupt + one.corrupt,
            subscriptions: sum.subscriptions + one.subscriptions,
        })
    }
}

fn random_epoch() -> Epoch {
    Epoch::from_bits(rand::random())
}
