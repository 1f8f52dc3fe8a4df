//! Making a connection to one of the client's endpoints, within a time.

use std::sync::Arc;
use std::time::Duration;

use roomcast_protocol::Since;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::backoff::Ended;
use crate::endpoint::Endpoint;
use crate::link::{Link, LinkLimits, Opened};
use crate::token::TokenSource;

/// What is needed to make a connection.
#[derive(Clone, Debug)]
pub(crate) struct Dial {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) token: Option<TokenSource>,
    /// How far the user's inbox has come.
    pub(crate) inbox: Option<Since>,
    pub(crate) timeout_ms: u64,
    pub(crate) limits: LinkLimits,
}

/// Makes a connection and awaits its `connected`.
pub(crate) async fn dial(dial: Dial) -> Result<Opened<TcpStream>, Ended> {
    let within = Duration::from_millis(dial.timeout_ms);
    match timeout(within, open(&dial)).await {
        Ok(opened) => opened,
        Err(_) => Err(Ended::lost(format!(
            "no session within {} ms",
            dial.timeout_ms
        ))),
    }
}

async fn open(dial: &Dial) -> Result<Opened<TcpStream>, Ended> {
    let endpoint = &dial.endpoint;
    let token = match &dial.token {
        Some(source) => Some(source.token().await.map_err(|why| Ended::NoToken {
            why: why.to_string(),
        })?),
        None => None,
    };
    let stream = TcpStream::connect((endpoint.host.as_str(), endpoint.port))
        .await
        .map_err(Ended::lost)?;
    stream.set_nodelay(true).map_err(Ended::lost)?;
    let uri = endpoint.uri(dial.inbox);
    Link::open(&uri, token.as_deref(), stream, dial.limits).await
}
