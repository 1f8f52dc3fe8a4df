//! The deadlines of a conversation. Pure but for the wheel they are read from; what follows from a
//! deadline that has passed is in `due`.

use std::time::Duration;

use super::Sockets;
use super::wheel::Seat;

/// A time that never comes.
pub(super) const NEVER_MS: u64 = u64::MAX;

/// The deadlines of a conversation, in milliseconds of the node's wheel.
pub(super) struct Clock {
    pub(super) seat: Seat,
    /// When the seat will wake us: nothing is due before that, unless it has changed.
    pub(super) armed_ms: u64,
    pub(super) changed: bool,
    /// The last sign of life.
    heard_ms: u64,
    /// When the next ping is due.
    pub(super) beat_ms: u64,
    /// Since when the socket takes nothing.
    stalled_ms: Option<u64>,
    /// When what the client came with runs out.
    pub(super) expires_ms: u64,
    /// Until when nothing is taken from the client.
    pub(super) throttled_ms: u64,
    /// When patience with the end is over.
    pub(super) part_ms: u64,
}

impl Clock {
    pub(super) fn new(sockets: &Sockets, time_left: Option<Duration>) -> Self {
        let now_ms = sockets.wheel.now_ms();
        let mut clock = Self {
            seat: sockets.wheel.seat(),
            armed_ms: 0,
            changed: true,
            heard_ms: now_ms,
            // At random, so that sessions that came together don't beat together.
            beat_ms: now_ms + rand::random_range(0..sockets.heartbeat_ms),
            stalled_ms: None,
            expires_ms: NEVER_MS,
            throttled_ms: 0,
            part_ms: NEVER_MS,
        };
        clock.lasts(sockets, time_left);
        clock
    }

    /// Whether it is worth looking. Most polls are deliveries, and cost no more than this.
    pub(super) fn is_something_due(&self, sockets: &Sockets) -> bool {
        sockets.wheel.coarse_ms() >= self.armed_ms
    }

    /// Whether the seat does not know when to wake us.
    pub(super) fn must_arm(&self, sockets: &Sockets) -> bool {
        self.changed || self.is_something_due(sockets)
    }

    /// The client has said something, or could not, since we don't read.
    pub(super) fn hears(&mut self, sockets: &Sockets) {
        self.heard_ms = sockets.wheel.coarse_ms();
        // What it said may have begun what must end.
        self.changed = true;
    }

    /// The socket takes nothing more for now.
    pub(super) fn stalls(&mut self, sockets: &Sockets) {
        if self.stalled_ms.is_none() {
            self.stalled_ms = Some(sockets.wheel.coarse_ms());
            self.changed = true;
        }
    }

    /// The socket has taken something.
    pub(super) fn wrote(&mut self) {
        self.stalled_ms = None;
    }

    /// Nothing is to be taken from the client until then.
    pub(super) fn throttle(&mut self, until_ms: u64) {
        self.throttled_ms = until_ms;
        self.changed = true;
    }

    pub(super) fn is_throttled(&self, sockets: &Sockets) -> bool {
        self.throttled_ms > sockets.wheel.coarse_ms()
    }

    /// What the client came with, or has brought since, lasts so long.
    pub(super) fn lasts(&mut self, sockets: &Sockets, time_left: Option<Duration>) {
        self.expires_ms = time_left.map_or(NEVER_MS, |left| {
            let left_ms = u64::try_from(left.as_millis()).unwrap_or(NEVER_MS);
            sockets.wheel.now_ms().saturating_add(left_ms)
        });
        self.changed = true;
    }

    /// The end has begun.
    pub(super) fn part_soon(&mut self, sockets: &Sockets) {
        let now_ms = sockets.wheel.coarse_ms();
        self.part_ms = now_ms.saturating_add(sockets.limits.close_ms_max);
        self.changed = true;
    }

    /// When a reader that takes nothing has had its time.
    pub(super) fn stuck_ms(&self, sockets: &Sockets) -> u64 {
        self.stalled_ms
            .map_or(NEVER_MS, |since| since + sockets.write_stall_ms)
    }

    /// When a silent client counts as gone.
    pub(super) fn silent_ms(&self, sockets: &Sockets) -> u64 {
        self.heard_ms + 2 * sockets.heartbeat_ms
    }
}
