//! The audit: judges what all processes of a run said and saw, and what the rooms' logs hold at the end.
//!
//! Owns the order of the work: survey all ledgers, deal the rooms to passes that fit into memory, read
//! the ledgers again for each pass, and judge each room by itself. Keeps true: it has a reckoning of its
//! own and shares no cursor with what it judges; deliveries are never held, only positions and messages.
//!
//! A run of one pass reads each ledger twice. One room is never split, so the largest one must fit.

pub mod check;
pub mod error;
mod faults;
mod map;
mod pass;
pub mod plan;
mod requirement;
mod room;
mod scene;
mod survey;
mod table;
mod tally;
#[cfg(test)]
mod tests;
pub mod verdict;

use std::path::PathBuf;

use error::AuditError;
use pass::Pass;
use plan::Plan;
use survey::Survey;
use tally::Tally;
use verdict::Verdict;

/// Judges the ledgers of one run together.
///
/// # Errors
/// A ledger can't be read, is damaged, is of another run, or makes no sense.
pub fn audit(ledgers: &[PathBuf], plan: &Plan) -> Result<Verdict, AuditError> {
    let mut survey = Survey::of(ledgers)?;
    let mut tally = Tally::default();
    for rooms in survey.deal(plan.memory_bytes) {
        let mut pass = Pass::new(&survey, plan, &rooms, &mut tally);
        for file in 0..survey.files.len() {
            pass.read(file)?;
        }
        let found = pass.conclude();
        survey.facts.add(&found);
    }
    let missing = requirement::missing(&survey, plan, &tally);
    Ok(Verdict::new(survey.facts, &survey.faults, tally, missing))
}
