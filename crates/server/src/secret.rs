//! A text that must not be shown: it has no `Display`, and its `Debug` says only that it is there.

use std::fmt;

/// What stands in the place of a secret wherever a value is shown.
pub(crate) const HIDDEN: &str = "(hidden)";

/// A text that logs, errors and `Debug` never show.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}
