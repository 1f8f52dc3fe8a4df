//! One Redis server that keeps some of the rooms: its command links, its subscribe link, its pool.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use redis::{Client, ConnectionInfo, IntoConnectionInfo as _};
use roomcast_protocol::{NodeId, RoomName};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::{Duration, Instant, sleep};

use super::beat::{Beat, Witness};
use super::command_link::CommandLink;
use super::config::RedisConfig;
use super::durable::Durable;
use super::round_trip::RoundTrip;
use super::subscriber::{REQUESTS_MAX, Request, Subscriber};
use super::subscriptions::Subscriptions;
use super::trouble::Trouble;
use crate::error::ConnectError;
use crate::port::FeedEvent;
use crate::route::feed_index;

/// How long to wait for a Redis that doesn't answer when the node starts.
const START_PATIENCE: Duration = Duration::from_secs(20);
/// How often to ask then.
const START_RETRY: Duration = Duration::from_millis(500);

pub(super) struct Server {
    links: Vec<Arc<CommandLink>>,
    pub(super) durable: Option<Durable>,
    pub(super) requests: mpsc::Sender<Request>,
    pub(super) round_trip: Arc<RoundTrip>,
    pub(super) trouble: Arc<Trouble>,
    rooms: Arc<AtomicU64>,
    tasks: Vec<AbortHandle>,
}

impl Server {
    /// Connects, checks that the server is suitable, and starts its tasks.
    pub(super) async fn start(
        url: &str,
        config: &RedisConfig,
        feeds: &[mpsc::Sender<FeedEvent>],
    ) -> Result<Self, ConnectError> {
        let shown = without_password(url);
        let bad = |expected: String| ConnectError::BadAddress {
            url: shown.clone(),
            expected,
        };
        let info = connection_info(url).map_err(&bad)?;
        let trouble = Arc::new(Trouble::default());
        let durable = match config.durable_replicas {
            0 => None,
            replicas => Some(Durable::new(info.clone(), replicas).map_err(bad)?),
        };
        let mut links = Vec::with_capacity(config.connections);
        for _ in 0..config.connections.max(1) {
            let client = Client::open(info.clone()).map_err(|error| ConnectError::BadAddress {
                url: shown.clone(),
                expected: error.to_string(),
            })?;
            links.push(Arc::new(CommandLink::new(client, trouble.clone())));
        }
        for link in &links {
            start_patiently(link, &shown).await?;
        }
        let (requests, wishes) = mpsc::channel(REQUESTS_MAX);
        let mut server = Self {
            links,
            durable,
            requests,
            round_trip: Arc::new(RoundTrip::new()),
            trouble,
            rooms: Arc::default(),
            tasks: Vec::new(),
        };
        server.spawn(info, &config.node, wishes, feeds);
        Ok(server)
    }

    /// The link for a room: always the same one, so that what is sent in order arrives in order.
    pub(super) fn link(&self, room: &RoomName) -> &CommandLink {
        &self.links[feed_index(room, self.links.len())]
    }

    pub(super) fn rooms(&self) -> u64 {
        self.rooms.load(Ordering::Relaxed)
    }

    fn spawn(
        &mut self,
        info: ConnectionInfo,
        node: &NodeId,
        wishes: mpsc::Receiver<Request>,
        feeds: &[mpsc::Sender<FeedEvent>],
    ) {
        let subscriber = Subscriber {
            info,
            node: node.clone(),
            requests: wishes,
            feeds: feeds.to_vec(),
            round_trip: self.round_trip.clone(),
            trouble: self.trouble.clone(),
            rooms: self.rooms.clone(),
            subscriptions: Subscriptions::default(),
        };
        self.tasks
            .push(tokio::spawn(subscriber.run()).abort_handle());
        for (index, link) in self.links.iter().enumerate() {
            let beat = match index {
                0 => Beat::Witness(Witness::new(node, self.requests.clone())),
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

async fn start_patiently(link: &CommandLink, url: &str) -> Result<(), ConnectError> {
    let until = Instant::now() + START_PATIENCE;
    loop {
        match link.start(url).await {
            Err(ConnectError::Unreachable { detail, .. }) if Instant::now() < until => {
                tracing::warn!(url, detail, "Redis does not answer yet");
                sleep(START_RETRY).await;
            }
            done => return done,
        }
    }
}

fn connection_info(url: &str) -> Result<ConnectionInfo, String> {
    let expected = || "expected redis://[user:password@]host[:port]".to_owned();
    let info = url.into_connection_info().map_err(|_| expected())?;
    if !matches!(info.addr(), redis::ConnectionAddr::Tcp(..)) {
        return Err(expected());
    }
    let tcp = info.tcp_settings().clone().set_nodelay(true);
    Ok(info.set_tcp_settings(tcp))
}

/// A Redis address as it may be shown.
fn without_password(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if scheme + 3 <= at => {
            format!("{}***{}", &url[..scheme + 3], &url[at..])
        }
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_address_has_no_password() {
        assert_eq!(without_password("redis://u:secret@h:1"), "redis://***@h:1");
        assert_eq!(without_password("redis://h:1"), "redis://h:1");
    }

    #[test]
    fn an_address_that_can_not_be_subscribed_to_is_refused_with_what_is_expected() {
        for bad in ["", "h:1", "http://h", "unix:///tmp/redis.sock"] {
            assert!(
                connection_info(bad).unwrap_err().contains("redis://"),
                "{bad}"
            );
        }
        assert!(connection_info("redis://:pw@127.0.0.1:6379").is_ok());
    }
}
