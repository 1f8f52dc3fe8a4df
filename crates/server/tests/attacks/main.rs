//! What an attacker can drive, each bound with its test at the bound and one beyond it.
//!
//! Every node here runs with its defaults, save what a test sets; in each test a few neighbours in
//! a room talk on meanwhile, get every message in order and are never closed. Each offender ends
//! with the right close code or HTTP answer, counted by reason, and what it cost in memory is
//! looked at where it was at its highest.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod closing;
mod connections;
mod controls;
mod deflated;
mod floods;
mod fragments;
mod handshakes;
#[allow(dead_code, reason = "another test uses the rest")]
#[path = "../doors/line.rs"]
mod line;
mod memory;
mod neighbours;
#[allow(dead_code, reason = "another test uses the rest")]
#[path = "../doors/node.rs"]
mod node;
mod push;
mod scene;
#[allow(dead_code, reason = "another test uses the rest")]
#[path = "../doors/session.rs"]
mod session;
mod sizes;
mod stalls;
