//! Who is the master now, as its sentinels have it.
//!
//! All are asked at once, and the one whose knowledge is of the latest failover is believed: a sentinel
//! that was cut off still tells the master of before. Keeps a connection to each, one command at a time.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::future::join_all;
use parking_lot::Mutex;
use redis::{ErrorKind, RedisError, RedisResult};
use tokio::time::Instant;

use crate::connection::Connection;
use crate::door::{Door, Patience};
use crate::spot::Spot;

/// What a sentinel has to do its part in. One that can't is left out.
const PATIENCE: Patience = Patience {
    connect: Duration::from_millis(500),
    response: Duration::from_millis(500),
    commands: 16,
};
/// How long what they said is good enough for whoever is merely wondering.
const FRESH: Duration = Duration::from_millis(900);

#[derive(Debug)]
pub(crate) struct Sentinels {
    door: Door,
    master: String,
    sentinels: Vec<Sentinel>,
    latest: Mutex<Option<(Instant, Spot)>>,
}

struct Sentinel {
    spot: Spot,
    connection: Mutex<Option<Connection>>,
}

impl std::fmt::Debug for Sentinel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sentinel({})", self.spot)
    }
}

/// What one sentinel believes.
struct Belief {
    master: Spot,
    /// The number of the failover that made it so.
    config_epoch: u64,
}

impl Sentinels {
    pub(crate) fn new(door: Door, hosts: &[Spot], master: &str) -> Self {
        let sentinel = |spot: &Spot| Sentinel {
            spot: spot.clone(),
            connection: Mutex::new(None),
        };
        Self {
            door,
            master: master.to_owned(),
            sentinels: hosts.iter().map(sentinel).collect(),
            latest: Mutex::new(None),
        }
    }

    /// The name by which they know the master.
    pub(crate) fn master(&self) -> &str {
        &self.master
    }

    /// Asks them.
    pub(crate) async fn locate(&self) -> RedisResult<Spot> {
        let asks = self.sentinels.iter().map(|one| self.ask(one));
        let mut latest: Option<Belief> = None;
        let mut trouble = None;
        for answer in join_all(asks).await {
            match answer {
                Ok(belief) => {
                    let before = latest.as_ref().map(|latest| latest.config_epoch);
                    if before.is_none_or(|before| belief.config_epoch > before) {
                        latest = Some(belief);
                    }
                }
                Err(error) => trouble = Some(error),
            }
        }
        match (latest, trouble) {
            (Some(belief), _) => {
                *self.latest.lock() = Some((Instant::now(), belief.master.clone()));
                Ok(belief.master)
            }
            (None, Some(error)) => Err(error),
            (None, None) => Err((ErrorKind::EmptySentinelList, "no sentinel is named").into()),
        }
    }

    /// The same, asking only if nobody has for a moment.
    pub(crate) async fn locate_lately(&self) -> RedisResult<Spot> {
        let latest = self.latest.lock().clone();
        match latest {
            Some((at, spot)) if at.elapsed() < FRESH => Ok(spot),
            _ => self.locate().await,
        }
    }

    async fn ask(&self, sentinel: &Sentinel) -> RedisResult<Belief> {
        let known = sentinel.connection.lock().clone();
        let mut connection = match known {
            Some(connection) => connection,
            None => {
                let made = self.door.connect(&sentinel.spot, PATIENCE).await?;
                *sentinel.connection.lock() = Some(made.clone());
                made
            }
        };
        let belief = self.belief(&mut connection).await;
        if belief.is_err() {
            *sentinel.connection.lock() = None;
        }
        belief
    }

    async fn belief(&self, connection: &mut Connection) -> RedisResult<Belief> {
        type Known = RedisResult<Option<(String, u16)>>;
        type Answer = (Known, RedisResult<HashMap<String, String>>);
        // While a failover is on its way, the first tells the new master, and the second its number.
        let (address, details): Answer = redis::pipe()
            .cmd("SENTINEL")
            .arg("GET-MASTER-ADDR-BY-NAME")
            .arg(&self.master)
            .cmd("SENTINEL")
            .arg("MASTER")
            .arg(&self.master)
            .ignore_errors()
            .query_async(connection)
            .await?;
        let Some((host, port)) = address? else {
            return Err(RedisError::from((
                ErrorKind::MasterNameNotFoundBySentinel,
                "its sentinels know no master of this name",
            )));
        };
        let epoch = details?
            .get("config-epoch")
            .and_then(|text| text.parse().ok());
        Ok(Belief {
            master: Spot { host, port },
            config_epoch: epoch.unwrap_or(0),
        })
    }
}
