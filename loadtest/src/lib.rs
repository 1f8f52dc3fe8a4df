//! Offers load to a Roomcast cluster as users would, and proves what became of it.
//!
//! A run, from top to bottom: settings and a scenario make a script; workers play it as clients do, and
//! write down in ledgers what they said and saw; faults go wrong meanwhile on a stage, somebody's cluster
//! or the rig of our own; the audit judges all ledgers together; a report tells it. The audit shares no
//! cursor with the program: a mistake made there is not made again here.

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
