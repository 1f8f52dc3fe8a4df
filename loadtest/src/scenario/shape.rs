//! What a scenario chooses: the crowd, the talk, what goes wrong, what must hold.

use std::time::Duration;

use crate::expect::Expect;
use crate::fault::Fault;
use crate::load::Crowd;
use crate::script::Talk;
use crate::settings::{Settings, Time};

/// What makes one scenario unlike another.
pub(super) struct Shape {
    pub(super) clients: u32,
    pub(super) rooms: u32,
    pub(super) crowd: Crowd,
    pub(super) idle: Duration,
    pub(super) talk: Talk,
    pub(super) faults: Vec<Fault>,
    pub(super) expects: Vec<Expect>,
}

/// How long clients talk, if the settings don't say: so many seconds.
pub(super) fn talk_for(settings: &Settings, seconds: u64) -> Duration {
    settings
        .talk_for
        .map_or(Duration::from_secs(seconds), |Time(time)| time)
}

/// Long enough that memory has settled before anybody talks.
pub(super) const IDLE: Duration = Duration::from_secs(2);
