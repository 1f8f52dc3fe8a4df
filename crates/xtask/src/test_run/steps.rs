//! The steps of a test run, in order: what each runs and how long it may take.

use std::ffi::OsString;
use std::time::Duration;

use super::tally;
use crate::environment;
use crate::job::Job;

/// Generous: a cold build of everything on two busy cores stays well below it.
const STEP_LIMIT: Duration = Duration::from_secs(30 * 60);

/// One step of the run.
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) work: Work,
}

/// What a step does.
pub(super) enum Work {
    Program(Job),
    /// The house rules, checked in this process.
    Tidy,
    /// The quick part of the conformance cases, run from this process.
    Conformance,
    /// What deploys, judged by the tools that read it, run from this process.
    DeployCheck,
}

impl Step {
    /// The command as one would type it.
    pub(super) fn shown(&self) -> String {
        match &self.work {
            Work::Program(job) => {
                let set = |(name, value): &(&str, OsString)| match *name {
                    "RUSTDOCFLAGS" => format!("{name}={} ", value.to_string_lossy()),
                    _ => String::new(),
                };
                job.variables.iter().map(set).collect::<String>() + &job.shown()
            }
            Work::Tidy => "cargo xtask tidy".to_owned(),
            Work::Conformance => "cargo xtask conformance core".to_owned(),
            Work::DeployCheck => "cargo xtask deploy-check".to_owned(),
        }
    }
}

/// All steps. Cheap ones that find much come first.
pub(super) fn all() -> Vec<Step> {
    let program = |name, arguments| Step {
        name,
        work: Work::Program(cargo(arguments)),
    };
    let mut steps = vec![
        program("format", "fmt --all --check"),
        program(
            "lints",
            "clippy --workspace --all-targets --locked -- -D warnings",
        ),
        Step {
            name: "tidy",
            work: Work::Tidy,
        },
        program("tests", "test --workspace --locked --no-fail-fast"),
        Step {
            name: "conformance",
            work: Work::Conformance,
        },
        Step {
            name: "deploy-check",
            work: Work::DeployCheck,
        },
    ];
    let mut documents = cargo("doc --workspace --no-deps --document-private-items --locked");
    documents
        .variables
        .push(("RUSTDOCFLAGS", "-Dwarnings".into()));
    steps.push(Step {
        name: "documents",
        work: Work::Program(documents),
    });
    steps
}

fn cargo(arguments: &str) -> Job {
    let mut variables = vec![("PATH", environment::full_path())];
    if environment::is_ci() {
        variables.push(("CARGO_TERM_COLOR", "never".into()));
        variables.push(("CARGO_TERM_PROGRESS_WHEN", "never".into()));
    }
    Job {
        program: environment::cargo(),
        shown_as: "cargo",
        arguments: arguments.split(' ').map(str::to_owned).collect(),
        variables,
        folder: environment::workspace_root(),
        limit: STEP_LIMIT,
        keep: tally::is_result_line,
    }
}

#[cfg(test)]
mod tests {
    use super::all;

    #[test]
    fn the_steps_are_the_seven_checks_in_their_order() {
        let shown: Vec<String> = all().iter().map(super::Step::shown).collect();
        assert_eq!(
            shown,
            [
                "cargo fmt --all --check",
                "cargo clippy --workspace --all-targets --locked -- -D warnings",
                "cargo xtask tidy",
                "cargo test --workspace --locked --no-fail-fast",
                "cargo xtask conformance core",
                "cargo xtask deploy-check",
                "RUSTDOCFLAGS=-Dwarnings cargo doc --workspace --no-deps \
                 --document-private-items --locked",
            ]
        );
    }
}
