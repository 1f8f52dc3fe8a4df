//! The two listeners of a real node, met by strangers who don't keep to any rule: each is answered
//! clearly, nothing panics, nothing grows, and whoever behaves never feels it (P12).
//!
//! Raw sockets on purpose: a library would not send what is sent here.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod api;
mod batches;
mod drain;
mod frames;
mod growth;
mod json_garbage;
mod line;
mod liveness;
mod node;
mod ops;
mod redis_gone;
mod requests;
mod session;
mod tokens;
mod upgrade;
