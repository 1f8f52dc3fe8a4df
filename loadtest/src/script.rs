//! The script of a run: who comes, how long they talk, what goes wrong meanwhile, and what must hold.
//!
//! A scenario writes one; the run plays it.

use std::time::Duration;

use crate::audit::plan::Plan;
use crate::expect::Expect;
use crate::fault::Fault;
use crate::load::Load;

/// What a run plays.
#[derive(Clone, Debug)]
pub struct Script {
    /// The scenario's name.
    pub scenario: String,
    /// Who comes and what they do.
    pub load: Load,
    /// How long all are in before anybody talks; memory is read at its end.
    pub idle: Duration,
    /// The talk.
    pub talk: Talk,
    /// What goes wrong, from the moment the talk begins.
    pub faults: Vec<Fault>,
    /// How long is waited after the last word and the last fault until all must be at rest.
    pub settle: Duration,
    /// How long is waited for whatever is limited by nothing but the cluster's health.
    pub patience: Duration,
    /// What the audit goes by.
    pub audit: Plan,
    /// What must hold beside the audit.
    pub expects: Vec<Expect>,
}

/// How clients talk.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Talk {
    /// At one rate.
    For(Duration),
    /// At rising rates, until one can't be kept.
    Steps {
        /// What the load's own rate is multiplied by from step to step.
        factor: f64,
        /// How long each lasts.
        each: Duration,
        /// The longest p99 of deliveries that is still good, in µs.
        p99_us_max: u64,
        /// How many there are at most.
        steps_max: u32,
    },
}

impl Script {
    /// How long the talk takes at most.
    pub fn talk_max(&self) -> Duration {
        let talk = match self.talk {
            Talk::For(time) => time,
            Talk::Steps {
                each, steps_max, ..
            } => each * steps_max,
        };
        let ends = self.faults.iter().map(|fault| fault.at + fault.lasts);
        ends.fold(talk, Duration::max)
    }
}
