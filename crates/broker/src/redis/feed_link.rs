//! One connection of the subscribe link: what it has asked, and whether the peer is still there.
//!
//! Keeps true: a peer that says nothing for [`DEAD_AFTER`], though it is asked for a sign of life, counts
//! as dead; a node that stood still itself finds nobody dead for it.

use std::collections::VecDeque;
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
    /// When those signs of life were asked for that are not answered yet.
    asked_at: VecDeque<Instant>,
    /// All that was told before this is here: a sign of life was asked for then, and came.
    up_to: Instant,
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
            asked_at: VecDeque::new(),
            up_to: now,
            listens_since: now,
            must_listen: false,
            settling: true,
        }
    }

    /// Whether the node would have heard itself: it listens long enough, and is not behind.
    pub(super) fn would_hear(&self) -> bool {
        self.listens_since.elapsed() > FRESH && self.up_to.elapsed() < DEAD_AFTER
    }

    /// An answer came that is no push.
    pub(super) fn answered(&mut self) {
        if self.unanswered.answered()
            && let Some(asked_at) = self.asked_at.pop_front()
        {
            self.up_to = asked_at;
        }
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
        self.asked_at.push_back(now);
        self.wire.send(&ping).await?;
        Ok(true)
    }
}
