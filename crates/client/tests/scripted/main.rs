//! The client against a server that each test plays by hand, over real sockets: lost acks, cut
//! links, told reconnects, holes, refused tokens, silence, presence, inboxes. The real gateway is tested with this
//! client in `crates/server/tests`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod coming_back;
mod ending;
mod inbox;
mod people;
mod rooms;
mod sending;
mod server;
