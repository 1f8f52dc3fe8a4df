//! What back ends do about users: end their sessions, take them out of rooms, ban them.
//!
//! Orders go through the user's inbox, where every node that holds a session of theirs listens. A
//! ban is kept by presence, so that a node which missed the order finds it.

use roomcast_presence::{BAN_MS_MAX, Bans};
use roomcast_protocol::{
    CloseCode, Control, ErrorCode, Order, Refusal, RoomName, SessionId, Signal, UserId,
};

use crate::gate::{presence_refusal, refusal_of};
use crate::node::Node;

/// The longest reason of a close, in bytes (RFC 6455, section 5.5).
const REASON_BYTES_MAX: usize = 123;

/// How sessions are to be ended.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Disconnect {
    /// This one only; otherwise all of the user's.
    pub session: Option<SessionId>,
    /// A close code that is for back ends; otherwise [`CloseCode::Disconnected`].
    pub code: Option<u16>,
    /// The close reason, at most 123 bytes; otherwise the code's name.
    pub reason: Option<String>,
}

impl Node {
    /// Ends a user's sessions on all nodes; how many there were to end.
    ///
    /// # Errors
    /// [`ErrorCode::BadValue`] for a code or a reason that can't be sent; otherwise if the order
    /// can't be given.
    pub async fn disconnect(&self, user: &UserId, how: Disconnect) -> Result<usize, Refusal> {
        let Disconnect {
            session,
            code,
            reason,
        } = how;
        let disconnected = CloseCode::Disconnected;
        let code = code.unwrap_or(disconnected.number());
        if code != disconnected.number() && !CloseCode::is_for_back_ends(code) {
            return Err(bad_value(
                "`code` must be 4050 to 4099, 4150 to 4199 or 4450 to 4499",
            ));
        }
        let reason = reason.unwrap_or_else(|| disconnected.name().to_owned());
        if reason.len() > REASON_BYTES_MAX {
            return Err(bad_value("`reason` may have 123 bytes"));
        }
        let listed = self.sessions_of(user).await?.listed;
        let meant = |at: &&roomcast_presence::Attending| session.is_none_or(|it| it == at.session);
        let count = listed.iter().filter(meant).count();
        let order = Order::Disconnect {
            session,
            code,
            reason,
        };
        self.order(user, order).await?;
        Ok(count)
    }

    /// Takes a user out of a room; they may join again.
    ///
    /// # Errors
    /// [`ErrorCode::NotAllowed`] for an inbox; otherwise if the order can't be given.
    pub async fn remove(&self, room: &RoomName, user: &UserId) -> Result<(), Refusal> {
        no_inbox(room)?;
        let order = Order::Remove {
            from: room.clone(),
            banned_until_ms: None,
        };
        self.order(user, order).await
    }

    /// Bans a user from a room for so many milliseconds from now, in place of any ban before, and
    /// takes them out; until when, in milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// [`ErrorCode::NotAllowed`] for an inbox, [`ErrorCode::BadValue`] for no or too long a time;
    /// otherwise if presence can't be asked, or has too many bans of this room.
    pub async fn ban(&self, room: &RoomName, user: &UserId, for_ms: u64) -> Result<u64, Refusal> {
        no_inbox(room)?;
        if !(1..=BAN_MS_MAX).contains(&for_ms) {
            return Err(bad_value("`for_ms` must be 1 ms to ten years"));
        }
        let banned = self.presence.ban(room, user, for_ms).await;
        let until_ms = banned.map_err(|error| presence_refusal(&error))?;
        let order = Order::Remove {
            from: room.clone(),
            banned_until_ms: Some(until_ms),
        };
        self.order(user, order).await?;
        Ok(until_ms)
    }

    /// Ends a ban; whether there was one.
    ///
    /// # Errors
    /// If presence can't be asked.
    pub async fn unban(&self, room: &RoomName, user: &UserId) -> Result<bool, Refusal> {
        no_inbox(room)?;
        let ended = self.presence.unban(room, user).await;
        ended.map_err(|error| presence_refusal(&error))
    }

    /// A page of a room's bans, in the order of user ids.
    ///
    /// # Errors
    /// If presence can't be asked.
    pub async fn bans(
        &self,
        room: &RoomName,
        after: Option<&UserId>,
        limit: Option<u32>,
    ) -> Result<Bans, Refusal> {
        no_inbox(room)?;
        let limit = self.members_limit(limit);
        let bans = self.presence.bans(room, after, limit).await;
        bans.map_err(|error| presence_refusal(&error))
    }

    async fn order(&self, user: &UserId, order: Order) -> Result<(), Refusal> {
        let room = RoomName::inbox(user);
        let signal = Signal::Control(Control { room, order });
        let told = self.broker.signal(&signal).await;
        told.map_err(|error| refusal_of(&error))
    }
}

fn no_inbox(room: &RoomName) -> Result<(), Refusal> {
    if room.is_inbox() {
        let message = "nobody can be taken out of an inbox: it is its user's alone";
        return Err(Refusal::new(ErrorCode::NotAllowed, message));
    }
    Ok(())
}

fn bad_value(message: &'static str) -> Refusal {
    Refusal::new(ErrorCode::BadValue, message)
}
