//! Where a Redis is, and how one gets there.
//!
//! Owns the spelling of addresses, TLS and logins, the search for a master among sentinels, and who
//! keeps which slots of a Cluster. Keeps true: nothing here remembers a master longer than it is told
//! so. Leaves to its callers what they say to Redis, and what they do when a link is lost.

mod address;
mod certificates;
mod cluster;
mod connection;
mod door;
mod link_state;
#[cfg(feature = "processes")]
pub mod processes;
mod sentinels;
mod slot;
mod slots;
mod spot;
mod target;

pub use address::{Address, Shape};
pub use certificates::{Certificates, CertificatesError};
pub use cluster::Cluster;
pub use connection::Connection;
pub use door::{DialError, Patience, Stream};
pub use link_state::LinkState;
pub use slot::{SLOTS, slot};
pub use slots::Slots;
pub use spot::Spot;
pub use target::Target;
