//! How a session begins: counted, registered, and told where it is.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use roomcast_presence::Occupant;
use roomcast_protocol::{
    Connected, ErrorCode, PROTOCOL_VERSION, Refusal, ServerFrame, SessionId, Since, WireLimits,
};
use tokio::time::Instant;

use crate::clock;
use crate::identity::Identity;
use crate::inbox::Arrival;
use crate::node::Node;
use crate::outbox::Outbox;
use crate::rate::Allowance;
use crate::rooms::Rooms;
use crate::session::Session;

impl Node {
    /// Opens a session; `connected` is the first thing in its mailbox, and `joined` of its inbox, in
    /// which it stood at `inbox` before, comes as soon as the store allows. To be called within a
    /// runtime.
    ///
    /// # Errors
    /// [`ErrorCode::Draining`] when the node is about to stop, [`ErrorCode::TooFast`] when the user
    /// has as many sessions here as allowed.
    pub fn connect(
        self: &Arc<Self>,
        identity: Identity,
        inbox: Option<Since>,
    ) -> Result<Session, Refusal> {
        let id = SessionId::from_uuid(uuid::Uuid::new_v4());
        let outbox = Outbox::new(self.limits().outbox_bytes_max);
        let user_max = self.limits().sessions_per_user_max;
        let mut sessions = self.sessions.lock();
        // Looked at under the lock: a drain says so first and counts the sessions afterwards, so
        // that none slips in between and is never told.
        if self.draining.load(Ordering::Relaxed) {
            return Err(Refusal::new(
                ErrorCode::Draining,
                "this node is about to stop",
            ));
        }
        let there_is_space = sessions.insert(id, &identity.user, &outbox, user_max);
        drop(sessions);
        if !there_is_space {
            let message = format!("{} has {user_max} sessions here already", identity.user);
            return Err(Refusal::new(ErrorCode::TooFast, message));
        }
        self.metrics.sessions.inc();
        self.metrics.sessions_opened.inc();
        let session = Session {
            id,
            allowance: Allowance::new(
                self.limits().commands_per_second,
                self.limits().commands_burst,
                Instant::now(),
            ),
            identity,
            node: self.clone(),
            outbox,
            rooms: Rooms::default(),
            inbox: Arc::default(),
            typing: Vec::new(),
            has_left: false,
        };
        session.answer(&ServerFrame::Connected(self.connected(&session)));
        let arrival = Arrival {
            node: self.clone(),
            occupant: Occupant {
                session: id,
                user: session.identity.user.clone(),
                name: session.identity.name.clone(),
            },
            outbox: session.outbox.clone(),
            since: inbox,
            inbox: session.inbox.clone(),
        };
        tokio::spawn(arrival.run());
        Ok(session)
    }

    fn connected(&self, session: &Session) -> Connected {
        let limits = self.limits();
        Connected {
            session: session.id,
            user: session.identity.user.clone(),
            node: self.id.clone(),
            protocol: PROTOCOL_VERSION,
            heartbeat_ms: limits.heartbeat_ms,
            server_time: clock::now_ms(),
            limits: WireLimits {
                frame_bytes_max: limits.frame_bytes_max as u64,
                message_bytes_max: limits.message_bytes_max as u64,
                data_bytes_max: limits.data_bytes_max as u64,
                rooms_max: u32::try_from(limits.rooms_per_session_max).unwrap_or(u32::MAX),
                page_messages_max: u32::try_from(limits.page_messages_max).unwrap_or(u32::MAX),
            },
        }
    }
}
