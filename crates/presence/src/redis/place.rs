//! One Redis and what this node has there: the noun that the verbs around it work on.

use parking_lot::Mutex;
use roomcast_protocol::NodeId;
use tokio::sync::Notify;

use super::bans::BanScripts;
use super::ledger::Ledger;
use super::link::Link;
use super::scripts::Scripts;
use crate::changes::Teller;
use crate::config::PresenceConfig;

/// One Redis, and this node's share of its rooms. Each has its own lease.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) config: PresenceConfig,
    pub(super) node: NodeId,
    /// Its place in the configuration.
    pub(super) index: usize,
    pub(super) link: Link,
    pub(super) scripts: Scripts,
    pub(super) bans: BanScripts,
    pub(super) teller: Teller,
    /// Never locked across an await.
    pub(super) ledger: Mutex<Ledger>,
    /// Rings when something came onto the ledger's agenda.
    pub(super) settle_now: Notify,
}
