//! The sessions of one user on one node, as Redis is told of them.

use roomcast_protocol::SessionId;

/// A user's sessions on this node, as they were at one moment; a later edition counts. Edition 0,
/// which lists nothing, is for rooms whose sessions Redis need not know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Listing {
    pub(super) edition: u64,
    pub(super) sessions: Vec<SessionId>,
}
