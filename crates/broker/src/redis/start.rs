//! How a node comes to its homes, when it starts.
//!
//! Keeps true: an address that can't keep our promises is refused, and one that is merely away costs its
//! own rooms: the node starts with the others, and it joins when it is back. Where all are away the
//! node waits, then gives up.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::config::RedisConfig;
use super::home::Home;
use super::server::START_PATIENCE;
use crate::error::ConnectError;
use crate::port::FeedEvent;

/// How long to wait for the others once one is there.
const OTHERS_PATIENCE: Duration = Duration::from_millis(2_000);

/// The home at each address, in their order.
pub(super) async fn homes(
    config: &RedisConfig,
    feeds: &[mpsc::Sender<FeedEvent>],
) -> Result<Vec<Home>, ConnectError> {
    let addresses = &config.addresses;
    let mut homes: Vec<Option<Home>> = addresses.iter().map(|_| None).collect();
    let starts = addresses.iter().enumerate();
    let mut starting: FuturesUnordered<_> = starts
        .map(|(index, address)| async move { (index, Home::start(address, config, feeds).await) })
        .collect();
    // Each of them gives up by itself before that.
    let mut until = Instant::now() + 2 * START_PATIENCE;
    let mut trouble = None;
    while let Ok(Some((index, started))) = timeout_at(until, starting.next()).await {
        match started {
            Ok(home) => {
                homes[index] = Some(home);
                until = until.min(Instant::now() + OTHERS_PATIENCE);
            }
            Err(away @ ConnectError::Unreachable { .. }) => trouble = Some(away),
            Err(error) => return Err(error),
        }
    }
    drop(starting);
    if let Some(trouble) = trouble.filter(|_| homes.iter().all(Option::is_none)) {
        return Err(trouble);
    }
    let homes = homes.into_iter().zip(addresses).map(|(home, address)| {
        home.unwrap_or_else(|| {
            tracing::warn!(
                url = address.shown(),
                "Redis is away; its rooms wait for it"
            );
            Home::join(address, config, feeds)
        })
    });
    Ok(homes.collect())
}
