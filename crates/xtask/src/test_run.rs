//! `cargo xtask test`: every check and every test, from a bare machine to one closing line.
//!
//! Owns the order of the steps and the verdict. Keeps true: a failing step does not hide the
//! later ones; the last line printed is `N passed, M failed[, K skipped]` alone; the exit code
//! is 0 only if nothing failed and at least one test ran. What the machine lacks is `needs`'
//! business, counting is `tally`'s.

mod needs;
mod report;
mod steps;
mod tally;

use std::time::Duration;

use crate::conformance;
use crate::deploy_check;
use crate::environment;
use crate::fault::{Fault, refuse_arguments};
use crate::tidy;
use report::Row;
use steps::{Step, Work};
use tally::Tally;

/// Runs the whole of it.
pub(crate) fn run(arguments: &[String]) -> Result<(), Fault> {
    refuse_arguments(arguments)?;
    let mut tally = Tally::default();
    let mut rows = Vec::new();
    let verdict = needs::provide().and_then(|()| run_steps(&mut rows, &mut tally));
    if let Err(sentence) = &verdict {
        eprintln!("\nxtask: {sentence}");
        tally.count_failed_step();
    } else if tally.executed() == 0 {
        eprintln!("\nxtask: not one test was executed, and that is a failure");
        if tally.failed() == 0 {
            tally.count_failed_step();
        }
    }
    report::print(&rows, environment::wants_colours());
    println!("{}", tally.closing_line());
    if tally.failed() == 0 {
        Ok(())
    } else {
        Err(Fault::Found)
    }
}

fn run_steps(rows: &mut Vec<Row>, tally: &mut Tally) -> Result<(), String> {
    for step in steps::all() {
        println!("\n== {}: {}", step.name, step.shown());
        let (row, kept) = run_step(&step)?;
        println!(
            "== {}: {} after {}",
            row.name,
            row.verdict,
            report::seconds(row.took)
        );
        let failed_before = tally.failed();
        for line in &kept {
            tally.count_line(line);
        }
        // Failed tests speak for their step; a step that failed in another way is one failure.
        if !row.is_well() && tally.failed() == failed_before {
            tally.count_failed_step();
        }
        rows.push(row);
    }
    Ok(())
}

/// How a chore of ours ended: whether well, how long it took, and its sum in the test harness's words.
type Ended = Result<(bool, Duration, String), String>;

/// A chore that could not be run at all is one failure, and hides no later step.
fn run_chore(name: &'static str, ended: Ended) -> (Row, Vec<String>) {
    let (well, took, kept) = match ended {
        Ok((well, took, line)) => {
            println!("{line}");
            (well, took, vec![line])
        }
        Err(sentence) => {
            eprintln!("xtask: {sentence}");
            (false, Duration::ZERO, Vec::new())
        }
    };
    let verdict = if well { report::WELL } else { "failed" }.to_owned();
    (
        Row {
            name,
            verdict,
            took,
        },
        kept,
    )
}

fn run_step(step: &Step) -> Result<(Row, Vec<String>), String> {
    match &step.work {
        Work::Program(job) => {
            let outcome = job.run()?;
            let verdict = report::verdict(&outcome.ending, job.limit);
            Ok((
                Row {
                    name: step.name,
                    verdict,
                    took: outcome.took,
                },
                outcome.kept,
            ))
        }
        Work::Conformance => {
            let ended = conformance::core();
            let ended = ended.map(|sum| (sum.is_well(), sum.took(), sum.line()));
            Ok(run_chore(step.name, ended))
        }
        Work::DeployCheck => {
            let ended = deploy_check::all();
            let ended = ended.map(|sum| (sum.is_well(), sum.took(), sum.line()));
            Ok(run_chore(step.name, ended))
        }
        Work::Tidy => {
            // Reading some hundred small files: too short to be worth a clock.
            let findings = tidy::check_and_print(&environment::workspace_root())?;
            let verdict = if findings == 0 {
                report::WELL.to_owned()
            } else {
                format!("{findings} findings")
            };
            Ok((
                Row {
                    name: step.name,
                    verdict,
                    took: Duration::ZERO,
                },
                Vec::new(),
            ))
        }
    }
}
