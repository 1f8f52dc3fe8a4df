//! A server in this process that stands in for a cluster and can be made to lie: what the load tool
//! and its audit are tried against. Here it is shown that the double is honest when it is to be, and
//! that each lie is indeed told.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod audited;
mod called;
mod hear;
mod honest;
mod kept;
mod lie;
mod lies;
mod line;
mod log;
mod raw;
mod room;
mod scenarios;
mod server;
mod world;
