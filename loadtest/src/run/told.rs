//! A run that was played, in figures: what is left to be judged.

use super::costs::Costs;
use super::effects::Happened;
use super::figures::{Figures, Stretch};
use crate::outcome::StepOutcome;

/// A run that was played, in figures.
#[derive(Default)]
pub(super) struct Told {
    pub(super) figures: Figures,
    pub(super) costs: Costs,
    pub(super) happened: Vec<Happened>,
    pub(super) steps: Vec<StepOutcome>,
    /// Deliveries before clients stopped reading, and while they did.
    pub(super) calm: Option<Stretch>,
    pub(super) slow: Option<Stretch>,
    /// Clients in all their rooms at rest.
    pub(super) settled: u32,
    /// Clients whose questions at rest were not all answered.
    pub(super) restless: u32,
    /// How long it took from the last fault and the last new word until all were back and answered, in ms.
    pub(super) calm_ms: u64,
    /// When the talk ended, in µs of the run.
    pub(super) hushed_us: u64,
    pub(super) took_us: u64,
}
