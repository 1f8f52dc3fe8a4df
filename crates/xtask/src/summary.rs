//! What came of a chore that judges several parts: each counts as one test.

use std::time::Duration;

use crate::fault::Fault;

/// The parts so far.
#[derive(Default)]
pub(crate) struct Summary {
    passed: usize,
    failed: usize,
    took: Duration,
}

impl Summary {
    /// Whether every part was judged well.
    pub(crate) fn is_well(&self) -> bool {
        self.failed == 0
    }

    /// How long the programs of the chore worked.
    pub(crate) fn took(&self) -> Duration {
        self.took
    }

    /// They worked for so long besides.
    pub(crate) fn add_time(&mut self, took: Duration) {
        self.took += took;
    }

    /// Says what came of a part, and counts it.
    pub(crate) fn add(&mut self, chore: &str, part: &str, well: bool) {
        let word = if well { "ok" } else { "FAILED" };
        println!("test {chore}::{part} ... {word}");
        self.passed += usize::from(well);
        self.failed += usize::from(!well);
    }

    /// The sum in the words of cargo's test harness, so that it is counted with the tests.
    pub(crate) fn line(&self) -> String {
        let Self { passed, failed, .. } = self;
        let word = if self.is_well() { "ok" } else { "FAILED" };
        format!("test result: {word}. {passed} passed; {failed} failed; 0 ignored")
    }
}

/// Ends a chore that was asked for by itself: says the sum, or why there is none.
pub(crate) fn close(outcome: Result<Summary, String>) -> Result<(), Fault> {
    match outcome {
        Ok(summary) => {
            println!("{}", summary.line());
            if summary.is_well() {
                Ok(())
            } else {
                Err(Fault::Found)
            }
        }
        Err(sentence) => {
            eprintln!("xtask: {sentence}");
            Err(Fault::Found)
        }
    }
}
