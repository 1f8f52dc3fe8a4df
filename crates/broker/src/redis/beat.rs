//! What a command link does once a second to show that it lives.

use redis::RedisResult;
use redis::aio::MultiplexedConnection;
use roomcast_protocol::NodeId;
use tokio::sync::mpsc;

use super::keys;
use super::subscriber::Request;

/// A beat: every link pings; one link of a server does it by looking for the witness.
pub(super) enum Beat {
    Ping,
    Witness(Witness),
}

impl Beat {
    /// One beat; an error means that the link is of no use any more.
    pub(super) async fn beat(&mut self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        match self {
            Self::Ping => redis::cmd("PING").query_async(connection).await,
            Self::Witness(witness) => witness.beat(connection).await,
        }
    }
}

/// What the first link's beat does: it lets the node hear itself, and looks whether Redis still
/// knows what it knew. A flush cuts no connection; this is how it is noticed in a quiet room.
pub(super) struct Witness {
    probe: String,
    seen: Option<String>,
    requests: mpsc::Sender<Request>,
}

impl Witness {
    pub(super) fn new(node: &NodeId, requests: mpsc::Sender<Request>) -> Self {
        Self {
            probe: keys::probe(node),
            seen: None,
            requests,
        }
    }

    async fn beat(&mut self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        let (_, witness): (u64, Option<String>) = redis::pipe()
            .cmd("SPUBLISH")
            .arg(&self.probe)
            .arg("p")
            .cmd("GET")
            .arg(keys::WITNESS)
            .query_async(connection)
            .await?;
        let witness = match witness {
            Some(witness) => witness,
            None => testify(connection).await?,
        };
        let forgotten = self.seen.as_ref().is_some_and(|seen| *seen != witness);
        self.seen = Some(witness);
        if forgotten {
            tracing::warn!("Redis has forgotten what it knew; comparing every room");
            // The subscriber only ends with the node.
            let _ = self.requests.send(Request::Forgotten).await;
        }
        Ok(())
    }
}

/// Leaves a witness, unless another node was faster; the one that stands.
async fn testify(connection: &mut MultiplexedConnection) -> RedisResult<String> {
    let fresh = format!("{:016x}", rand::random::<u64>());
    let (_, witness): (Option<String>, String) = redis::pipe()
        .cmd("SET")
        .arg(keys::WITNESS)
        .arg(fresh)
        .arg("NX")
        .cmd("GET")
        .arg(keys::WITNESS)
        .query_async(connection)
        .await?;
    Ok(witness)
}
