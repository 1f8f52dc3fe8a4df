//! What a fault does, and what each may cost.
//!
//! Nouns only. Costs are promises turned round: a Redis that is flushed may forget, and may still cut
//! nobody.

use std::time::Duration;

use crate::ledger::record::Cost;

/// What is done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Deed {
    /// A node is killed at once, and started anew at the end.
    Kill {
        /// Which.
        node: String,
    },
    /// A node is stopped in its tracks with its connections open, and goes on at the end.
    Stop {
        /// Which.
        node: String,
    },
    /// A node is asked to end, does so in its own time, and is started anew.
    Drain {
        /// Which.
        node: String,
    },
    /// A node may open no more files and connections until the end.
    Starve {
        /// Which.
        node: String,
    },
    /// Redis cuts every link on which nodes hear of messages.
    CutFeed,
    /// Redis cuts every link on which nodes send commands.
    CutCommands,
    /// Redis is killed at once, and started anew with its append-only file at the end.
    RedisRestart,
    /// Redis forgets everything.
    RedisFlush,
    /// Redis has no memory for more until the end.
    RedisFull,
    /// Redis is stopped in its tracks with its connections open, and goes on at the end.
    RedisStop,
    /// All clients drop their connections at once, and come back.
    Reconnect,
    /// Some clients stop reading until the end.
    SlowReaders {
        /// How many.
        clients: u32,
    },
    /// Some clients neither read, write nor close until the end.
    HalfOpen {
        /// How many.
        clients: u32,
    },
    /// A command of the shell is run at the beginning; the end is when its effect should be over.
    Run {
        /// As given to `sh -c`.
        command: String,
        /// What the plan says that it may cost.
        cost: Cost,
    },
}

/// What a command may cost where the plan doesn't say.
pub const COST_OF_COMMANDS: Cost = Cost {
    forgets: false,
    cuts: true,
    refuses: true,
};

impl Deed {
    /// What it may cost.
    pub fn cost(&self) -> Cost {
        let (forgets, cuts, refuses) = match self {
            Self::Kill { .. } | Self::Stop { .. } | Self::Drain { .. } | Self::Starve { .. } => {
                (false, true, true)
            }
            Self::CutFeed | Self::CutCommands => (false, false, true),
            // Its file holds what was acked, so even a kill is no excuse to forget.
            Self::RedisRestart | Self::RedisFull | Self::RedisStop => (false, false, true),
            Self::RedisFlush => (true, false, true),
            Self::Reconnect | Self::SlowReaders { .. } | Self::HalfOpen { .. } => {
                (false, true, true)
            }
            Self::Run { cost, .. } => return *cost,
        };
        Cost {
            forgets,
            cuts,
            refuses,
        }
    }

    /// Whether the load does it itself; all others are done by the stage.
    pub fn is_of_the_load(&self) -> bool {
        matches!(
            self,
            Self::Reconnect | Self::SlowReaders { .. } | Self::HalfOpen { .. }
        )
    }

    /// The node whose process it acts on.
    pub fn node(&self) -> Option<&str> {
        match self {
            Self::Kill { node }
            | Self::Stop { node }
            | Self::Drain { node }
            | Self::Starve { node } => Some(node),
            _ => None,
        }
    }

    /// Whether some clients must come back because of it. Others may be cut, or a good cluster spares them.
    pub fn cuts_for_sure(&self) -> bool {
        match self {
            Self::Kill { .. } | Self::Drain { .. } | Self::Reconnect | Self::HalfOpen { .. } => {
                true
            }
            Self::Stop { .. }
            | Self::Starve { .. }
            | Self::CutFeed
            | Self::CutCommands
            | Self::RedisRestart
            | Self::RedisFlush
            | Self::RedisFull
            | Self::RedisStop
            | Self::SlowReaders { .. }
            | Self::Run { .. } => false,
        }
    }

    /// How long such a fault lasts where the plan doesn't say.
    pub fn usual_length(&self) -> Duration {
        let seconds = match self {
            Self::Kill { .. } | Self::RedisRestart => 2,
            Self::Stop { .. } | Self::Starve { .. } | Self::RedisFull | Self::RedisStop => 5,
            Self::SlowReaders { .. } | Self::HalfOpen { .. } => 8,
            Self::Drain { .. }
            | Self::CutFeed
            | Self::CutCommands
            | Self::RedisFlush
            | Self::Reconnect
            | Self::Run { .. } => 0,
        };
        Duration::from_secs(seconds)
    }

    /// Whether a plan may say how long it lasts.
    pub fn has_length(&self) -> bool {
        matches!(self, Self::Run { .. }) || !self.usual_length().is_zero()
    }
}
