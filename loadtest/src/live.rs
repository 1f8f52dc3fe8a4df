//! The live view: how a run is going, on a terminal or as lines of a log.
//!
//! Owns when something is written and how it is redrawn. Keeps true: a frame is one write, its lines are cut
//! to the width so that none wraps, and a block always has as many lines as the one before, so nothing
//! flickers or scrolls. Leaves to others: counting, knowing what a terminal is, and keeping other words off it
//! between two frames.

mod block;
mod line;
mod snapshot;

use std::io::{self, Write};

use block::LINES;
pub use snapshot::{Snapshot, Watcher};

/// Between two lines of a log, while nothing else changes.
const LINE_EVERY_MS: u64 = 5_000;

/// A view that is shown again and again.
#[derive(Debug)]
pub struct Live {
    is_terminal: bool,
    has_colour: bool,
    width: usize,
    /// A block stands above the cursor.
    is_drawn: bool,
    last: Option<Last>,
}

/// What the last line of a log said.
#[derive(PartialEq, Eq, Debug)]
struct Last {
    elapsed_ms: u64,
    phase: String,
    fault: Option<String>,
}

impl Live {
    /// A view of a terminal that is `width` columns wide, with colours; else lines of a log.
    pub fn new(is_terminal: bool, width: usize) -> Self {
        Self {
            is_terminal,
            has_colour: true,
            width,
            is_drawn: false,
            last: None,
        }
    }

    /// The same one, with colours or without.
    #[must_use]
    pub fn with_colour(self, has_colour: bool) -> Self {
        Self { has_colour, ..self }
    }

    /// Shows how it is going: in a terminal at each call, else where five seconds have gone by or the phase
    /// or the fault is another one.
    ///
    /// # Errors
    /// What the writer says.
    pub fn show(&mut self, now: &Snapshot<'_>, to: &mut impl Write) -> io::Result<()> {
        if self.is_terminal {
            self.draw(now, to)
        } else if self.is_line_due(now) {
            self.note(now, to)
        } else {
            Ok(())
        }
    }

    /// Takes the last look. What comes next on the terminal stands below the block.
    ///
    /// # Errors
    /// What the writer says.
    pub fn finish(&mut self, now: &Snapshot<'_>, to: &mut impl Write) -> io::Result<()> {
        if self.is_terminal {
            self.draw(now, to)?;
            self.is_drawn = false;
            return Ok(());
        }
        let is_told = |last: &Last| *last == Last::of(now);
        if self.last.as_ref().is_some_and(is_told) {
            return Ok(());
        }
        self.note(now, to)
    }

    fn draw(&mut self, now: &Snapshot<'_>, to: &mut impl Write) -> io::Result<()> {
        let mut frame = String::new();
        if self.is_drawn {
            frame.push_str(&format!("\x1b[{LINES}A\r"));
        }
        // The last column stays free: some terminals wrap as soon as it is written.
        let columns = self.width.saturating_sub(1);
        for line in block::lines(now, columns, self.has_colour) {
            frame.push_str(&line);
            frame.push_str("\x1b[K\n");
        }
        self.is_drawn = true;
        to.write_all(frame.as_bytes())?;
        to.flush()
    }

    fn is_line_due(&self, now: &Snapshot<'_>) -> bool {
        self.last.as_ref().is_none_or(|last| {
            let since_ms = now.elapsed_ms.saturating_sub(last.elapsed_ms);
            since_ms >= LINE_EVERY_MS
                || last.phase != now.phase
                || last.fault.as_deref() != now.fault
        })
    }

    fn note(&mut self, now: &Snapshot<'_>, to: &mut impl Write) -> io::Result<()> {
        self.last = Some(Last::of(now));
        to.write_all(line::line(now).as_bytes())?;
        to.flush()
    }
}

impl Last {
    fn of(now: &Snapshot<'_>) -> Self {
        Self {
            elapsed_ms: now.elapsed_ms,
            phase: now.phase.into(),
            fault: now.fault.map(Into::into),
        }
    }
}

#[cfg(test)]
mod tests;
