//! The echo that the cases are run against: built, started on a free port, ended when dropped.
//!
//! Owns which program that is.

use std::time::Duration;

use crate::environment;
use crate::job::background::Background;
use crate::job::{Ending, Job};

/// The package and the example, which takes `--limits autobahn|production` and `--wrong`, and
/// prints [`LISTENING`] and its address.
const PACKAGE: &str = "roomcast";
const EXAMPLE: &str = "echo";
const LISTENING: &str = "listening on ";

/// A cold release build on two busy cores stays well below it.
const BUILD_LIMIT: Duration = Duration::from_secs(30 * 60);
/// It is built already; another cargo may hold the target folder for a while.
const START_LIMIT: Duration = Duration::from_secs(5 * 60);

/// The echo, built.
pub(super) struct Echo(());

/// The echo, running, and where.
pub(super) struct Running {
    pub(super) address: String,
    _program: Background,
}

impl Echo {
    /// Builds it; it took so long.
    ///
    /// # Errors
    /// A sentence, when it does not build.
    pub(super) fn build() -> Result<(Self, Duration), String> {
        let job = cargo("build", &[], BUILD_LIMIT);
        println!("conformance: {}", job.shown());
        let outcome = job.run()?;
        if outcome.ending == Ending::Well {
            return Ok((Self(()), outcome.took));
        }
        Err(format!("`{}` failed; its own words are above", job.shown()))
    }

    /// Starts it.
    ///
    /// # Errors
    /// A sentence, when it does not come up.
    pub(super) fn start(&self, flags: &[&str]) -> Result<Running, String> {
        // cargo becomes the program it runs.
        let job = cargo("run", flags, START_LIMIT);
        let (program, line) = Background::start(&job)?;
        Ok(Running {
            address: line.trim_start_matches(LISTENING).to_owned(),
            _program: program,
        })
    }
}

fn cargo(word: &str, flags: &[&str], limit: Duration) -> Job {
    let mut arguments = vec![word, "--release", "--quiet", "--locked"];
    arguments.extend(["--package", PACKAGE, "--example", EXAMPLE]);
    if !flags.is_empty() {
        arguments.push("--");
        arguments.extend(flags);
    }
    Job {
        program: environment::cargo(),
        shown_as: "cargo",
        arguments: arguments.into_iter().map(str::to_owned).collect(),
        variables: Vec::new(),
        folder: environment::workspace_root(),
        limit,
        keep: |line| line.starts_with(LISTENING),
    }
}
