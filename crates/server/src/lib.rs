//! The doors of one node: configuration, admission, the accept loop, and the chores around them.
//!
//! Owns everything between the operating system and the gateway. Leaves to the gateway what a
//! session may do, and to the broker where messages live.

pub mod accept;
mod answer;
pub mod auth;
pub mod chat;
pub mod cli;
pub mod config;
pub mod healthcheck;
pub mod http;
pub mod logs;
pub mod ops;
mod ops_client;
pub mod otlp;
mod ready;
pub mod rebalance;
pub mod secret;
pub mod serve;
pub mod socket;
pub mod token;
pub mod web;
