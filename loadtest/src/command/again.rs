//! `loadtest audit`: judges ledgers that were kept.

use std::path::PathBuf;

use super::error::CommandError;
use super::terminal::print;
use crate::audit::audit;
use crate::audit::plan::Plan;
use crate::audit::verdict::Outcome as Word;

/// Judges the ledgers of one run. What the run was to be isn't known any more, so only what must be so of
/// any run is asked of it.
///
/// # Errors
/// They can't be judged.
pub fn audit_again(ledgers: &[PathBuf], is_json: bool) -> Result<Word, CommandError> {
    let plan = Plan {
        two_rooms: false,
        settle_us: 0,
        ..Plan::default()
    };
    let verdict = audit(ledgers, &plan)?;
    if is_json {
        print(&verdict.json().unwrap_or_default());
    } else {
        print(&verdict.to_string());
    }
    Ok(verdict.outcome)
}
