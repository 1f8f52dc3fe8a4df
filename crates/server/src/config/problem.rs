//! What can be wrong with a configuration, as sentences for the operator.

use std::fmt;

use super::kinds::Wrong;
use super::source::Source;

/// The exit code of a configuration error (`EX_CONFIG` of sysexits).
pub const EXIT_CONFIG: u8 = 78;

/// Everything that is wrong with a configuration, one sentence a line.
#[derive(Debug)]
pub struct ConfigError(Vec<Problem>);

impl ConfigError {
    pub(super) fn new(problems: Vec<Problem>) -> Self {
        Self(problems)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Problem(sentence)) in self.0.iter().enumerate() {
            write!(f, "{}{sentence}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// One thing that is wrong.
#[derive(Debug)]
pub(super) struct Problem(String);

impl Problem {
    /// A value that its key can't have.
    pub(super) fn value(key: &str, source: &Source, wrong: Wrong, expected: String) -> Self {
        let Wrong { shown, why } = wrong;
        let from = source.name(key);
        let why = if why.is_empty() {
            why
        } else {
            format!("{why}; ")
        };
        Self(format!(
            "{key} = {shown} (from {from}): {why}expected {expected}"
        ))
    }

    /// Anything else.
    pub(super) fn sentence(sentence: String) -> Self {
        Self(sentence)
    }
}
