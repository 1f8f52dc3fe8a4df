//! The heartbeat of one connection: when to ping, and when silence means that the peer is gone.
//!
//! Anything that arrives is a sign of life. Pure: `now_ms` is handed in.

/// Silence of so many intervals means a dead peer.
const SILENT_INTERVALS_MAX: u64 = 2;

/// When to ping one peer, and when to give it up.
#[derive(Debug)]
pub struct Pulse {
    interval_ms: u64,
    ping_at_ms: u64,
    heard_at_ms: u64,
}

/// What is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Beat {
    /// Nothing yet.
    Nothing,
    /// A ping.
    Ping,
    /// The peer is gone.
    Dead,
}

impl Pulse {
    /// A peer that was heard now, to be pinged every `interval_ms`.
    pub fn new(interval_ms: u64, now_ms: u64) -> Self {
        let interval_ms = interval_ms.max(1);
        Self {
            interval_ms,
            ping_at_ms: now_ms.saturating_add(interval_ms),
            heard_at_ms: now_ms,
        }
    }

    /// Something arrived, or nothing was listened to.
    pub fn heard(&mut self, now_ms: u64) {
        self.heard_at_ms = now_ms;
    }

    /// What to do now. A ping counts as sent.
    pub fn beat(&mut self, now_ms: u64) -> Beat {
        if now_ms >= self.dead_at_ms() {
            Beat::Dead
        } else if now_ms >= self.ping_at_ms {
            self.ping_at_ms = now_ms.saturating_add(self.interval_ms);
            Beat::Ping
        } else {
            Beat::Nothing
        }
    }

    /// When to look again.
    pub fn wake_at_ms(&self) -> u64 {
        self.ping_at_ms.min(self.dead_at_ms())
    }

    /// How long silence is borne.
    pub fn silence_ms_max(&self) -> u64 {
        self.interval_ms.saturating_mul(SILENT_INTERVALS_MAX)
    }

    fn dead_at_ms(&self) -> u64 {
        self.heard_at_ms.saturating_add(self.silence_ms_max())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_peer_is_pinged_and_then_given_up() {
        let mut pulse = Pulse::new(1_000, 0);
        assert_eq!(pulse.beat(999), Beat::Nothing);
        assert_eq!(pulse.beat(1_000), Beat::Ping);
        assert_eq!(pulse.beat(1_999), Beat::Nothing);
        assert_eq!(pulse.beat(2_000), Beat::Dead);
    }

    #[test]
    fn anything_that_arrives_keeps_it_alive() {
        let mut pulse = Pulse::new(1_000, 0);
        for now_ms in (500..10_000).step_by(500) {
            pulse.heard(now_ms);
            assert_ne!(pulse.beat(now_ms), Beat::Dead);
        }
        assert_eq!(pulse.wake_at_ms(), 10_000);
    }
}
