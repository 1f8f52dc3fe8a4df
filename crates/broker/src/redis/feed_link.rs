//! One connection of the subscribe link: what it has asked, and whether the peer is still there.
//!
//! Keeps true: a peer that says nothing for [`DEAD_AFTER`], though it is asked for a sign of life, counts
//! as dead; a node that stood still itself finds nobody dead for it.

use std::time::Duration;

use redis::Cmd;
use tokio::time::Instant;

use super::round_trip::FRESH;
use super::unanswered::{Sent, Unanswered};
use super::wire::{Wire, WireError};

/// How often the link asks for a sign of life.
const PING_EVERY: Duration = Duration::from_millis(1_000);
/// How often it looks for one.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long nothing may come before the peer counts as dead.
const DEAD_AFTER: Duration = Duration::from_millis(2_500);

/// A live link.
pub(super) struct FeedLink {
    pub(super) wire: Wire,
    pub(super) unanswered: Unanswered,
    pub(super) heard_at: Instant,
    looked_at: Instant,
    pinged_at: Instant,
    /// Since when the node would have heard itself.
    listens_since: Instant,
    /// Redis has dropped the node's own channel, or refused it.
    pub(super) must_listen: bool,
    /// All rooms were asked for on this link, but not all are answered yet.
    pub(super) settling: bool,
}

impl FeedLink {
    pub(super) fn new(wire: Wire) -> Self {
        let now = Instant::now();
        Self {
            wire,
            unanswered: Unanswered::default(),
            heard_at: now,
            looked_at: now,
            pinged_at: now,
            listens_since: now,
            must_listen: false,
            settling: true,
        }
    }

    /// Whether it is time enough for the node to have heard itself.
    pub(super) fn listens_long(&self) -> bool {
        self.listens_since.elapsed() > FRESH
    }

    /// Looks for a sign of life. Whether the peer was asked for one just now.
    pub(super) async fn look_for_life(&mut self) -> Result<bool, WireError> {
        let now = Instant::now();
        if now.duration_since(self.looked_at) > PING_EVERY {
            // This node stood still, for a feed that wasn't read or for want of a processor: what the
            // peer has said meanwhile is still to be read, and its silence counts from now.
            self.heard_at = now;
            self.listens_since = now;
        }
        self.looked_at = now;
        if now.duration_since(self.heard_at) > DEAD_AFTER {
            return Err(WireError::Timeout);
        }
        if now.duration_since(self.pinged_at) < PING_EVERY {
            return Ok(false);
        }
        self.pinged_at = now;
        let ping: Cmd = redis::cmd("PING");
        self.unanswered.sent(Sent::Ping);
        self.wire.send(&ping).await?;
        Ok(true)
    }
}
