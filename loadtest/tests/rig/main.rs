//! The local cluster and what is done to it, with real nodes, a real Redis and a real balancer.
//!
//! Stories: `nodes`, `store`, `balanced`, `others`, `short_plan`. The other modules are the stage.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod balanced;
mod nodes;
mod others;
mod program;
mod short_plan;
mod socket;
mod store;
mod waiting;
