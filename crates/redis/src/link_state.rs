//! How a link to Redis stands, as operators are told.

/// A link, or several alike to one server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinkState {
    /// The place of the address in the configuration, the master where the address is that of a Cluster,
    /// and what the link is for: `0/commands`, `1/10.0.0.3:6379/feed`.
    pub name: String,
    /// Links there should be.
    pub wanted: usize,
    /// Those of them that are of use now.
    pub up: usize,
}
