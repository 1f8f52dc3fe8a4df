//! A cluster of somebody else, as far as we are told of it.

/// What is known of a cluster that we did not start.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Cluster {
    /// Processes by name and number. One of the name `redis` is Redis; all others are nodes.
    pub processes: Vec<(String, u32)>,
    /// Where Redis is, as in `redis://127.0.0.1:6379`.
    pub redis: Option<String>,
    /// Where clients connect, as in `ws://127.0.0.1:8080/v1/ws`.
    pub targets: Vec<String>,
}
