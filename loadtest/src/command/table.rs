//! The table of a fault run: an act a row, for people and as Markdown.

use std::fmt::Write as _;

use crate::audit::check::Check;
use crate::audit::verdict::Outcome as Word;
use crate::outcome::Outcome;

/// What an act came to.
pub(super) struct Row {
    pub(super) word: Word,
    name: String,
    cut: u64,
    back_p99_ms: Option<u64>,
    silence_ms: u64,
    acked: u64,
    delivered: u64,
    lost: u64,
    repeated: u64,
    disordered: u64,
    holes: u64,
    epochs: u64,
    p99_us: u64,
    /// Why it came to nothing.
    nothing: Option<String>,
}

const HEADS: [&str; 12] = [
    "fault",
    "verdict",
    "cut",
    "back p99",
    "silence",
    "acked",
    "delivered",
    "lost",
    "repeated",
    "disordered",
    "holes",
    "new epochs",
];

impl Row {
    pub(super) fn of(name: &str, outcome: &Outcome) -> Self {
        let audit = &outcome.audit;
        let faults = &outcome.faults;
        Self {
            word: outcome.word(),
            name: name.into(),
            cut: faults.iter().map(|fault| fault.cut).sum(),
            back_p99_ms: faults.iter().filter_map(|fault| fault.back_p99_ms).max(),
            silence_ms: faults
                .iter()
                .map(|fault| fault.silence_ms)
                .max()
                .unwrap_or(0),
            acked: audit.facts.acked,
            delivered: audit.facts.deliveries,
            lost: audit.violations(Check::AckedIsKept),
            repeated: audit.violations(Check::NoDuplicate) + audit.violations(Check::RetrySafe),
            disordered: audit.violations(Check::OrderPerClient)
                + audit.violations(Check::OneMessagePerPosition)
                + audit.violations(Check::SenderOrder),
            holes: audit.violations(Check::NoSilentHole) + audit.violations(Check::GapIsTrue),
            epochs: audit.facts.epochs_begun,
            p99_us: outcome.latency.delivery.p99_us,
            nothing: None,
        }
    }

    /// An act without a result.
    pub(super) fn nothing(name: &str, why: String) -> Self {
        Self {
            word: Word::Failed,
            name: name.into(),
            cut: 0,
            back_p99_ms: None,
            silence_ms: 0,
            acked: 0,
            delivered: 0,
            lost: 0,
            repeated: 0,
            disordered: 0,
            holes: 0,
            epochs: 0,
            p99_us: 0,
            nothing: Some(why),
        }
    }

    fn cells(&self) -> [String; 12] {
        let seconds = |ms: u64| format!("{:.1} s", ms as f64 / 1_000.0);
        [
            self.name.clone(),
            self.word.to_string(),
            self.cut.to_string(),
            self.back_p99_ms.map_or_else(|| "-".into(), seconds),
            seconds(self.silence_ms),
            self.acked.to_string(),
            self.delivered.to_string(),
            self.lost.to_string(),
            self.repeated.to_string(),
            self.disordered.to_string(),
            self.holes.to_string(),
            self.epochs.to_string(),
        ]
    }

    /// The act in one line.
    pub(super) fn line(&self) -> String {
        if let Some(why) = &self.nothing {
            return format!("{}  {}: {why}", self.word, self.name);
        }
        format!(
            "{}  {}: {} acked, {} delivered, p99 {} ms, {} cut, back after {}, silence {}",
            self.word,
            self.name,
            self.acked,
            self.delivered,
            self.p99_us / 1_000,
            self.cut,
            self.cells()[3],
            self.cells()[4],
        )
    }
}

/// For people.
pub(super) fn plain(rows: &[Row]) -> String {
    let cells: Vec<[String; 12]> = rows.iter().map(Row::cells).collect();
    let width = |column: usize| {
        let cells = cells.iter().map(|row| row[column].len());
        cells.chain([HEADS[column].len()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..HEADS.len()).map(width).collect();
    let mut text = String::new();
    let heads = HEADS.map(ToOwned::to_owned);
    for row in std::iter::once(&heads).chain(&cells) {
        for (column, cell) in row.iter().enumerate() {
            let width = widths[column];
            // Words to the left, numbers to the right.
            let _ = if column < 2 {
                write!(text, "{cell:<width$}  ")
            } else {
                write!(text, "{cell:>width$}  ")
            };
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

/// For documents.
pub(super) fn markdown(rows: &[Row], seed: u64) -> String {
    let mut text = format!("Seed {seed}.\n\n| {} |\n|", HEADS.join(" | "));
    text.push_str(&"---|".repeat(HEADS.len()));
    text.push('\n');
    for row in rows {
        let _ = writeln!(text, "| {} |", row.cells().join(" | "));
    }
    text
}
