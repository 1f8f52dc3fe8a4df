//! Every limit of a node's engine, in one place, with its default. docs/operations.md lists them.

/// What one node takes from, and holds for, its sessions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// The largest frame from a client, in bytes.
    pub frame_bytes_max: usize,
    /// The longest message text, in bytes of UTF-8.
    pub message_bytes_max: usize,
    /// The largest application data of a message, in bytes of JSON.
    pub data_bytes_max: usize,
    /// Rooms one session may be in.
    pub rooms_per_session_max: usize,
    /// Sessions one user may have on this node.
    pub sessions_per_user_max: usize,
    /// Frames a session may send in the long run, per second.
    pub commands_per_second: u32,
    /// Frames a session may send at once.
    pub commands_burst: u32,
    /// Bytes that may wait for a session; half of it for signals.
    pub outbox_bytes_max: usize,
    /// How often a sign of life is looked for, in milliseconds; two without one end a session.
    pub heartbeat_ms: u64,
    /// Messages in a page of history.
    pub page_messages_max: usize,
    /// Messages in one `joined`; what a resuming session missed beyond them follows as `chat`.
    pub join_messages_max: usize,
    /// Members told in `joined` and `members`.
    pub members_told_max: usize,
    /// How long a room without members here stays subscribed, in milliseconds.
    pub linger_ms: u64,
    /// How often each room is compared with its log even if nothing seems wrong, in milliseconds.
    pub sync_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame_bytes_max: 65_536,
            message_bytes_max: 16_384,
            data_bytes_max: 16_384,
            rooms_per_session_max: 100,
            sessions_per_user_max: 20,
            commands_per_second: 20,
            commands_burst: 60,
            outbox_bytes_max: 262_144,
            heartbeat_ms: 25_000,
            page_messages_max: 100,
            join_messages_max: 100,
            members_told_max: 100,
            linger_ms: 10_000,
            sync_ms: 30_000,
        }
    }
}
