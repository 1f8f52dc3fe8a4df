//! The engine of one Roomcast node.
//!
//! Owns sessions and what they may, the rooms that have members here, and the way of a message from
//! the broker's feed to each member's outbox. Knows no socket and no HTTP: the server hands frames
//! in and takes bytes out.

mod identity;

pub use identity::{Access, Identity, InvalidPattern, Rights};
