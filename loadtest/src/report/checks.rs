//! What the audit asked and found: what is missing, what went wrong, and every check in a table.

use std::fmt::{self, Formatter};

use super::escape::Text;
use super::grid::{Cell, Head, Tag, table};
use crate::audit::verdict::{Checked, Verdict};
use crate::outcome::Outcome;
use crate::units::grouped;

/// What the run lacks to prove anything.
pub(super) fn missing(f: &mut Formatter<'_>, audit: &Verdict) -> fmt::Result {
    if audit.missing.is_empty() {
        return Ok(());
    }
    f.write_str(
        "<section id=\"missing\" class=\"alarm doubt\">\n<h2>What the run lacks</h2>\n<ul>\n",
    )?;
    for missing in &audit.missing {
        let (name, why) = (Text(missing.requirement), Text(&missing.why));
        writeln!(f, "<li><code>{name}</code> {why}</li>")?;
    }
    f.write_str("</ul>\n</section>\n")
}

/// What was not kept, with the first examples, and what was not as expected.
pub(super) fn wrong(f: &mut Formatter<'_>, outcome: &Outcome) -> fmt::Result {
    let checks = &outcome.audit.checks;
    let mut broken = checks.iter().filter(|c| c.violations > 0).peekable();
    let mut unmet = outcome.expectations.iter().filter(|e| !e.is_met).peekable();
    let mut faults = (outcome.faults.iter())
        .filter(|fault| !fault.failures.is_empty())
        .peekable();
    if broken.peek().is_none() && unmet.peek().is_none() && faults.peek().is_none() {
        return Ok(());
    }
    f.write_str("<section id=\"wrong\" class=\"alarm\">\n<h2>What went wrong</h2>\n<ul>\n")?;
    for checked in broken {
        let (name, asks) = (checked.check.name(), Text(checked.asks));
        let (violations, cases) = (grouped(checked.violations), grouped(checked.cases));
        writeln!(
            f,
            "<li><code>{name}</code> <b>{violations}</b> of {cases} cases. Must hold: {asks}."
        )?;
        examples(f, checked)?;
        f.write_str("</li>\n")?;
    }
    for expectation in unmet {
        let (what, measured) = (Text(&expectation.what), Text(&expectation.measured));
        writeln!(f, "<li>Expected: {what}. Measured: <b>{measured}</b></li>")?;
    }
    for fault in faults {
        let name = Text(&fault.name);
        for failure in &fault.failures {
            writeln!(f, "<li>Fault {name}: <b>{}</b></li>", Text(failure))?;
        }
    }
    f.write_str("</ul>\n</section>\n")
}

fn examples(f: &mut Formatter<'_>, checked: &Checked) -> fmt::Result {
    f.write_str("<ol class=\"examples\">")?;
    for words in &checked.first {
        write!(f, "<li>{}</li>", Text(words))?;
    }
    f.write_str("</ol>")?;
    let untold = checked
        .violations
        .saturating_sub(checked.first.len() as u64);
    if untold > 0 {
        write!(f, "<p class=\"note\">and {} more</p>", grouped(untold))?;
    }
    Ok(())
}

/// Every check.
pub(super) fn all(f: &mut Formatter<'_>, audit: &Verdict) -> fmt::Result {
    f.write_str(
        "<section id=\"audit\">\n<h2>The audit</h2>\n<p class=\"lead\">Each process wrote down what it \
         said and saw; these checks read all of it, and the rooms' logs at the end.</p>\n",
    )?;
    let heads = [
        Head::words("Check"),
        Head::words("What must hold"),
        Head::number("Cases"),
        Head::number("Violations"),
        Head::words(""),
    ];
    let rows = audit.checks.iter().map(|checked| {
        [
            Cell::Code(checked.check.name()),
            Cell::plain(checked.asks),
            Cell::plain(grouped(checked.cases)),
            Cell::plain(grouped(checked.violations)),
            match (checked.violations, checked.cases) {
                (0, 0) => Cell::Tag(Tag::Doubt, "no case"),
                (0, _) => Cell::Tag(Tag::Good, "held"),
                _ => Cell::Tag(Tag::Bad, "broken"),
            },
        ]
    });
    table(f, heads, rows)?;
    f.write_str("</section>\n")
}
