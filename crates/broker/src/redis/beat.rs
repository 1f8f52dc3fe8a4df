//! What a command link does once a second to show that it lives.

use std::sync::Arc;

use redis::RedisResult;
use roomcast_redis::{Connection, Spot};
use tokio::sync::mpsc;

use super::names::Names;
use super::round_trip::RoundTrip;
use super::subscriber::Request;

/// A beat: every link pings; one link of a server does it by looking for the witness.
pub(super) enum Beat {
    Ping,
    Witness(Witness),
}

impl Beat {
    /// One beat; an error means that the link is of no use any more.
    pub(super) async fn beat(&mut self, connection: &mut Connection) -> RedisResult<()> {
        match self {
            Self::Ping => redis::cmd("PING").query_async(connection).await,
            Self::Witness(witness) => witness.beat(connection).await,
        }
    }

    /// A connection was made, to there.
    pub(super) async fn connected(&self, to: &Spot) {
        if let Self::Witness(witness) = self {
            witness.moved(to.clone()).await;
        }
    }
}

/// What the first link's beat does: it lets the node hear itself, and looks whether Redis still
/// knows what it knew. A flush cuts no connection; this is how it is noticed in a quiet room.
pub(super) struct Witness {
    names: Arc<Names>,
    /// Under which name what was seen.
    seen: Option<(String, String)>,
    requests: mpsc::Sender<Request>,
    round_trip: Arc<RoundTrip>,
}

impl Witness {
    pub(super) fn new(
        names: Arc<Names>,
        requests: mpsc::Sender<Request>,
        round_trip: Arc<RoundTrip>,
    ) -> Self {
        Self {
            names,
            seen: None,
            requests,
            round_trip,
        }
    }

    async fn beat(&mut self, connection: &mut Connection) -> RedisResult<()> {
        let name = self.names.witness();
        let mut probe = redis::cmd("SPUBLISH");
        probe.arg(self.names.probe()).arg("p");
        let mut look = redis::cmd("GET");
        look.arg(&name);
        let mut pipe = redis::pipe();
        pipe.add_command(probe).ignore().add_command(look);
        let (witness,): (Option<String>,) = pipe.query_async(connection).await?;
        self.round_trip.went_out();
        let witness = match witness {
            Some(witness) => witness,
            None => testify(&name, connection).await?,
        };
        let before = self.seen.replace((name, witness));
        let forgotten = match (before, &self.seen) {
            (Some((name, word)), Some((same, now))) => name == *same && word != *now,
            _ => false,
        };
        if forgotten {
            tracing::warn!("Redis has forgotten what it knew; comparing every room");
            // The subscriber only ends with the node.
            let _ = self.requests.send(Request::Forgotten).await;
        }
        Ok(())
    }

    /// The link leads elsewhere now: what the subscriber has may be of the master of before.
    pub(super) async fn moved(&self, to: Spot) {
        let _ = self.requests.send(Request::Elsewhere(to)).await;
    }
}

/// Leaves a witness, unless another node was faster; the one that stands.
async fn testify(name: &str, connection: &mut Connection) -> RedisResult<String> {
    let fresh = format!("{:016x}", rand::random::<u64>());
    let (_, witness): (Option<String>, String) = redis::pipe()
        .cmd("SET")
        .arg(name)
        .arg(fresh)
        .arg("NX")
        .cmd("GET")
        .arg(name)
        .query_async(connection)
        .await?;
    Ok(witness)
}
