//! The block that is redrawn in a terminal: a bar, four rows of figures with their last minute, trouble.

mod paint;

use super::snapshot::Snapshot;
use crate::outcome::Second;
use crate::printable::Printable;
use crate::units::{clock, counted, grouped, maybe_us, short};
use paint::{Colour, Painted};

/// Lines of a block, always as many.
pub(super) const LINES: usize = 8;

/// How far back the small curves look, in s.
const HISTORY_S: usize = 60;

/// Eighths of a line's height.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The lines, none wider than `columns`.
pub(super) fn lines(now: &Snapshot<'_>, columns: usize, has_colour: bool) -> [String; LINES] {
    let new = || Painted::new(columns, has_colour);
    let counted = &now.second.counted;
    let rate = |name, rate, of: fn(&Second) -> u64| {
        let figures = format!("{:>9}/s", short(rate));
        row(new(), name, &figures, now.history, of)
    };
    let open = format!("{:>9}  ", grouped(now.second.open.into()));
    [
        progress(new(), now, columns),
        row(new(), "open", &open, now.history, |s| s.open.into()),
        rate("sent", counted.sent, |s| s.counted.sent),
        rate("acked", counted.acked, |s| s.counted.acked),
        rate("delivered", counted.delivered, |s| s.counted.delivered),
        times(new(), now),
        trouble(new(), now),
        fault(new(), now),
    ]
}

/// How far the run has come.
fn progress(mut line: Painted, now: &Snapshot<'_>, columns: usize) -> String {
    line.text(
        Colour::Bold,
        &format!("{:<12}", Printable(now.phase).to_string()),
    );
    let Some(planned_ms) = now.planned_ms.filter(|ms| *ms > 0) else {
        line.text(Colour::Plain, &clock(now.elapsed_ms));
        return line.end();
    };
    let words = format!("  {} of {}", clock(now.elapsed_ms), clock(planned_ms));
    let cells = columns.saturating_sub(12 + words.len()).min(HISTORY_S) as u64;
    let done = (now.elapsed_ms.min(planned_ms) * cells * 2) / planned_ms;
    let half = if done % 2 == 1 { "╸" } else { "" };
    let full = "━".repeat((done / 2) as usize);
    line.text(Colour::Good, &format!("{full}{half}"));
    let left = cells - done.div_ceil(2);
    line.text(Colour::Dim, &"─".repeat(left as usize));
    line.text(Colour::Plain, &words);
    line.end()
}

fn row(
    mut line: Painted,
    name: &str,
    figures: &str,
    history: &[Second],
    of: fn(&Second) -> u64,
) -> String {
    line.text(Colour::Dim, &format!("{name:<10}"));
    line.text(Colour::Bold, figures);
    line.text(Colour::Plain, "  ");
    line.text(Colour::Curve, &curve(history, of));
    line.end()
}

/// The last minute as a curve. It begins at zero, so that a dip looks as deep as it is.
fn curve(history: &[Second], of: fn(&Second) -> u64) -> String {
    let last = &history[history.len().saturating_sub(HISTORY_S)..];
    let highest = last.iter().map(of).max().unwrap_or(0).max(1);
    let height = |second: &Second| match of(second) {
        0 => ' ',
        value => HEIGHTS[(value as f64 / highest as f64 * 7.0).round() as usize],
    };
    last.iter().map(height).collect()
}

fn times(mut line: Painted, now: &Snapshot<'_>) -> String {
    line.text(Colour::Dim, "delivery  ");
    line.text(Colour::Plain, &format!("p50 {}   ", maybe_us(now.p50_us)));
    line.text(Colour::Plain, &format!("p99 {}   ", maybe_us(now.p99_us)));
    let (settled, waiting) = (now.second.settled, now.second.waiting);
    let is_all = settled == now.clients;
    let words = format!(
        "settled {} of {}   ",
        grouped(settled.into()),
        grouped(now.clients.into())
    );
    line.text(if is_all { Colour::Plain } else { Colour::Warn }, &words);
    line.text(Colour::Plain, &counted(waiting.into(), "ack"));
    line.text(Colour::Plain, " awaited");
    line.end()
}

fn trouble(mut line: Painted, now: &Snapshot<'_>) -> String {
    line.text(Colour::Dim, "so far    ");
    let totals = now.totals;
    let figures = [
        ("cut", totals.cut),
        ("gaps", totals.gaps),
        ("refused", totals.refused),
        ("held back", totals.held_back),
        ("turned away", totals.turned_away),
    ];
    for (name, count) in figures {
        let colour = if count > 0 {
            Colour::Warn
        } else {
            Colour::Plain
        };
        line.text(colour, &format!("{name} {}   ", short(count)));
    }
    line.end()
}

fn fault(mut line: Painted, now: &Snapshot<'_>) -> String {
    line.text(Colour::Dim, "fault     ");
    match now.fault {
        Some(fault) => line.text(Colour::Bad, &Printable(fault).to_string()),
        None => line.text(Colour::Plain, "none"),
    }
    line.end()
}
