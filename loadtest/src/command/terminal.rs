//! The terminal, or what stands for it.

use std::io::{IsTerminal as _, Write as _, stdout};

use crate::live::{Live, Snapshot, Watcher};

/// Columns where nobody knows how many there are.
const WIDTH: usize = 100;

/// Shows a run that goes on, on the standard output.
pub(super) struct Terminal {
    live: Live,
}

impl Terminal {
    pub(super) fn new(is_plain: bool) -> Self {
        let is_terminal = stdout().is_terminal() && !is_plain;
        let size = terminal_size::terminal_size();
        let width = size.map_or(WIDTH, |(width, _)| usize::from(width.0));
        let live = Live::new(is_terminal, width).with_colour(!is_plain);
        Self { live }
    }
}

impl Watcher for Terminal {
    fn saw(&mut self, now: &Snapshot<'_>) {
        // A reader that is gone is no reason to stop a run.
        let _ = self.live.show(now, &mut stdout().lock());
    }
}

/// Writes text to the standard output.
pub(super) fn print(text: &str) {
    // Whoever closed it doesn't want it.
    let _ = writeln!(stdout().lock(), "{text}");
}
