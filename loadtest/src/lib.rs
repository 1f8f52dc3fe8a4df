//! Offers load to a Roomcast cluster as users would, and proves what became of it.
//!
//! Owns the payload that a message of the load carries, the ledger in which each process writes down
//! what it said and saw, and the audit that judges all ledgers together. The audit shares no cursor
//! with the program: a mistake made there is not made again here.

pub mod audit;
mod checksum;
pub mod command;
pub mod expect;
pub mod fault;
mod figures;
pub mod ledger;
pub mod live;
#[cfg(test)]
mod lively;
pub mod load;
pub mod outcome;
pub mod payload;
mod printable;
pub mod report;
pub mod rig;
pub mod run;
pub mod scenario;
pub mod script;
pub mod settings;
mod signal;
pub mod stage;
pub mod summary;
mod units;
pub mod worker;
