//! What a part of the check has come to: what it looked at, and what is wrong.

/// How a part ended. No faults: well.
#[derive(Default)]
pub(super) struct Verdict {
    /// What was looked at, counted: `3 overlays, 57 objects`.
    pub(super) counted: String,
    /// A line each, `place: what is wrong and what to do`.
    pub(super) faults: Vec<String>,
}

impl Verdict {
    pub(super) fn new(counted: impl Into<String>, faults: Vec<String>) -> Self {
        Self {
            counted: counted.into(),
            faults,
        }
    }

    pub(super) fn is_well(&self) -> bool {
        self.faults.is_empty()
    }
}
