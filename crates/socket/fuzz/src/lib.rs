//! What the fuzz targets share: how an input is read, how a machine is played, what it may hold.
//!
//! Keeps true: an input is bytes laid out plainly (a head of switches and sizes, then what goes
//! on the wire), so that a seed can be written down and a found case read. Leaves to the targets:
//! what must hold.

pub mod memory;
pub mod party;
pub mod peer;
pub mod recipe;
pub mod scene;
