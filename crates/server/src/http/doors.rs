//! What the public routes share.

use std::sync::Arc;

use roomcast_gateway::Node;
use tokio_util::task::TaskTracker;

use super::metrics::DoorMetrics;
use crate::auth::Doorman;
use crate::socket::Sockets;

/// What the routes need.
#[derive(Clone)]
pub struct Doors {
    /// The engine.
    pub node: Arc<Node>,
    /// Who may come in.
    pub doorman: Arc<Doorman>,
    /// What is counted at the door.
    pub metrics: DoorMetrics,
    /// How conversations are held.
    pub sockets: Arc<Sockets>,
    /// Runs the sessions.
    pub sessions: TaskTracker,
    /// Whether to serve the page.
    pub page: bool,
}
