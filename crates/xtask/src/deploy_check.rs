//! `cargo xtask deploy-check`: everything by which Roomcast is deployed, judged by the tools that will read it
//! and by what we know of it. Nothing is started, and no engine and no cluster is needed.
//!
//! Owns the parts and their order. Keeps true: a part that could not be run has failed, and hides no other one;
//! a file that a part judges and that isn't there is a fault. The tools are `workshop`'s business.

mod balancer;
mod compose;
mod copies;
mod dashboards;
mod known;
mod kustomize;
mod lint;
mod metrics;
mod objects;
mod origins;
mod prometheus;
mod promql;
mod safety;
mod verdict;
mod workshop;

use crate::fault::Fault;
use crate::summary::{self, Summary};
use verdict::Verdict;
use workshop::Workshop;

const USAGE: &str = "\
usage: cargo xtask deploy-check [copy]

  compose      docker-compose.yml says what compose understands, .env.example names its knobs
  lint         hadolint and yamllint
  balancer     haproxy -c
  prometheus   promtool check and test; rules name metrics and runbook sections that are there
  kustomize    every overlay of k8s/ builds, and every component on top of the base
  objects      each object of these fits its schema, strictly
  safety       what no schema knows: grace periods, references, privileges, probes
  copies       what k8s/ repeats of deploy/, because Kustomize doesn't reach there, is the same
  metrics      docs/operations.md lists the metrics that the gateway exports, and no others
  dashboards   ids, places, variables, units; every query parses and names such a metric

`copy` makes the copies that the part `copies` looks for.";

/// A part: its name, and what it does.
type Part = (&'static str, fn(&Workshop) -> Result<Verdict, String>);

const PARTS: &[Part] = &[
    ("compose", compose::check),
    ("lint", lint::check),
    ("balancer", balancer::check),
    ("prometheus", prometheus::check),
    ("kustomize", kustomize::check),
    ("objects", objects::check),
    ("safety", safety::check),
    ("copies", copies::check),
    ("metrics", metrics::check),
    ("dashboards", dashboards::check),
];

/// Tells of a part's faults, and counts it.
fn add(summary: &mut Summary, name: &'static str, outcome: Result<Verdict, String>) {
    let well = match &outcome {
        Ok(verdict) => {
            println!("{name}: {}", verdict.counted);
            for fault in &verdict.faults {
                println!("    {fault}");
            }
            verdict.is_well()
        }
        Err(sentence) => {
            println!("    {sentence}");
            false
        }
    };
    summary.add("deploy_check", name, well);
}

/// Runs all parts, or makes the copies.
pub(crate) fn run(arguments: &[String]) -> Result<(), Fault> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        [] => summary::close(all()),
        ["copy"] => copies::make().map_err(|sentence| {
            eprintln!("xtask: {sentence}");
            Fault::Found
        }),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => Err(Fault::Misuse(format!(
            "deploy-check takes nothing, `copy` or `help`, not {words:?}"
        ))),
    }
}

/// All parts: some ten seconds, once the tools are there.
///
/// # Errors
/// A sentence that says what stood in the way of running anything.
pub(crate) fn all() -> Result<Summary, String> {
    let workshop = Workshop::provide()?;
    let mut summary = Summary::default();
    for (name, check) in PARTS {
        add(&mut summary, name, check(&workshop));
    }
    summary.add_time(workshop.took());
    Ok(summary)
}

#[cfg(test)]
mod tests {
    use super::{PARTS, Summary, USAGE, Verdict, add};

    #[test]
    fn a_part_with_a_fault_and_one_that_could_not_run_have_failed() {
        let mut summary = Summary::default();
        add(
            &mut summary,
            "lint",
            Ok(Verdict::new("2 files", Vec::new())),
        );
        assert!(summary.is_well());
        add(
            &mut summary,
            "objects",
            Ok(Verdict::new("2 files", vec!["a: b".into()])),
        );
        add(&mut summary, "copies", Err("it isn't there".into()));
        assert_eq!(
            summary.line(),
            "test result: FAILED. 1 passed; 2 failed; 0 ignored"
        );
    }

    #[test]
    fn the_usage_tells_of_every_part() {
        for (name, _) in PARTS {
            assert!(USAGE.contains(&format!("\n  {name} ")), "{name}");
        }
    }
}
