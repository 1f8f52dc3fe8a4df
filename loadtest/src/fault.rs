//! A fault of the plan: what is done to the cluster or by the load, when, and for how long.
//!
//! Owns the fault as a value and how it is written on a command line: `kill:gateway-2@10s`,
//! `redis-stop@15s+5s`. Keeps true: a fault that is shown reads back as the same fault. Leaves the doing
//! to the stage, and what only clients can do to the load.

pub mod deed;
pub mod error;
pub mod expects;
pub mod plan;
pub mod standard;
mod text;
pub mod time;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::ledger::record::Cost;
use deed::Deed;
use error::FaultError;
use expects::Expects;

/// One fault of a plan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// As it is written in the plan, in its shortest form.
    pub name: String,
    /// When it begins, counted from the moment all clients are in.
    pub at: Duration,
    /// From its beginning to its end. Zero for what happens in a moment, and for a drain, which is over
    /// when the node has ended by itself.
    pub lasts: Duration,
    /// What is done.
    pub deed: Deed,
}

impl Fault {
    /// A fault of whole milliseconds; what is less is cut off.
    pub fn new(deed: Deed, at: Duration, lasts: Duration) -> Self {
        let (at, lasts) = (time::whole_ms(at), time::whole_ms(lasts));
        Self {
            name: text::write(&deed, at, lasts),
            at,
            lasts,
            deed,
        }
    }

    /// A fault that lasts as long as such faults do where the plan doesn't say.
    pub fn usual(deed: Deed, at: Duration) -> Self {
        let lasts = deed.usual_length();
        Self::new(deed, at, lasts)
    }

    /// What it may cost.
    pub fn cost(&self) -> Cost {
        self.deed.cost()
    }

    /// What must come about in spite of it.
    pub fn expects(&self) -> Expects {
        Expects::of(&self.deed, self.lasts)
    }

    /// Whether the load does it itself; all others are done by the stage.
    pub fn is_of_the_load(&self) -> bool {
        self.deed.is_of_the_load()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(written: &str) -> Result<Self, FaultError> {
        let (deed, at, lasts) = text::read(written)?;
        let lasts = lasts.unwrap_or_else(|| deed.usual_length());
        Ok(Self::new(deed, at, lasts))
    }
}

#[cfg(test)]
mod tests;
