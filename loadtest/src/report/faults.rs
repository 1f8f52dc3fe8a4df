//! The faults in a table: what was done, what it did to clients, and whether that was expected.

use std::fmt::{self, Formatter};

use super::escape::Text;
use crate::outcome::FaultOutcome;
use crate::units::{clock, grouped, maybe_ms, ms};

pub(super) fn write(f: &mut Formatter<'_>, faults: &[FaultOutcome]) -> fmt::Result {
    if faults.is_empty() {
        return Ok(());
    }
    f.write_str(
        "<section id=\"faults\">\n<h2>Faults</h2>\n<div class=\"wide\"><table>\n<thead><tr><th></th>\
         <th>Fault</th><th class=\"n\">At</th><th class=\"n\">Lasted</th>\
         <th class=\"n\">Sessions cut</th><th class=\"n\">99 % back after</th>\
         <th class=\"n\">Longest without ack</th><th>Expected</th><th></th></tr></thead>\n<tbody>\n",
    )?;
    for (place, fault) in faults.iter().enumerate() {
        row(f, place + 1, fault)?;
    }
    f.write_str("</tbody>\n</table></div>\n</section>\n")
}

fn row(f: &mut Formatter<'_>, number: usize, fault: &FaultOutcome) -> fmt::Result {
    let (class, word) = if fault.failures.is_empty() {
        ("good", "as expected")
    } else {
        ("bad", "not as expected")
    };
    write!(
        f,
        "<tr><td><span class=\"number\">{number}</span></td><td><b>{}</b></td><td class=\"n\">{}</td>\
         <td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
         <td>{}",
        Text(&fault.name),
        clock(fault.began_ms),
        ms(fault.ended_ms.saturating_sub(fault.began_ms)),
        grouped(fault.cut),
        maybe_ms(fault.back_p99_ms),
        ms(fault.silence_ms),
        Text(&fault.expects),
    )?;
    for failure in &fault.failures {
        write!(f, "<br><span class=\"bad\">{}</span>", Text(failure))?;
    }
    writeln!(
        f,
        "</td><td><span class=\"tag {class}\">{word}</span></td></tr>"
    )
}
