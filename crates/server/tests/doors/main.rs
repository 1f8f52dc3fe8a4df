//! The two listeners of a real node, met by strangers who don't keep to any rule: each is answered
//! clearly, nothing panics, nothing grows, and whoever behaves never feels it (P12).
//!
//! The same of a collector of traces: nobody feels what it does.
//!
//! Raw sockets on purpose: a library would not send what is sent here.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod api;
mod back_end;
mod batches;
mod collector;
mod crowds;
mod drain;
mod frames;
mod growth;
mod inbox;
mod json_garbage;
mod line;
mod liveness;
mod moderation;
mod node;
mod ops;
mod people;
mod rebalance;
mod redis_gone;
mod requests;
mod routes;
mod session;
mod stage;
mod tokens;
mod traces;
mod upgrade;
