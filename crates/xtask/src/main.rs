//! The project's own chores: `cargo xtask <command>`.
//!
//! Owns the table of commands and the exit codes: 0 done, 1 the chore found fault, 2 misuse.
//! Each command is one file (and its folder) that offers `run`; a new one is a file and a row
//! here. What a chore does, and what it prints, is its own file's business.

#![expect(
    clippy::print_stdout,
    reason = "what a chore has to say goes to standard output"
)]

mod cluster_test;
mod conformance;
mod deploy_check;
mod environment;
mod fault;
mod faults;
mod fuzz;
mod job;
mod needs;
mod summary;
mod test_run;
mod tidy;
mod venv;

use std::process::ExitCode;

use fault::Fault;

/// One chore: what to type, what it is for, what it does with the remaining arguments.
struct Command {
    name: &'static str,
    summary: &'static str,
    run: fn(&[String]) -> Result<(), Fault>,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "test",
        summary: "install what the tests need, then run every check and every test",
        run: test_run::run,
    },
    Command {
        name: "tidy",
        summary: "check the house rules: imports, circles, sizes, names, doors, words",
        run: tidy::run,
    },
    Command {
        name: "conformance",
        summary: "judge our WebSocket by Autobahn's cases; `core` for the quick part",
        run: conformance::run,
    },
    Command {
        name: "deploy-check",
        summary: "judge all that deploys: compose, Docker, Kubernetes, Prometheus, dashboards",
        run: deploy_check::run,
    },
    Command {
        name: "cluster-test",
        summary: "start docker-compose.yml, break it while people talk; `--help` for its flags",
        run: cluster_test::run,
    },
    Command {
        name: "faults",
        summary: "do all standard faults to a cluster on this machine; `--help` for its flags",
        run: faults::run,
    },
    Command {
        name: "fuzz",
        summary: "a minute of each fuzz target; `fuzz SECONDS TARGET` for more of one",
        run: fuzz::run,
    },
    Command {
        name: "help",
        summary: "list the commands",
        run: help,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (name, rest) = match arguments.split_first() {
        Some((name, rest)) => (name.as_str(), rest),
        None => ("help", arguments.as_slice()),
    };
    let name = if matches!(name, "-h" | "--help") {
        "help"
    } else {
        name
    };
    let outcome = match COMMANDS.iter().find(|command| command.name == name) {
        Some(command) => (command.run)(rest),
        None => Err(Fault::Misuse(format!("there is no command {name:?}"))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Fault::Found) => ExitCode::FAILURE,
        Err(Fault::Misuse(sentence)) => {
            eprintln!("xtask: {sentence}; `cargo xtask help` lists what there is");
            ExitCode::from(2)
        }
    }
}

fn help(_arguments: &[String]) -> Result<(), Fault> {
    println!("usage: cargo xtask <command>\n");
    for command in COMMANDS {
        println!("  {:<14} {}", command.name, command.summary);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::COMMANDS;

    #[test]
    fn every_command_has_a_name_of_its_own_and_a_summary() {
        for (at, command) in COMMANDS.iter().enumerate() {
            assert!(
                !command.summary.is_empty(),
                "{} says nothing of itself",
                command.name
            );
            assert!(
                COMMANDS[at + 1..]
                    .iter()
                    .all(|other| other.name != command.name)
            );
        }
    }
}
