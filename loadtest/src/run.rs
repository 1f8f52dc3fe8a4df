//! One run: from the first connection to the verdict.
//!
//! Owns the order of things: gather, be idle, talk while things go wrong, hush, settle, rest, close,
//! audit. Keeps true: every wait has an end; a run that can't go on says why, and what it had started is
//! ended with it. What clients do is the workers' business, what it proves the audit's.

mod costs;
mod effects;
pub mod error;
mod figures;
mod fleet;
mod happenings;
mod judge;
mod lead;
pub(crate) mod stopping;
mod suffer;
mod told;

use std::io;
use std::path::{Path, PathBuf};

use crate::audit::audit;
use crate::ledger::clock::Clock;
use crate::ledger::writer::{Ledger, Writing};
use crate::live::Watcher;
use crate::outcome::{Outcome, RunFacts};
use crate::script::Script;
use crate::stage::Stage;
use error::RunError;
use fleet::Fleet;
use lead::Lead;
use told::Told;

/// How a run is made.
#[derive(Clone, Debug)]
pub struct Making {
    /// This program, which is also what makes the load.
    pub program: PathBuf,
    /// How many processes make it.
    pub processes: u32,
    /// Where ledgers are written; it must be there.
    pub directory: PathBuf,
    /// The command that repeats the run.
    pub command: String,
}

/// Plays a script on a stage, which is given back if the run was not given up under a fault.
///
/// # Errors
/// The run came to nothing; a run that shows the cluster at fault is none of these.
pub async fn run(
    script: Script,
    stage: Stage,
    making: &Making,
    watcher: &mut dyn Watcher,
) -> (Option<Stage>, Result<Outcome, RunError>) {
    for fault in &script.faults {
        if !fault.is_of_the_load()
            && let Err(why) = stage.can(&fault.deed)
        {
            let why = RunError::Fault(format!("{}: {why}", fault.name));
            return (Some(stage), Err(why));
        }
    }
    let clock = Clock::begin();
    let own = making.directory.join("ledger-0");
    let prepared = prepare(&script, making, clock, &own).await;
    let (fleet, mut ledgers, ledger, writing) = match prepared {
        Ok(prepared) => prepared,
        Err(why) => return (Some(stage), Err(why.into())),
    };
    ledgers.push(own);
    let mut lead = Lead::new(&script, fleet, ledger, making.processes, watcher);
    let (stage, played) = lead.play(stage).await;
    let told = lead.told();
    let written = writing.close().map_err(RunError::from);
    let outcome = match (played, written) {
        (Err(why), _) | (Ok(()), Err(why)) => Err(why),
        (Ok(()), Ok(_)) => judged(&script, making, clock, &ledgers, told),
    };
    (stage, outcome)
}

type Prepared = (Fleet, Vec<PathBuf>, Ledger, Writing);

async fn prepare(
    script: &Script,
    making: &Making,
    clock: Clock,
    own: &Path,
) -> io::Result<Prepared> {
    let (ledger, writing) = Ledger::create(own, clock, 0)?;
    let (fleet, ledgers) = Fleet::start(
        &making.program,
        making.processes,
        &script.load,
        clock.run_unix_us(),
        &making.directory,
    )
    .await?;
    Ok((fleet, ledgers, ledger, writing))
}

/// Judges the ledgers of a run that was played to its end.
fn judged(
    script: &Script,
    making: &Making,
    clock: Clock,
    ledgers: &[PathBuf],
    told: Told,
) -> Result<Outcome, RunError> {
    let verdict = audit(ledgers, &script.audit)?;
    let cpus = std::thread::available_parallelism().map_or(1, |cpus| cpus.get() as u32);
    let run = RunFacts {
        scenario: script.scenario.clone(),
        command: making.command.clone(),
        seed: script.load.seed,
        began_unix_ms: clock.run_unix_us() / 1_000,
        took_ms: told.took_us / 1_000,
        targets: script.load.targets.clone(),
        clients: script.load.clients,
        rooms: script.load.rooms,
        processes: making.processes,
        cpus,
        version: env!("CARGO_PKG_VERSION").into(),
    };
    Ok(judge::outcome(script, run, told, verdict))
}
