//! Orders about users: the part of the relay that ends sessions and takes them out of rooms.
//!
//! An order comes through the user's inbox, where every session of theirs on this node is a member;
//! what it says of another room goes on to the relay of that room.

use std::collections::HashMap;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use roomcast_presence::Ban;
use roomcast_protocol::{
    Control, ErrorFrame, Order as What, RoomName, ServerFrame, SessionId, TypingSeen, UserId,
    encode_server,
};
use tokio::time::Instant;

use super::member::Member;
use super::order::Order;
use super::reading::Done;
use super::relay::Relay;
use super::removed::refusal_of;
use crate::frame::Frame;
use crate::outbox::Goodbye;
use crate::typing;

impl Relay {
    pub(super) fn heed(&mut self, control: Control) {
        let Control { room: inbox, order } = control;
        match order {
            What::Disconnect {
                session,
                code,
                reason,
            } => self.disconnect(&inbox, session, code, &reason),
            What::Remove {
                from,
                banned_until_ms,
            } => {
                let Some(user) = inbox.owner() else { return };
                let Some(shard) = self.siblings.of(&from) else {
                    return;
                };
                let order = Order::TakeOut {
                    room: from,
                    user,
                    banned_until_ms,
                };
                self.reads.push(Box::pin(async move {
                    let _ = shard.send(order).await;
                    Done::Nothing
                }));
            }
        }
    }

    fn disconnect(
        &mut self,
        inbox: &RoomName,
        session: Option<SessionId>,
        code: u16,
        reason: &str,
    ) {
        let Some(room) = self.rooms.get_mut(inbox) else {
            return;
        };
        for member in room.members.iter_mut() {
            if session.is_none_or(|it| it == member.session) {
                member.outbox.close(Goodbye::told(code, reason));
            }
        }
    }

    /// Takes a user's sessions out of a room.
    pub(super) fn take_out(&mut self, name: RoomName, user: UserId, banned_until_ms: Option<u64>) {
        self.removed.note(&name, &user, banned_until_ms);
        let Some(room) = self.rooms.get_mut(&name) else {
            return;
        };
        let theirs = room.members.iter_mut().filter(|it| it.user == user);
        let theirs: Vec<_> = theirs.map(|it| (it.session, it.outbox.clone())).collect();
        if theirs.is_empty() {
            return;
        }
        let error = ErrorFrame {
            room: Some(name.clone()),
            ..ErrorFrame::new(None, refusal_of(&name, banned_until_ms))
        };
        let told = Frame::from(encode_server(&ServerFrame::Error(error)));
        for (session, outbox) in theirs {
            room.members.remove(session);
            let (presence, left) = (self.presence.clone(), name.clone());
            let mut leaving: BoxFuture<'static, Done> = Box::pin(async move {
                if let Err(error) = presence.leave(&left, session).await {
                    tracing::debug!(room = %left, %error, "presence learns later who was taken out");
                }
                Done::Nothing
            });
            // Begun before the session is told: it may join again at once, and must not be taken
            // for leaving afterwards.
            let is_done = leaving.as_mut().now_or_never().is_some();
            outbox.take_out(&name);
            outbox.answer(told.clone());
            if !is_done {
                self.reads.push(leaving);
            }
        }
        self.stop_typing(name, user);
    }

    /// Takes out whom of these is in a room.
    pub(super) fn take_out_banned(&mut self, name: &RoomName, bans: Vec<Ban>) {
        let Some(room) = self.rooms.get_mut(name) else {
            return;
        };
        if bans.is_empty() {
            return;
        }
        let bans: HashMap<UserId, u64> =
            bans.into_iter().map(|it| (it.user, it.until_ms)).collect();
        let banned = |member: &mut Member| {
            let until_ms = bans.get(&member.user)?;
            Some((member.user.clone(), *until_ms))
        };
        let here: HashMap<UserId, u64> = room.members.iter_mut().filter_map(banned).collect();
        for (user, until_ms) in here {
            self.take_out(name.clone(), user, Some(until_ms));
        }
    }

    /// Looks bans up again for who has become a member and asked before they were looked up.
    pub(super) fn doubt_joiner(&mut self, name: &RoomName, asked_at: Instant) {
        let room = self.rooms.get_mut(name);
        let Some(company) = room.and_then(|room| room.company.as_mut()) else {
            return;
        };
        if company.bans_read_at.is_some_and(|at| at >= asked_at) {
            company.must_check_bans = true;
            self.stir(name);
        }
    }

    /// Ends the typing of somebody who is taken out, if they type.
    fn stop_typing(&mut self, room: RoomName, user: UserId) {
        let (presence, broker) = (self.presence.clone(), self.broker.clone());
        self.reads.push(Box::pin(async move {
            let typing = false;
            typing::tell(&*presence, &*broker, TypingSeen { room, user, typing }).await;
            Done::Nothing
        }));
    }
}
