//! The token of one act, by which Redis knows it again.
//!
//! An answer can be lost while the act was done. Whoever asks again shows the token of the first
//! time and gets the first answer, so that a join or a leave is told once, not never.

use std::fmt;

/// 64 random bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token(u64);

impl Token {
    /// A token that nobody had before.
    pub(super) fn fresh() -> Self {
        Self(rand::random())
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
