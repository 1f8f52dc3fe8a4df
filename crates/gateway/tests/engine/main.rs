//! The engine of one node, driven in process: no sockets, a scripted broker, paused time.
//!
//! One file a promise of the design; `stage` sets a node up, `player` holds its sessions, `double` is the
//! broker that can be made to misbehave, `ledger` judges what a session was told.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod claims;
mod double;
mod ledger;
mod player;
mod stage;

mod chaos;
mod edges;
mod inboxes;
mod p10_slow_readers;
mod p11_drain;
mod p11_rebalance;
mod p12_refusals;
mod p1_one_order;
mod p4_acks;
mod p6_resume;
mod p7_blinks;
mod p8_forks;
mod p9_presence;
mod rooms;
mod traces;
