//! What every keeper of presence has to show: the examiner of the port.
//!
//! Owns the sentences; a keeper brings a [`Stage`] on which nodes are opened. `one_node` is for
//! every keeper, `many_nodes` for those that share. Waits are for what must come (with a patience
//! no test needs on a healthy machine) or for what must not (then the grace or the lease is so
//! long that slowness can't fake it).

pub(crate) mod bans;
pub(crate) mod churn;
pub(crate) mod inbox;
pub(crate) mod many_nodes;
pub(crate) mod marks;
pub(crate) mod one_node;
pub(crate) mod revisions;

use std::sync::Arc;
use std::time::Duration;

use roomcast_protocol::{RoomName, SessionId, UserId};
use tokio::time::{Instant, timeout};

use crate::changes::Changes;
use crate::config::PresenceConfig;
use crate::port::{Change, Entry, Occupant, Presence, Roster};

/// How long to wait for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// How long to listen for what must not come.
const QUIET: Duration = Duration::from_millis(300);

/// Where nodes are opened: a machine's memory, or a Redis they share.
pub(crate) trait Stage {
    async fn node(&self, name: &str, config: PresenceConfig) -> Node;
}

/// One node under examination. Dropping it is its crash.
pub(crate) struct Node {
    pub(crate) presence: Arc<dyn Presence>,
    pub(crate) changes: Changes,
}

/// Deadlines so short that a test can see them pass, and a lease so long that a busy machine does
/// not lose it by the way.
pub(crate) fn quick() -> PresenceConfig {
    PresenceConfig {
        lease_ms: 1_500,
        beat_ms: 200,
        grace_ms: 150,
        typing_ttl_ms: 300,
        typing_repeat_ms: 150,
        connect_timeout_ms: 1_000,
        response_timeout_ms: 1_000,
        ..PresenceConfig::default()
    }
}

/// A grace that no test sees the end of.
pub(crate) fn long_grace() -> PresenceConfig {
    PresenceConfig {
        grace_ms: 600_000,
        ..quick()
    }
}

pub(crate) fn room(name: &str) -> RoomName {
    name.parse().unwrap()
}

pub(crate) fn user(name: &str) -> UserId {
    name.parse().unwrap()
}

pub(crate) fn session(number: u128) -> SessionId {
    SessionId::from_uuid(uuid::Uuid::from_u128(number))
}

pub(crate) fn occupant(number: u128, name: &str) -> Occupant {
    Occupant {
        session: session(number),
        user: user(name),
        name: None,
    }
}

/// A change as a short sentence: `+alice in r of 2`, `-bob in r of 1`, `alice stopped in r`.
pub(crate) fn sentence(change: &Change) -> String {
    match change {
        Change::Joined {
            room, user, count, ..
        } => format!("+{user} in {room} of {count}"),
        Change::Left {
            room, user, count, ..
        } => format!("-{user} in {room} of {count}"),
        Change::TypingEnded { room, user } => format!("{user} stopped in {room}"),
    }
}

impl Node {
    /// Enters, and shows the count.
    pub(crate) async fn enter(&self, room_name: &str, number: u128, user_name: &str) -> u64 {
        self.entry(room_name, number, user_name).await.count
    }

    /// Enters, and shows how the room is then.
    pub(crate) async fn entry(&self, room_name: &str, number: u128, user_name: &str) -> Entry {
        let occupant = occupant(number, user_name);
        self.presence
            .enter(&room(room_name), &occupant)
            .await
            .unwrap()
    }

    pub(crate) async fn leave(&self, room_name: &str, number: u128) {
        self.presence
            .leave(&room(room_name), session(number))
            .await
            .unwrap();
    }

    /// Waits for the next change.
    pub(crate) async fn told(&mut self) -> String {
        sentence(&self.change().await)
    }

    /// The same with all that it says.
    pub(crate) async fn change(&mut self) -> Change {
        let change = timeout(PATIENCE, self.changes.next())
            .await
            .expect("a change in time");
        change.expect("the keeper lives")
    }

    /// All of a room.
    pub(crate) async fn roster(&self, room_name: &str) -> Roster {
        let name = room(room_name);
        self.presence.roster(&name, None, 10_000).await.unwrap()
    }

    /// Listens for a while; nothing may be told.
    pub(crate) async fn hears_nothing(&mut self) {
        if let Ok(Some(change)) = timeout(QUIET, self.changes.next()).await {
            panic!("told: {}", sentence(&change));
        }
    }

    /// Who is in a room, by name.
    pub(crate) async fn who(&self, room_name: &str) -> Vec<String> {
        let roster = self
            .presence
            .roster(&room(room_name), None, 1_000)
            .await
            .unwrap();
        assert_eq!(roster.count, roster.members.len() as u64);
        roster
            .members
            .iter()
            .map(|present| present.user.to_string())
            .collect()
    }

    /// The sessions of a user as `<node>/<number>`, in the order in which they are listed.
    pub(crate) async fn sessions(&self, user_name: &str) -> Vec<String> {
        let sessions = self.presence.sessions(&user(user_name)).await.unwrap();
        assert!(!sessions.more);
        let texts = sessions.listed.iter().map(|attending| {
            let number = uuid::Uuid::parse_str(&attending.session.to_string()).unwrap();
            format!("{}/{}", attending.node, number.as_u128())
        });
        texts.collect()
    }

    pub(crate) async fn last_seen(&self, user_name: &str) -> Option<u64> {
        self.presence.last_seen(&user(user_name)).await.unwrap()
    }

    /// Waits until a user has just these sessions.
    pub(crate) async fn comes_to_list(&self, user_name: &str, expected: &[&str]) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = self.sessions(user_name).await;
            if seen == expected {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "expected {expected:?}, saw {seen:?}"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until just these are in a room; keepers that can't be asked for a while are asked
    /// again.
    pub(crate) async fn comes_to_see(&self, room_name: &str, expected: &[&str]) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let roster = self.presence.roster(&room(room_name), None, 1_000).await;
            let seen: Vec<String> = roster
                .iter()
                .flat_map(|roster| &roster.members)
                .map(|present| present.user.to_string())
                .collect();
            if roster.is_ok() && seen == expected {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "expected {expected:?}, saw {seen:?}"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
