//! How a test run's steps are shown: verdicts, durations and the table at the end.

use std::time::Duration;

use crate::job::Ending;

/// The verdict of a step that went well.
pub(super) const WELL: &str = "ok";

/// A step that has run.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) verdict: String,
    pub(super) took: Duration,
}

impl Row {
    pub(super) fn is_well(&self) -> bool {
        self.verdict == WELL
    }
}

/// How a program's ending is told.
pub(super) fn verdict(ending: &Ending, limit: Duration) -> String {
    match ending {
        Ending::Well => WELL.to_owned(),
        Ending::Code(code) => format!("failed with exit code {code}"),
        Ending::Signal(signal) => format!("killed by signal {signal}"),
        Ending::TookTooLong => format!("killed, not done within {}", seconds(limit)),
    }
}

/// A duration as people read it: `0.4 s`, `75 s`.
pub(super) fn seconds(took: Duration) -> String {
    let seconds = took.as_secs_f64();
    if seconds < 10.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{seconds:.0} s")
    }
}

/// Prints the table, an empty line before and after it.
pub(super) fn print(rows: &[Row], colours: bool) {
    println!();
    for row in rows {
        println!("{}", line(row, colours));
    }
    println!();
}

fn line(row: &Row, colours: bool) -> String {
    let line = format!("{:<12} {:>8}  {}", row.name, seconds(row.took), row.verdict);
    match (colours, row.is_well()) {
        (false, _) => line,
        (true, true) => format!("\u{1b}[32m{line}\u{1b}[0m"),
        (true, false) => format!("\u{1b}[31m{line}\u{1b}[0m"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Row, line, seconds, verdict};
    use crate::job::Ending;

    #[test]
    fn a_row_tells_the_step_its_time_and_its_verdict() {
        let limit = Duration::from_secs(1800);
        let row = |ending| Row {
            name: "tests",
            verdict: verdict(&ending, limit),
            took: Duration::from_millis(75_400),
        };
        assert_eq!(line(&row(Ending::Well), false), "tests            75 s  ok");
        assert!(line(&row(Ending::Code(101)), false).ends_with("failed with exit code 101"));
        assert!(line(&row(Ending::Signal(9)), false).ends_with("killed by signal 9"));
        assert!(line(&row(Ending::TookTooLong), false).ends_with("not done within 1800 s"));
        assert!(!row(Ending::TookTooLong).is_well());
    }

    #[test]
    fn colours_appear_only_where_they_are_wanted() {
        let row = Row {
            name: "tests",
            verdict: "ok".into(),
            took: Duration::ZERO,
        };
        assert!(!line(&row, false).contains('\u{1b}'));
        assert!(line(&row, true).contains('\u{1b}'));
    }

    #[test]
    fn short_times_keep_a_tenth() {
        assert_eq!(seconds(Duration::from_millis(440)), "0.4 s");
        assert_eq!(seconds(Duration::from_secs(61)), "61 s");
    }
}
