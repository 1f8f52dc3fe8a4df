//! The verdict for people: a table of checks, what was found, what is missing.

use std::fmt::{self, Display, Formatter};

use super::faults::seconds;
use super::verdict::{Checked, Outcome, Verdict};
use crate::units::grouped;

impl Display for Outcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Passed => "PASSED",
            Self::Failed => "FAILED",
            Self::Inconclusive => "INCONCLUSIVE",
        })
    }
}

impl Display for Verdict {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let facts = &self.facts;
        writeln!(
            f,
            "{}: {} acked, {} deliveries, {} sessions of {} clients in {} rooms, {}",
            self.outcome,
            grouped(facts.acked),
            grouped(facts.deliveries),
            grouped(facts.sessions),
            grouped(facts.clients),
            grouped(facts.rooms),
            seconds(facts.run_us),
        )?;
        writeln!(
            f,
            "{} resumes, {} retries answered, {} refused, {} gaps, {} new epochs, {} forgotten",
            grouped(facts.resumes),
            grouped(facts.duplicates),
            grouped(facts.refused),
            grouped(facts.gaps),
            grouped(facts.epochs_begun),
            grouped(facts.forgotten),
        )?;
        for fault in &self.faults {
            let end = fault.ended_us.map_or("never ended".into(), seconds);
            writeln!(
                f,
                "fault {}: {} to {end}",
                fault.name,
                seconds(fault.began_us)
            )?;
        }
        writeln!(f, "\n{:<26}{:>14}{:>12}", "check", "cases", "violations")?;
        for checked in &self.checks {
            row(f, checked)?;
        }
        for missing in &self.missing {
            writeln!(
                f,
                "proves nothing: {}: {}",
                missing.requirement, missing.why
            )?;
        }
        Ok(())
    }
}

fn row(f: &mut Formatter<'_>, checked: &Checked) -> fmt::Result {
    let (cases, violations) = (grouped(checked.cases), grouped(checked.violations));
    writeln!(f, "{:<26}{cases:>14}{violations:>12}", checked.check.name())?;
    for words in &checked.first {
        writeln!(f, "    {words}")?;
    }
    let untold = checked.violations - checked.first.len() as u64;
    if untold > 0 {
        writeln!(f, "    and {} more", grouped(untold))?;
    }
    Ok(())
}
