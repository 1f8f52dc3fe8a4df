//! Counting what cargo's test harness reports, and the closing line made of it.

use std::fmt::Write;

const RESULT: &str = "test result:";

/// Sums over all test binaries; a failed step that has no failed test counts as one failure.
#[derive(Default)]
pub(super) struct Tally {
    passed: u64,
    failed: u64,
    skipped: u64,
    executed: u64,
}

/// Whether the harness sums up one test binary in this line.
pub(super) fn is_result_line(line: &str) -> bool {
    plain(line).starts_with(RESULT)
}

impl Tally {
    /// Adds one `test result:` line; other lines count nothing.
    pub(super) fn count_line(&mut self, line: &str) {
        let line = plain(line);
        let Some(sums) = line.strip_prefix(RESULT) else {
            return;
        };
        // "ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s"
        let words: Vec<&str> = sums
            .split([' ', ';', '.'])
            .filter(|w| !w.is_empty())
            .collect();
        let count_of = |what: &str| -> u64 {
            let pair = words.windows(2).find(|pair| pair[1] == what);
            pair.and_then(|pair| pair[0].parse().ok()).unwrap_or(0)
        };
        let (passed, failed) = (count_of("passed"), count_of("failed"));
        self.passed += passed;
        self.failed += failed;
        self.executed += passed + failed;
        self.skipped += count_of("ignored");
    }

    /// Adds a step that failed without a failed test.
    pub(super) fn count_failed_step(&mut self) {
        self.failed += 1;
    }

    /// Tests that ran, whatever came of them.
    pub(super) fn executed(&self) -> u64 {
        self.executed
    }

    /// Failed tests and failed steps.
    pub(super) fn failed(&self) -> u64 {
        self.failed
    }

    /// `123 passed, 0 failed`, and `, 2 skipped` where some were.
    pub(super) fn closing_line(&self) -> String {
        let mut line = format!("{} passed, {} failed", self.passed, self.failed);
        if self.skipped > 0 {
            write!(line, ", {} skipped", self.skipped).expect("a String takes all that is written");
        }
        line
    }
}

/// The line without terminal colour sequences (`ESC [ … m`).
fn plain(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("\u{1b}[") {
        plain.push_str(&rest[..at]);
        rest = rest[at..].find('m').map_or("", |end| &rest[at + end + 1..]);
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::{Tally, is_result_line};

    fn tally(lines: &[&str]) -> Tally {
        let mut tally = Tally::default();
        lines.iter().for_each(|line| tally.count_line(line));
        tally
    }

    #[test]
    fn the_closing_line_sums_all_binaries() {
        let tally = tally(&[
            "test result: ok. 40 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; \
             finished in 0.52s",
            "test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; \
             finished in 0.00s",
            "test result: ok. 83 passed; 0 failed; 0 ignored; 0 measured; 2 filtered out; \
             finished in 11.00s",
        ]);
        assert_eq!(tally.closing_line(), "123 passed, 0 failed");
        assert_eq!((tally.executed(), tally.failed()), (123, 0));
    }

    #[test]
    fn failed_and_skipped_tests_are_told_and_colours_do_not_hide_them() {
        let line = "test result: \u{1b}[31mFAILED\u{1b}[m. 7 passed; 2 failed; 3 ignored; \
                    0 measured; 0 filtered out; finished in 1.00s";
        assert!(is_result_line(line));
        let tally = tally(&[line]);
        assert_eq!(tally.closing_line(), "7 passed, 2 failed, 3 skipped");
        assert_eq!(tally.executed(), 9);
    }

    #[test]
    fn a_test_that_prints_something_alike_counts_nothing() {
        assert!(!is_result_line("the test result: ok. 5 passed; 0 failed"));
        assert_eq!(
            tally(&["running 5 tests", "5 passed; 1 failed"]).closing_line(),
            "0 passed, 0 failed"
        );
    }

    #[test]
    fn a_failed_step_is_a_failure_but_not_an_executed_test() {
        let mut tally = tally(&[]);
        tally.count_failed_step();
        assert_eq!(tally.closing_line(), "0 passed, 1 failed");
        assert_eq!(tally.executed(), 0);
    }
}
