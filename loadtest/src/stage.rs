//! The cluster that faults are done to: one of somebody else, or our own rig.
//!
//! Keeps true: what can't be done is told before the run; what was stopped or starved goes on when the
//! stage is gone. Leaves the timetable to the run, and what clients do themselves to the load.

pub mod cluster;
mod command;
pub mod error;
mod held;
mod store;

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::fault::deed::Deed;
use crate::rig::Rig;
use crate::signal::{self, Sign};
use cluster::Cluster;
use error::StageError;
use held::Held;

/// The process that is Redis.
const REDIS: &str = "redis";
/// For a drain of any usual window.
const DRAIN_PATIENCE: Duration = Duration::from_secs(90);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A cluster, and what is being done to it.
pub struct Stage {
    held: Held,
    /// The bound of Redis' memory before it was taken.
    memory: Option<String>,
    place: Place,
}

enum Place {
    Ours(Box<Rig>),
    Theirs(Cluster),
}

impl Stage {
    /// A cluster of our own.
    pub fn ours(rig: Rig) -> Self {
        Self::at(Place::Ours(Box::new(rig)))
    }

    /// A cluster that we did not start.
    pub fn theirs(cluster: Cluster) -> Self {
        Self::at(Place::Theirs(cluster))
    }

    fn at(place: Place) -> Self {
        Self {
            held: Held::default(),
            memory: None,
            place,
        }
    }

    /// The rig, if the cluster is our own.
    pub fn rig(&self) -> Option<&Rig> {
        match &self.place {
            Place::Ours(rig) => Some(rig),
            Place::Theirs(_) => None,
        }
    }

    /// Where clients connect.
    pub fn targets(&self) -> Vec<String> {
        match &self.place {
            Place::Ours(rig) => rig.targets(),
            Place::Theirs(cluster) => cluster.targets.clone(),
        }
    }

    /// The processes that are known, by name and number now.
    pub fn processes(&self) -> Vec<(String, u32)> {
        match &self.place {
            Place::Ours(rig) => rig.processes(),
            Place::Theirs(cluster) => cluster.processes.clone(),
        }
    }

    /// The nodes that something can be done to.
    pub fn nodes(&self) -> Vec<String> {
        match &self.place {
            Place::Ours(rig) => rig.nodes(),
            Place::Theirs(cluster) => {
                let names = cluster.processes.iter().map(|(name, _)| name.clone());
                names.filter(|name| name != REDIS).collect()
            }
        }
    }

    /// What went wrong inside; see [`Rig::trouble`].
    pub fn trouble(&mut self) -> Vec<String> {
        match &mut self.place {
            Place::Ours(rig) => rig.trouble(),
            Place::Theirs(_) => Vec::new(),
        }
    }

    /// The ends of the logs that are known.
    pub fn last_lines(&self) -> String {
        self.rig().map(Rig::last_lines).unwrap_or_default()
    }

    /// Whether a deed can be done here.
    ///
    /// # Errors
    /// Why it can't.
    pub fn can(&self, deed: &Deed) -> Result<(), StageError> {
        if deed.is_of_the_load() {
            return Err(StageError::OfTheLoad);
        }
        if let Some(node) = deed.node() {
            let known = self.nodes();
            if !known.iter().any(|name| name == node) {
                let node = node.to_owned();
                let known = known.join(", ");
                return Err(StageError::NoNode { node, known });
            }
        }
        if matches!(deed, Deed::Starve { .. }) && !cfg!(target_os = "linux") {
            return Err(StageError::Unable(
                "limits of other processes can be set on Linux only",
            ));
        }
        match (deed, &self.place) {
            (Deed::RedisRestart, Place::Theirs(_)) => Err(StageError::Unable(
                "a Redis that is to come back must be started by us; use run:<command>",
            )),
            (Deed::RedisStop, _) => self.pid(REDIS).map(|_| ()),
            (Deed::CutFeed | Deed::CutCommands | Deed::RedisFlush | Deed::RedisFull, _) => {
                self.redis().map(|_| ())
            }
            _ => Ok(()),
        }
    }

    /// Begins a deed.
    ///
    /// # Errors
    /// It can't be done, or went wrong.
    pub async fn begin(&mut self, deed: &Deed) -> Result<(), StageError> {
        self.can(deed)?;
        match deed {
            Deed::Kill { node } => {
                self.held.forget(self.pid(node)?);
                match &mut self.place {
                    Place::Ours(rig) => Ok(rig.kill_node(node).await?),
                    Place::Theirs(_) => self.send(node, Sign::Kill),
                }
            }
            Deed::Drain { node } => self.send(node, Sign::Terminate),
            Deed::Stop { node } => self.hold("stopping", node, Held::stop),
            Deed::RedisStop => self.hold("stopping", REDIS, Held::stop),
            Deed::Starve { node } => self.hold("limiting", node, Held::starve),
            Deed::CutFeed => store::cut_feed(self.redis()?).await,
            Deed::CutCommands => store::cut_commands(self.redis()?).await,
            Deed::RedisFlush => store::flush(self.redis()?).await,
            Deed::RedisFull => {
                let before = store::fill(self.redis()?).await?;
                // Twice at once, and only the first knows what it was.
                self.memory.get_or_insert(before);
                Ok(())
            }
            Deed::RedisRestart => {
                self.held.forget(self.pid(REDIS)?);
                if let Place::Ours(rig) = &mut self.place {
                    rig.kill_redis().await;
                }
                Ok(())
            }
            Deed::Run { command, .. } => command::run(command).await,
            Deed::Reconnect | Deed::SlowReaders { .. } | Deed::HalfOpen { .. } => {
                Err(StageError::OfTheLoad)
            }
        }
    }

    /// Ends a deed that has begun: what was killed runs again and is ready, what was stopped goes on. What
    /// was drained is waited for first, which takes as long as it takes; so does a node that finds no
    /// Redis. A node of somebody else is for them to start.
    ///
    /// # Errors
    /// It can't be undone.
    pub async fn end(&mut self, deed: &Deed) -> Result<(), StageError> {
        match deed {
            Deed::Kill { node } => match &mut self.place {
                Place::Ours(rig) => Ok(rig.start_node(node).await?),
                Place::Theirs(_) => Ok(()),
            },
            Deed::Drain { node } => match &mut self.place {
                Place::Ours(rig) => {
                    rig.await_drain(node).await?;
                    Ok(rig.start_node(node).await?)
                }
                Place::Theirs(_) => self.await_end(node).await,
            },
            Deed::Stop { node } => self.release("going on with", node, Held::go_on),
            Deed::RedisStop => self.release("going on with", REDIS, Held::go_on),
            Deed::Starve { node } => self.release("giving files back to", node, Held::feed),
            Deed::RedisFull => match self.memory.take() {
                Some(before) => store::bound(self.redis()?, &before).await,
                None => Ok(()),
            },
            Deed::RedisRestart => match &mut self.place {
                Place::Ours(rig) => Ok(rig.start_redis().await?),
                Place::Theirs(_) => Ok(()),
            },
            Deed::CutFeed
            | Deed::CutCommands
            | Deed::RedisFlush
            | Deed::Run { .. }
            | Deed::Reconnect
            | Deed::SlowReaders { .. }
            | Deed::HalfOpen { .. } => Ok(()),
        }
    }

    /// Undoes what is not undone yet, and ends a cluster of our own.
    ///
    /// # Errors
    /// Somebody else's Redis could not be given its memory back.
    pub async fn close(mut self) -> Result<(), StageError> {
        drop(std::mem::take(&mut self.held));
        let is_theirs = self.rig().is_none();
        let restored = match self.memory.take().filter(|_| is_theirs) {
            Some(before) => store::bound(self.redis()?, &before).await,
            None => Ok(()),
        };
        if let Place::Ours(rig) = self.place {
            rig.close().await;
        }
        restored
    }

    fn redis(&self) -> Result<&str, StageError> {
        let missing = StageError::Unable("it is not known where Redis is");
        match &self.place {
            Place::Ours(rig) => Ok(rig.redis_url()),
            Place::Theirs(cluster) => cluster.redis.as_deref().ok_or(missing),
        }
    }

    fn pid(&self, name: &str) -> Result<u32, StageError> {
        match &self.place {
            Place::Ours(rig) => Ok(rig.pid(name)?),
            Place::Theirs(cluster) => {
                let named = cluster.processes.iter().find(|(known, _)| known == name);
                let unknown = StageError::Unable("the number of the process redis is not known");
                named.map(|(_, pid)| *pid).ok_or(unknown)
            }
        }
    }

    fn send(&self, name: &str, sign: Sign) -> Result<(), StageError> {
        let sent = signal::send(self.pid(name)?, sign);
        sent.map_err(|source| process_error("signalling", name, source))
    }

    fn hold(
        &mut self,
        what: &'static str,
        name: &str,
        deed: impl FnOnce(&mut Held, u32) -> std::io::Result<()>,
    ) -> Result<(), StageError> {
        let pid = self.pid(name)?;
        deed(&mut self.held, pid).map_err(|source| process_error(what, name, source))
    }

    /// A process that has ended since needs no release.
    fn release(
        &mut self,
        what: &'static str,
        name: &str,
        deed: impl FnOnce(&mut Held, u32) -> std::io::Result<()>,
    ) -> Result<(), StageError> {
        match self.pid(name).is_ok_and(signal::is_alive) {
            true => self.hold(what, name, deed),
            false => Ok(()),
        }
    }

    async fn await_end(&self, node: &str) -> Result<(), StageError> {
        let pid = self.pid(node)?;
        let until = Instant::now() + DRAIN_PATIENCE;
        while signal::is_alive(pid) {
            if Instant::now() >= until {
                return Err(StageError::StillThere(node.to_owned()));
            }
            sleep(LOOK_EVERY).await;
        }
        Ok(())
    }
}

fn process_error(what: &'static str, name: &str, source: std::io::Error) -> StageError {
    let name = name.to_owned();
    StageError::Process { what, name, source }
}
