//! The machine at its boundary: bytes in, events and bytes out.
//!
//! `wire` builds what a peer sends and plays it; each other file keeps one promise.

mod agreement;
mod both_ends;
mod bounds;
mod closing;
mod compression;
mod conversation;
mod rates;
mod splits;
mod wire;
