//! A fault that can't be read: which part, and what was expected there.

/// Why a fault can't be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("fault {fault:?}: {part:?} can't be used; expected {expected}")]
pub struct FaultError {
    /// As it was written.
    pub fault: String,
    /// The part that is wrong; empty if one is missing.
    pub part: String,
    /// What should stand there.
    pub expected: String,
}
