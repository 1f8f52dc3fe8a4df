//! `cargo xtask cluster-test`: the true docker-compose.yml on a Docker engine, broken on purpose while people talk.
//!
//! Owns the steps and their order. Keeps true: a step that could not be done has failed and hides no other one; what
//! was started is taken down, also when we fail or are interrupted. The load and its audit are the load test's, the
//! page's story is a test of the server's; both are run as anybody would.

mod acts;
mod alert;
mod containers;
mod figures;
mod http;
mod load;
mod options;
mod page;
mod project;
mod report;
mod stack;
mod teardown;
mod waiting;
mod watching;

use std::time::Duration;

use crate::fault::Fault;
use crate::needs::{self, Need};
use acts::ACTS;
use load::Load;
use options::Options;
use project::Project;
use report::{Report, Word};
use stack::Stack;
use teardown::Teardown;

const USAGE: &str = "\
usage: cargo xtask cluster-test [--clients COUNT] [--only STEP]... [--seed NUMBER] [--keep]

  --clients COUNT   how many clients talk during each fault (600)
  --only STEP       this step alone, between up and down; may be repeated
  --seed NUMBER     where the dice of the load begin
  --keep            leave the cluster up

Needs a Docker engine and compose 2.24 or newer, Chromium for the page, and ports on loopback that are free. The
cluster is a compose project of its own: one that runs already is left alone.";

/// What the page is looked at with.
const BROWSER: &[Need] = &[
    Need::program("chromium", "chromium"),
    Need::program("chromedriver", "chromium-driver"),
];
/// How long the documents give it.
const HEALTHY: Duration = Duration::from_secs(60);

/// What a step is done with.
struct Scene<'a> {
    stack: &'a Stack,
    load: &'a Load,
}

/// A step between up and down: its name, and what it does.
type Step = (&'static str, fn(&Scene) -> Result<Word, String>);

const BEFORE: &[Step] = &[("containers", containers)];
const AFTER: &[Step] = &[
    ("prometheus", prometheus),
    ("alert", alert),
    ("grafana", grafana),
    ("page", page),
];

/// Runs all steps, or those that the arguments name.
pub(crate) fn run(arguments: &[String]) -> Result<(), Fault> {
    let known: Vec<&str> = names().collect();
    let Some(options) = Options::read(arguments, &known).map_err(Fault::Misuse)? else {
        println!("{USAGE}\n\nsteps: {}", known.join(", "));
        return Ok(());
    };
    match cluster_test(&options) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Fault::Found),
        Err(sentence) => {
            eprintln!("xtask: {sentence}");
            Err(Fault::Found)
        }
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    let acts = ACTS.iter().map(|act| act.name);
    let names = |steps: &'static [Step]| steps.iter().map(|(name, _)| *name);
    names(BEFORE).chain(acts).chain(names(AFTER))
}

/// Whether all steps went well.
fn cluster_test(options: &Options) -> Result<bool, String> {
    if options.wants("page") {
        needs::provide("the chore `cluster-test`", BROWSER)?;
    }
    let stack = Stack {
        project: Project::prepare()?,
    };
    let mut report = Report::new(stack.project.folder());
    let load = report.value("build", || {
        let load = Load::build(options, stack.project.folder())?;
        stack.build()?;
        Ok((load, stack.image_size()?))
    });
    let Some(load) = load else {
        return report.close();
    };
    // Also what an earlier run was asked to keep.
    let teardown = Teardown::hold(&stack.project)?;
    let is_up = report.step("up", || stack.up(HEALTHY));
    if is_up {
        steps(options, &stack, &load, &mut report);
    }
    if options.keep {
        teardown.stay();
        println!(
            "\nIt is still up. To look at it, and to take it down:\n\n{}",
            stack.project.by_hand()
        );
    } else {
        report.step("down", || {
            teardown.fall()?;
            stack.nothing_is_left()
        });
    }
    report.close()
}

fn steps(options: &Options, stack: &Stack, load: &Load, report: &mut Report) {
    let tokens = stack.tokens(load.clients());
    let tokens = tokens.and_then(|tokens| load.take_tokens(&tokens));
    if let Err(sentence) = tokens {
        report.step("tokens", || Err(sentence));
        return;
    }
    let scene = Scene { stack, load };
    let wanted = |name: &str| options.wants(name);
    for (name, step) in BEFORE.iter().filter(|(name, _)| wanted(name)) {
        report.step(name, || step(&scene));
    }
    for act in ACTS.iter().filter(|act| wanted(act.name)) {
        report.act(act.name, || act.play(stack, load));
    }
    for (name, step) in AFTER.iter().filter(|(name, _)| wanted(name)) {
        report.step(name, || step(&scene));
    }
}

fn containers(scene: &Scene) -> Result<Word, String> {
    let all = scene.stack.containers()?;
    let uids = scene.stack.uids(&all)?;
    containers::judge(&all, &uids)
}

fn prometheus(scene: &Scene) -> Result<Word, String> {
    watching::prometheus(scene.stack)
}

fn alert(scene: &Scene) -> Result<Word, String> {
    alert::fires_and_resolves(scene.stack)
}

fn grafana(scene: &Scene) -> Result<Word, String> {
    watching::grafana(scene.stack)
}

fn page(scene: &Scene) -> Result<Word, String> {
    page::three_browsers(scene.stack, scene.load)
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn each_step_has_a_name_of_its_own() {
        let mut all: Vec<&str> = names().collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
