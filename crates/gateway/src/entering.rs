//! Entering a room in presence, and what comes with it. Presence that doesn't answer keeps nobody
//! out: it heals by itself, and the room is told then.

use roomcast_presence::{Occupant, PresenceError};
use roomcast_protocol::{Refusal, RoomName};

use crate::gate::presence_refusal;
use crate::hub::OwnMark;
use crate::node::Node;

/// What presence says of somebody who enters a room.
pub(crate) struct Entered {
    /// The change that let the user in; `None` if that is not known.
    pub(crate) revision: Option<u64>,
    /// How far they have read.
    pub(crate) own_mark: OwnMark,
}

impl Node {
    /// Enters a session into a room.
    ///
    /// # Errors
    /// If its user is banned there.
    pub(crate) async fn enter(
        &self,
        room: &RoomName,
        occupant: &Occupant,
    ) -> Result<Entered, Refusal> {
        let presence = &self.presence;
        let entering = presence.enter(room, occupant);
        let (entry, mark) = tokio::join!(entering, presence.mark(room, &occupant.user));
        let revision = match entry {
            Ok(entry) => Some(entry.revision),
            Err(error @ PresenceError::Banned { .. }) => return Err(presence_refusal(&error)),
            Err(error) => {
                tracing::debug!(%room, %error, "a session is not entered yet");
                None
            }
        };
        let own_mark = match mark {
            Ok(Some(mark)) => OwnMark::At(mark),
            Ok(None) => OwnMark::Never,
            Err(_) => OwnMark::Unknown,
        };
        Ok(Entered { revision, own_mark })
    }
}
