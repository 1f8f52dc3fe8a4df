//! One Redis to connect to, wherever it is at the moment.
//!
//! A master that sentinels watch is looked for at each connect, and asked whether it agrees that it is
//! the master. Leaves keeping the connection to its caller.

use std::fmt;
use std::time::Duration;

use redis::{ConnectionInfo, ErrorKind, RedisResult, Value};

use crate::address::{Address, Shape};
use crate::connection::Connection;
use crate::door::{DialError, Door, Patience, Stream};
use crate::sentinels::Sentinels;
use crate::spot::Spot;

/// One Redis, and how one gets there.
#[derive(Debug)]
pub struct Target {
    door: Door,
    whereabouts: Whereabouts,
}

#[derive(Debug)]
enum Whereabouts {
    Fixed(Spot),
    Watched(Sentinels),
}

impl Target {
    /// The server or the master at an address. Of a Cluster this is its first node; its masters are
    /// [`crate::Cluster`]'s.
    pub fn of(address: &Address) -> Self {
        let whereabouts = match &address.shape {
            Shape::Single | Shape::Cluster => Whereabouts::Fixed(address.hosts[0].clone()),
            Shape::Sentinel { master } => Whereabouts::Watched(Sentinels::new(
                Door::of_sentinels(address),
                &address.hosts,
                master,
            )),
        };
        Self {
            door: Door::of(address),
            whereabouts,
        }
    }

    /// One that stays where it is.
    pub(crate) fn at(door: Door, spot: Spot) -> Self {
        Self {
            door,
            whereabouts: Whereabouts::Fixed(spot),
        }
    }

    /// Where it is now.
    ///
    /// # Errors
    /// If no sentinel can say.
    pub async fn locate(&self) -> RedisResult<Spot> {
        match &self.whereabouts {
            Whereabouts::Fixed(spot) => Ok(spot.clone()),
            Whereabouts::Watched(sentinels) => sentinels.locate().await,
        }
    }

    /// Whether it is known to be elsewhere than here by now. Asks the sentinels, not too often.
    pub async fn has_moved(&self, from: &Spot) -> bool {
        match &self.whereabouts {
            Whereabouts::Fixed(_) => false,
            Whereabouts::Watched(sentinels) => {
                let now = sentinels.locate_lately().await;
                now.is_ok_and(|now| now != *from)
            }
        }
    }

    /// Whether it may be elsewhere at the next connect.
    pub fn moves(&self) -> bool {
        matches!(self.whereabouts, Whereabouts::Watched(_))
    }

    /// Connects to it where it is now.
    ///
    /// # Errors
    /// If it can't be found or reached, or is no master where it should be one.
    pub async fn connect(&self, patience: Patience) -> RedisResult<(Connection, Spot)> {
        let spot = self.locate().await?;
        let mut connection = self.door.connect(&spot, patience).await?;
        if self.moves() && !is_master(&mut connection).await? {
            return Err((
                ErrorKind::Io,
                "it is not the master (yet)",
                spot.to_string(),
            )
                .into());
        }
        Ok((connection, spot))
    }

    /// Opens a bare stream to it where it is now.
    ///
    /// # Errors
    /// If it can't be found or reached.
    pub async fn dial(&self, patience: Duration) -> Result<(Stream, Spot), DialError> {
        let spot = self.locate().await?;
        let stream = self.door.dial(&spot, patience).await?;
        Ok((stream, spot))
    }

    /// How the client library makes a connection to it there by itself.
    ///
    /// # Errors
    /// If TLS can't be set up.
    pub fn info(&self, spot: &Spot) -> RedisResult<ConnectionInfo> {
        self.door.info(spot)
    }

    /// The user and the password to log in with.
    pub fn login(&self) -> Option<(&str, &str)> {
        let login = &self.door.login;
        let user = login.user.as_deref().unwrap_or("default");
        Some((user, login.password.as_deref()?))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.whereabouts {
            Whereabouts::Fixed(spot) => spot.fmt(f),
            Whereabouts::Watched(sentinels) => write!(f, "the master {}", sentinels.master()),
        }
    }
}

async fn is_master(connection: &mut Connection) -> RedisResult<bool> {
    let role: Vec<Value> = redis::cmd("ROLE").query_async(connection).await?;
    Ok(match role.first() {
        Some(Value::BulkString(role)) => role == b"master",
        Some(Value::SimpleString(role)) => role == "master",
        _ => false,
    })
}
