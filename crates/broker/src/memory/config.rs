//! What bounds the memory of the embedded keeper.

use crate::port::LogConfig;

/// What bounds the memory of this keeper.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemoryConfig {
    /// What a room keeps.
    pub log: LogConfig,
    /// The bytes of messages a room keeps at the most.
    pub history_bytes_max: usize,
    /// Rooms at the most.
    pub rooms_max: usize,
    /// How long a room without listeners is kept after the last word, in milliseconds.
    pub idle_room_ms: u64,
}

impl Default for MemoryConfig {
    fn default() -> Self {
        Self {
            log: LogConfig::default(),
            history_bytes_max: 1 << 20,
            rooms_max: 100_000,
            idle_room_ms: 3_600_000,
        }
    }
}
