//! `cargo xtask conformance`: Autobahn's cases, run by kosoku against our own echo, and judged.
//!
//! Owns the parts and their order. Keeps true: a part that could not be run or judged has failed;
//! every program started is bounded in time and gone at the end; each run's reports are made
//! anew, so that nothing old is judged. Running is `suite`'s and `echo`'s business, reading is
//! `report`'s, the verdict `judgement`'s.

mod echo;
mod judgement;
mod report;
mod suite;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::fault::Fault;
use crate::summary::{self, Summary};
use echo::Echo;
use judgement::Verdict;
use report::Case;
use suite::{Run, Suite};

const USAGE: &str = "\
usage: cargo xtask conformance [core]

Runs the cases of kosoku (Autobahn's, on Python 3) against the echo over our socket machine.
  core          core        the 301 cases of 1.* to 10.* are OK or INFORMATIONAL
                control     an echo that does it wrong is found out
  without it    also
                deflate     the 216 cases of 12.* and 13.* are OK
                production  under a gateway's limits exactly the cases with a message above
                            64 KiB end with 1009, and all others are as good as before
The reports stay in the target folder, in conformance/.";

/// Tells of a set of cases, and counts it.
fn add(summary: &mut Summary, name: &str, outcome: Result<(Verdict, Duration), String>) {
    let well = match &outcome {
        Ok((verdict, took)) => {
            println!("{name}: {} ({:.0} s)", verdict.counts(), took.as_secs_f64());
            for line in verdict.faults() {
                println!("    {line}");
            }
            summary.add_time(*took);
            verdict.is_well()
        }
        Err(sentence) => {
            eprintln!("xtask: {sentence}");
            false
        }
    };
    summary.add("conformance", name, well);
}

/// Runs all parts, or the core part.
pub(crate) fn run(arguments: &[String]) -> Result<(), Fault> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        [] => summary::close(all()),
        ["core"] => summary::close(core()),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => Err(Fault::Misuse(format!(
            "conformance takes nothing, `core` or `help`, not {words:?}"
        ))),
    }
}

/// The core cases and the control: seconds, once the echo is built.
///
/// # Errors
/// A sentence that says what stood in the way of running anything.
pub(crate) fn core() -> Result<Summary, String> {
    let suite = Suite::provide()?;
    let (echo, took) = Echo::build()?;
    let mut summary = Summary::default();
    summary.add_time(took);
    // Its reports are of use to the other parts only; it has been judged.
    let _ = judge_core(&suite, &echo, &mut summary);
    Ok(summary)
}

fn all() -> Result<Summary, String> {
    let suite = Suite::provide()?;
    let (echo, took) = Echo::build()?;
    let mut summary = Summary::default();
    summary.add_time(took);
    let core = judge_core(&suite, &echo, &mut summary);

    let deflate = suite.run(&echo, &suite::DEFLATE);
    let judge = |cases: &[Case]| judgement::good(cases, judgement::DEFLATE);
    add(&mut summary, "deflate", judged(&deflate, judge));
    let outcome = match (core, deflate) {
        (Ok(core), Ok(deflate)) => production(&suite, &echo, &[core, deflate]),
        _ => {
            Err("what the cases send is read from the parts before, and one has no reports".into())
        }
    };
    add(&mut summary, "production", outcome);
    Ok(summary)
}

/// Returns the run of the core cases, for what it says of them.
fn judge_core(suite: &Suite, echo: &Echo, summary: &mut Summary) -> Result<Run, String> {
    let core = suite.run(echo, &suite::CORE);
    let judge = |cases: &[Case]| judgement::good(cases, judgement::CORE);
    add(summary, "core", judged(&core, judge));
    let control = suite.run(echo, &suite::CONTROL);
    add(summary, "control", judged(&control, judgement::control));
    core
}

/// A run's verdict, and how long it took.
fn judged(
    run: &Result<Run, String>,
    judge: impl FnOnce(&[Case]) -> Verdict,
) -> Result<(Verdict, Duration), String> {
    let run = run.as_ref().map_err(Clone::clone)?;
    Ok((judge(&run.cases), run.took))
}

fn production(suite: &Suite, echo: &Echo, generous: &[Run]) -> Result<(Verdict, Duration), String> {
    let mut sent_bytes = BTreeMap::new();
    for run in generous {
        for case in &run.cases {
            sent_bytes.insert(case.id.clone(), run.mean_message_bytes(case)?);
        }
    }
    let run = suite.run(echo, &suite::PRODUCTION)?;
    Ok((judgement::production(&run.cases, &sent_bytes), run.took))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Summary, Verdict, add};

    #[test]
    fn the_sum_is_told_as_the_test_harness_does() {
        let mut summary = Summary::default();
        add(
            &mut summary,
            "core",
            Ok((Verdict::default(), Duration::from_secs(2))),
        );
        assert_eq!(
            summary.line(),
            "test result: ok. 1 passed; 0 failed; 0 ignored"
        );
        assert!(summary.is_well());
        assert_eq!(summary.took(), Duration::from_secs(2));
        add(&mut summary, "control", Err("it did not come up".into()));
        assert_eq!(
            summary.line(),
            "test result: FAILED. 1 passed; 1 failed; 0 ignored"
        );
        assert!(!summary.is_well());
    }
}
