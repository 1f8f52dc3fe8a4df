//! The settings of presence: every deadline and bound, with its unit and default.
//!
//! Owns what a setting may be. Leaves where it comes from to the server.

use std::ops::RangeInclusive;
use std::time::Duration;

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// The settings of a keeper. Those of the cluster must be the same on all nodes: `lease_ms`,
/// `grace_ms`, `typing_ttl_ms`, `typing_repeat_ms`, `read_ttl_ms`,
/// `last_seen_ms`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresenceConfig {
    /// How long the others believe in a node after its last beat. Default 10,000.
    pub lease_ms: u64,
    /// How often a node renews its lease and looks for those that died. Default 3,000.
    pub beat_ms: u64,
    /// How long a user may be away (a reload, a reconnect) before they have left. Default 5,000.
    pub grace_ms: u64,
    /// How long typing lasts that is neither repeated nor ended. Default 6,000.
    pub typing_ttl_ms: u64,
    /// How soon a repeat of typing is told again. Default 3,000.
    pub typing_repeat_ms: u64,
    /// How long a room's read marks are kept in Redis after the last one moved. Default 30 days.
    pub read_ttl_ms: u64,
    /// How long it is kept when a user was last seen. Default 30 days.
    pub last_seen_ms: u64,
    /// How many rooms a node may hold people in, inboxes among them. Default 100,000.
    pub rooms_max: usize,
    /// How many pairs of room and session a node may hold. Default 1,000,000.
    pub occupants_max: usize,
    /// How many of a user's sessions are listed; a node tells Redis of one more at most. Default
    /// 250.
    pub sessions_listed_max: usize,
    /// How many read marks a room may have. A newcomer then takes the place of one that moved long
    /// ago: in Redis of the one that moved longest ago of some taken at random. Default 100,000.
    pub reads_per_room_max: usize,
    /// How many read marks the memory keeper keeps; the one that moved longest ago goes first.
    /// Default 1,000,000.
    pub reads_max: usize,
    /// Of how many users the memory keeper keeps when they were last seen; who was seen longest ago
    /// goes first. Default 1,000,000.
    pub last_seen_max: usize,
    /// How many users may be banned from a room at a time. Default 10,000.
    pub bans_per_room_max: usize,
    /// How many changes wait for the node. When full, what changes state waits. Default 4,096.
    pub changes_max: usize,
    /// How long a connection to Redis may take. Default 1,000.
    pub connect_timeout_ms: u64,
    /// How long an answer of Redis may take. Default 2,000.
    pub response_timeout_ms: u64,
}

impl Default for PresenceConfig {
    fn default() -> Self {
        Self {
            lease_ms: 10_000,
            beat_ms: 3_000,
            grace_ms: 5_000,
            typing_ttl_ms: 6_000,
            typing_repeat_ms: 3_000,
            read_ttl_ms: 30 * DAY_MS,
            last_seen_ms: 30 * DAY_MS,
            rooms_max: 100_000,
            occupants_max: 1_000_000,
            sessions_listed_max: 250,
            reads_per_room_max: 100_000,
            reads_max: 1_000_000,
            last_seen_max: 1_000_000,
            bans_per_room_max: 10_000,
            changes_max: 4_096,
            connect_timeout_ms: 1_000,
            response_timeout_ms: 2_000,
        }
    }
}

/// A setting that can't be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key} is {value}; expected {expected}")]
pub struct InvalidConfig {
    /// The field of [`PresenceConfig`].
    pub key: &'static str,
    /// What it is.
    pub value: u64,
    /// What it should be.
    pub expected: &'static str,
}

impl PresenceConfig {
    /// Checks that the settings can be kept together.
    ///
    /// # Errors
    /// Names the first key that can't be, its value, and what was expected.
    pub fn check(&self) -> Result<(), InvalidConfig> {
        self.check_deadlines()?;
        limit(
            "connect_timeout_ms",
            self.connect_timeout_ms,
            1..=DAY_MS,
            "1 to a day",
        )?;
        limit(
            "response_timeout_ms",
            self.response_timeout_ms,
            1..=DAY_MS,
            "1 to a day",
        )?;
        limit(
            "rooms_max",
            self.rooms_max as u64,
            1..=u64::MAX,
            "at least 1",
        )?;
        limit(
            "occupants_max",
            self.occupants_max as u64,
            1..=u64::MAX,
            "at least 1",
        )?;
        limit(
            "sessions_listed_max",
            self.sessions_listed_max as u64,
            1..=10_000,
            "1 to 10000",
        )?;
        limit(
            "bans_per_room_max",
            self.bans_per_room_max as u64,
            1..=1_000_000,
            "1 to 1000000",
        )?;
        limit(
            "last_seen_max",
            self.last_seen_max as u64,
            1..=u64::MAX,
            "at least 1",
        )?;
        limit(
            "reads_per_room_max",
            self.reads_per_room_max as u64,
            1..=10_000_000,
            "1 to 10000000",
        )?;
        limit(
            "reads_max",
            self.reads_max as u64,
            1..=u64::MAX,
            "at least 1",
        )?;
        limit(
            "changes_max",
            self.changes_max as u64,
            1..=1_000_000,
            "1 to 1000000",
        )
    }

    fn check_deadlines(&self) -> Result<(), InvalidConfig> {
        limit("lease_ms", self.lease_ms, 100..=DAY_MS, "100 to a day")?;
        let beat = 20..=self.lease_ms / 2;
        limit(
            "beat_ms",
            self.beat_ms,
            beat,
            "at least 20 and at most half of lease_ms",
        )?;
        limit("grace_ms", self.grace_ms, 0..=DAY_MS, "at most a day")?;
        limit(
            "typing_ttl_ms",
            self.typing_ttl_ms,
            100..=DAY_MS,
            "100 to a day",
        )?;
        let repeat = 0..=self.typing_ttl_ms - 1;
        limit(
            "typing_repeat_ms",
            self.typing_repeat_ms,
            repeat,
            "less than typing_ttl_ms",
        )?;
        let long = 1_000..=3_650 * DAY_MS;
        let expected = "a second to ten years";
        limit("read_ttl_ms", self.read_ttl_ms, long.clone(), expected)?;
        limit("last_seen_ms", self.last_seen_ms, long, expected)
    }

    pub(crate) fn lease(&self) -> Duration {
        Duration::from_millis(self.lease_ms)
    }

    pub(crate) fn beat(&self) -> Duration {
        Duration::from_millis(self.beat_ms)
    }

    pub(crate) fn grace(&self) -> Duration {
        Duration::from_millis(self.grace_ms)
    }

    pub(crate) fn typing_ttl(&self) -> Duration {
        Duration::from_millis(self.typing_ttl_ms)
    }

    pub(crate) fn typing_repeat(&self) -> Duration {
        Duration::from_millis(self.typing_repeat_ms)
    }
}

fn limit(
    key: &'static str,
    value: u64,
    allowed: RangeInclusive<u64>,
    expected: &'static str,
) -> Result<(), InvalidConfig> {
    if allowed.contains(&value) {
        Ok(())
    } else {
        Err(InvalidConfig {
            key,
            value,
            expected,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_allowed() {
        assert_eq!(PresenceConfig::default().check(), Ok(()));
    }

    #[test]
    fn a_lease_that_one_lost_beat_would_break_is_refused_by_name() {
        let config = PresenceConfig {
            beat_ms: 5_001,
            ..PresenceConfig::default()
        };
        let refused = config.check().unwrap_err();
        assert_eq!(
            refused.to_string(),
            "beat_ms is 5001; expected at least 20 and at most half of lease_ms"
        );
    }
}
