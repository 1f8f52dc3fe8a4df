//! A fault that can't be read: which part, and what was expected there. And faults that don't go together.

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

/// Two faults of a plan that don't go together.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{one} and {other} don't go together: {why}")]
pub struct PlanError {
    /// The one, as it is written.
    pub one: String,
    /// The other.
    pub other: String,
    /// Why not.
    pub why: &'static str,
}
