//! What all clients of a process are told at the same time.

use serde::{Deserialize, Serialize};

/// How far the run has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Clients come, and listen.
    #[default]
    Gathering,
    /// They talk.
    Talking,
    /// They say nothing new, and wait for their acks.
    Hushed,
    /// They look up who is there and what the logs hold.
    Resting,
    /// They go.
    Closing,
}

/// The present state of what clients are told; each compares it with what it did so far.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Cue {
    /// How far the run has come.
    pub stage: Stage,
    /// Multiplies everybody's rate.
    pub pace: f64,
    /// How often everybody was told to drop their connection and come back.
    pub cuts: u32,
    /// So many clients don't read.
    pub slow: u32,
    /// So many clients have let their connection lie, and come on another one.
    pub mute: u32,
}

impl Default for Cue {
    fn default() -> Self {
        Self {
            stage: Stage::Gathering,
            pace: 1.0,
            cuts: 0,
            slow: 0,
            mute: 0,
        }
    }
}
