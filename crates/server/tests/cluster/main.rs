//! Three real nodes on one real Redis, a crowd of clients, and everything that can go wrong: the
//! promises P1 to P9 and P11, judged by an audit of what every client saw.
//!
//! Stories: `calm`, `shapes`, `rights`, `node_trouble`, `rebalancing`, `redis_trouble`, `forgetting`,
//! `all_at_once`, `presence`, `churn`, `direct`, `moderation`, `back_end`, `library`. The audit is tested in
//! `planted`. The other modules are the stage.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod all_at_once;
mod audit;
mod back_end;
mod calm;
mod churn;
mod cluster;
mod direct;
mod fleet;
mod forgetting;
mod guest;
mod http;
mod ledger;
mod library;
mod member;
mod moderation;
mod node;
mod node_trouble;
mod planted;
mod presence;
mod rebalancing;
mod redis_trouble;
mod rights;
mod session;
mod shapes;
mod view;
