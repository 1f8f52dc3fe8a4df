//! One session: who it is for, which rooms it is in, how fast it may go. What acts on it is in
//! `command`.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use roomcast_protocol::{
    ErrorFrame, Position, Refusal, RequestId, RoomName, ServerFrame, SessionId, encode_server,
};

use crate::hub::Hub;
use crate::identity::Identity;
use crate::inbox::Inbox;
use crate::node::Node;
use crate::outbox::{Next, Outbox, Outgoing};
use crate::rate::Allowance;
use crate::rooms::Rooms;

/// A session on this node. Dropping it ends it; [`Session::end`] also leaves its rooms at once.
pub struct Session {
    pub(crate) id: SessionId,
    pub(crate) identity: Identity,
    pub(crate) node: Arc<Node>,
    pub(crate) outbox: Outbox,
    pub(crate) allowance: Allowance,
    /// Those it asked for; its inbox is not among them.
    pub(crate) rooms: Rooms,
    /// Its inbox, which it is in as soon as may be.
    pub(crate) inbox: Arc<Inbox>,
    /// Rooms where it was told to type.
    pub(crate) typing: Vec<RoomName>,
    /// Whether it has left everything.
    pub(crate) has_left: bool,
}

/// What is to be written to a session, for the one who owns its socket.
pub struct Mailbox {
    outbox: Outbox,
    hub: Arc<Hub>,
    session: SessionId,
    /// Asks rooms to go on that held messages back.
    asking: Option<Asking>,
}

type Asking = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Session {
    /// The session's id.
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// What is to be written.
    pub fn mailbox(&self) -> Mailbox {
        Mailbox {
            outbox: self.outbox.clone(),
            hub: self.node.hub.clone(),
            session: self.id,
            asking: None,
        }
    }

    /// How long the session may still last, by the token it came with or was given since.
    pub fn time_left(&self, now_ms: u64) -> Option<Duration> {
        let expires_at_ms = self.identity.expires_at_ms?;
        Some(Duration::from_millis(expires_at_ms.saturating_sub(now_ms)))
    }

    /// Ends typing wherever it was told to.
    async fn stop_typing(&mut self) {
        for room in std::mem::take(&mut self.typing) {
            let user = &self.identity.user;
            self.node.tell_typing(&room, user, false).await;
        }
    }

    /// Leaves every room and ends.
    pub async fn end(mut self) {
        self.outbox.shut();
        self.stop_typing().await;
        let rooms = self.rooms.take();
        for room in rooms {
            self.node.leave(room, self.id).await;
        }
        self.node.leave(self.own_inbox(), self.id).await;
        self.has_left = true;
    }

    pub(crate) fn is_in(&self, room: &RoomName) -> bool {
        self.rooms.has(room) || room.is_inbox_of(&self.identity.user)
    }

    /// Forgets the rooms that it was taken out of.
    pub(crate) fn heed_removals(&mut self) {
        for room in self.outbox.taken_out() {
            self.rooms.remove(&room);
            self.typing.retain(|other| *other != room);
        }
    }

    pub(crate) fn own_inbox(&self) -> RoomName {
        RoomName::inbox(&self.identity.user)
    }

    /// How far this node has seen a room the session is in.
    pub(crate) fn seen(&self, room: &RoomName) -> Option<Position> {
        if room.is_inbox_of(&self.identity.user) {
            return self.inbox.position();
        }
        self.rooms.mark(room)?.position()
    }

    pub(crate) fn answer(&self, frame: &ServerFrame) {
        self.outbox.answer(encode_server(frame));
    }

    pub(crate) fn refuse(&self, id: Option<RequestId>, room: Option<RoomName>, refusal: Refusal) {
        self.node.metrics.refused(refusal.code);
        let error = ErrorFrame {
            room,
            ..ErrorFrame::new(id, refusal)
        };
        self.answer(&ServerFrame::Error(error));
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.outbox.shut();
        // A session that ends by a panic must not haunt its rooms.
        let mut rooms = self.rooms.take();
        if let Ok(runtime) = tokio::runtime::Handle::try_current()
            && !self.has_left
        {
            rooms.push(self.own_inbox());
            let (node, session) = (self.node.clone(), self.id);
            runtime.spawn(async move {
                for room in rooms {
                    node.leave(room, session).await;
                }
            });
        }
        self.node.forget(self.id, &self.identity.user);
    }
}

impl Mailbox {
    /// What is to be written next, at most about `bytes_max` of it; else the task is woken when
    /// there is something. Asks rooms to go on that held messages back.
    pub fn poll_next(&mut self, context: &mut Context<'_>, bytes_max: usize) -> Poll<Outgoing> {
        loop {
            // A relay that has much to do may let us wait; writing goes on meanwhile.
            if let Some(asking) = &mut self.asking
                && asking.as_mut().poll(context).is_ready()
            {
                self.asking = None;
            }
            let may_ask = self.asking.is_none();
            match ready!(self.outbox.poll_next(context, bytes_max, may_ask)) {
                Next::Write(outgoing) => return Poll::Ready(outgoing),
                Next::Ask(behind) => self.ask(behind),
            }
        }
    }

    /// Waits for what [`Mailbox::poll_next`] gives. May be dropped while waiting.
    pub async fn next(&mut self, bytes_max: usize) -> Outgoing {
        poll_fn(|context| self.poll_next(context, bytes_max)).await
    }

    /// Whether the outbox is full: until something is taken, the session may not be read from.
    pub fn is_full(&self) -> bool {
        self.outbox.is_full()
    }

    /// Asks for a close with this code once everything waiting is written.
    pub fn close(&self, code: roomcast_protocol::CloseCode) {
        self.outbox.close(code);
    }

    fn ask(&mut self, behind: Vec<RoomName>) {
        let (hub, session) = (self.hub.clone(), self.session);
        self.asking = Some(Box::pin(async move {
            for room in behind {
                hub.refill(room, session).await;
            }
        }));
    }
}
