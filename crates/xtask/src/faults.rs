//! `cargo xtask faults`: a cluster on this machine, and all that can go wrong with it.
//!
//! Owns what must be there and built before: Redis, HAProxy, the gateway and the load test as they are
//! released. What is done to the cluster, and what must hold, is the load test's: arguments are its own.

use std::process::Command;

use crate::environment;
use crate::fault::Fault;
use crate::needs::{self, Need};

const PROGRAMS: &[Need] = &[
    Need::program("redis-server", "redis-server"),
    Need::program("haproxy", "haproxy"),
];

/// Builds both programs and runs the acts; arguments go to `loadtest faults`.
pub(crate) fn run(arguments: &[String]) -> Result<(), Fault> {
    match faults(arguments) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Fault::Found),
        Err(sentence) => {
            eprintln!("xtask: {sentence}");
            Err(Fault::Found)
        }
    }
}

/// Whether every act passed.
fn faults(arguments: &[String]) -> Result<bool, String> {
    needs::provide("the fault runs", PROGRAMS)?;
    let build = [
        "build",
        "--release",
        "--locked",
        "-p",
        "roomcast",
        "-p",
        "loadtest",
    ];
    let is_built = done(Command::new(environment::cargo()).args(build))?;
    if !is_built {
        return Ok(false);
    }
    // Beside each other, as the load test expects it. It may be a terminal's: nothing is between.
    let program = environment::target_folder()?.join("release/loadtest");
    done(Command::new(program).arg("faults").args(arguments))
}

fn done(command: &mut Command) -> Result<bool, String> {
    let status = command.current_dir(environment::workspace_root()).status();
    let shown = command.get_program().to_string_lossy().into_owned();
    let status = status.map_err(|why| format!("can't start {shown}: {why}"))?;
    Ok(status.success())
}
