//! What the audit asked and found: what is missing, what was broken, and every check in a table.

use std::fmt::{self, Formatter};

use super::escape::Text;
use crate::audit::verdict::{Checked, Verdict};
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

/// What was not kept, with the first examples.
pub(super) fn broken(f: &mut Formatter<'_>, audit: &Verdict) -> fmt::Result {
    let broken = || audit.checks.iter().filter(|checked| checked.violations > 0);
    if broken().next().is_none() {
        return Ok(());
    }
    f.write_str("<section id=\"broken\" class=\"alarm wrong\">\n<h2>What was broken</h2>\n<ul>\n")?;
    for checked in broken() {
        let (name, asks) = (checked.check.name(), Text(checked.asks));
        let (violations, cases) = (grouped(checked.violations), grouped(checked.cases));
        writeln!(
            f,
            "<li><code>{name}</code> <b>{violations}</b> of {cases} cases: {asks}."
        )?;
        examples(f, checked)?;
        f.write_str("</li>\n")?;
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
         said and saw; these checks read all of it, and the rooms' logs at the end.</p>\n\
         <div class=\"wide\"><table>\n<thead><tr><th>Check</th><th>What must hold</th>\
         <th class=\"n\">Cases</th><th class=\"n\">Violations</th><th></th></tr></thead>\n<tbody>\n",
    )?;
    for checked in &audit.checks {
        let (class, word) = match (checked.violations, checked.cases) {
            (0, 0) => ("doubt", "no case"),
            (0, _) => ("good", "held"),
            _ => ("bad", "broken"),
        };
        writeln!(
            f,
            "<tr><td><code>{}</code></td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
             <td><span class=\"tag {class}\">{word}</span></td></tr>",
            checked.check.name(),
            Text(checked.asks),
            grouped(checked.cases),
            grouped(checked.violations),
        )?;
    }
    f.write_str("</tbody>\n</table></div>\n</section>\n")
}
