//! What the public routes share.

use std::sync::Arc;

use roomcast_gateway::Node;
use tokio_util::task::TaskTracker;

use crate::auth::Doorman;

/// What the routes need.
#[derive(Clone)]
pub struct Doors {
    /// The engine.
    pub node: Arc<Node>,
    /// Who may come in.
    pub doorman: Arc<Doorman>,
    /// Runs the sessions.
    pub sessions: TaskTracker,
    /// Whether to serve the page.
    pub page: bool,
}
