//! The faults in a table: what was done, what it did to clients, and whether that was expected.

use std::fmt::{self, Formatter};

use super::grid::{Cell, Head, table};
use crate::outcome::FaultOutcome;
use crate::units::{clock, grouped, maybe_ms, ms};

pub(super) fn write(f: &mut Formatter<'_>, faults: &[FaultOutcome]) -> fmt::Result {
    if faults.is_empty() {
        return Ok(());
    }
    f.write_str("<section id=\"faults\">\n<h2>Faults</h2>\n")?;
    let heads = [
        Head::words(""),
        Head::words("Fault"),
        Head::number("At"),
        Head::number("Lasted"),
        Head::number("Sessions cut"),
        Head::number("99 % back after"),
        Head::number("Longest without ack"),
        Head::words("Expected"),
        Head::words(""),
    ];
    let rows = faults.iter().enumerate();
    table(f, heads, rows.map(|(place, fault)| row(place + 1, fault)))?;
    f.write_str("</section>\n")
}

fn row(number: usize, fault: &FaultOutcome) -> [Cell; 9] {
    [
        Cell::Badge(number),
        Cell::name(&fault.name),
        Cell::plain(clock(fault.began_ms)),
        Cell::plain(ms(fault.ended_ms.saturating_sub(fault.began_ms))),
        Cell::plain(grouped(fault.cut)),
        Cell::plain(maybe_ms(fault.back_p99_ms)),
        Cell::plain(ms(fault.silence_ms)),
        Cell::Wrong(fault.expects.clone(), fault.failures.clone()),
        Cell::judged(fault.failures.is_empty(), "as expected", "not as expected"),
    ]
}
