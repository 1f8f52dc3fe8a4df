//! The command line as a user meets it, where no cluster is needed: what is refused, and in which words.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[allow(dead_code, reason = "another test uses the rest")]
#[path = "../double/called.rs"]
mod called;
mod refused;
mod shown;
