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
    /// Users named in `joined` and in a page of users.
    pub page_members_max: usize,
    /// Users in a room up to which each coming, going and read mark is told by itself.
    pub presence_each_max: usize,
    /// Users in a room up to which it is told who came, went and read; beyond it only how many.
    pub presence_named_max: usize,
    /// How often summaries are told to a room, in milliseconds.
    pub presence_every_ms: u64,
    /// Users typing in a room up to which they are named.
    pub typists_named_max: usize,
    /// How long typing is believed in that is neither repeated nor ended, in milliseconds.
    pub typing_ttl_ms: u64,
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
            page_members_max: 200,
            presence_each_max: 200,
            presence_named_max: 1_000,
            presence_every_ms: 250,
            typists_named_max: 8,
            typing_ttl_ms: 6_000,
            linger_ms: 10_000,
            sync_ms: 30_000,
        }
    }
}
