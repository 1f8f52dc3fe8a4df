//! Who is where, and how far they have read, for back ends.

use roomcast_presence::{Marks, Roster, Sessions};
use roomcast_protocol::{NodeId, Refusal, RoomName, UserId};

use crate::gate::presence_refusal;
use crate::node::Node;

/// Where a user is.
pub struct Whereabouts {
    /// How many sessions they have, as far as those are listed.
    pub sessions: usize,
    /// On which nodes, each named once.
    pub nodes: Vec<NodeId>,
    /// When the last session ended, in milliseconds since the Unix epoch, if they have none now and
    /// it is still known.
    pub last_seen_ms: Option<u64>,
}

impl Node {
    /// A page of the users in a room, in the order of their ids.
    ///
    /// # Errors
    /// If presence can't be asked.
    pub async fn members(
        &self,
        room: &RoomName,
        after: Option<&UserId>,
        limit: Option<u32>,
    ) -> Result<Roster, Refusal> {
        let limit = self.members_limit(limit);
        let roster = self.presence.roster(room, after, limit).await;
        roster.map_err(|error| presence_refusal(&error))
    }

    /// A page of a room's read marks, in the order of user ids.
    ///
    /// # Errors
    /// If presence can't be asked.
    pub async fn reads(
        &self,
        room: &RoomName,
        after: Option<&UserId>,
        limit: Option<u32>,
    ) -> Result<Marks, Refusal> {
        let limit = self.members_limit(limit);
        let marks = self.presence.marks(room, after, limit).await;
        marks.map_err(|error| presence_refusal(&error))
    }

    /// A user's sessions, on all nodes.
    ///
    /// # Errors
    /// If presence can't be asked.
    pub async fn sessions_of(&self, user: &UserId) -> Result<Sessions, Refusal> {
        let sessions = self.presence.sessions(user).await;
        sessions.map_err(|error| presence_refusal(&error))
    }

    /// Where a user is, or when they were last.
    ///
    /// # Errors
    /// If presence can't be asked.
    pub async fn whereabouts(&self, user: &UserId) -> Result<Whereabouts, Refusal> {
        let sessions = self.sessions_of(user).await?.listed;
        let last_seen_ms = match sessions.is_empty() {
            true => self.presence.last_seen(user).await,
            false => Ok(None),
        };
        // Sessions are listed node by node.
        let mut nodes: Vec<NodeId> = sessions.iter().map(|at| at.node.clone()).collect();
        nodes.dedup();
        Ok(Whereabouts {
            sessions: sessions.len(),
            nodes,
            last_seen_ms: last_seen_ms.map_err(|error| presence_refusal(&error))?,
        })
    }

    /// How many users a page may name, of so many that were asked for.
    pub(crate) fn members_limit(&self, asked: Option<u32>) -> usize {
        let most = self.limits().page_members_max;
        asked.map_or(most, |asked| asked as usize).clamp(1, most)
    }
}
