//! What a process of the load is told, and what it tells: lines of JSON between it and its leader.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::cue::Cue;
use super::tally::News;
use crate::load::Load;

/// To a process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Order {
    /// Make your share of the clients.
    Begin(Box<Begin>),
    /// What clients are told from now on.
    Cue(Cue),
}

/// How a process begins.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Begin {
    /// The whole load.
    pub load: Load,
    /// Which share of the clients, from 0.
    pub share: u32,
    /// Of how many.
    pub shares: u32,
    /// Tells the ledgers of the run apart.
    pub process: u32,
    /// When the run began, in µs since 1970.
    pub run_unix_us: u64,
    /// Where to write the ledger.
    pub ledger: PathBuf,
}

/// From a process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Report {
    /// Its clients are on their way.
    Began,
    /// What happened in the last second.
    News(Box<News>),
    /// Its ledger is written.
    Closed,
}
