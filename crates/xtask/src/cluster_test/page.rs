//! The page through the balancer, in real browsers: a test of the server's, told where the cluster is.

use std::time::Duration;

use super::load::Load;
use super::report::Word;
use super::stack::Stack;

const TEST: &str = "through_the_balancer::three_browsers_on_three_nodes_talk_with_each_other";
/// The test is built first.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// Runs it.
pub(super) fn three_browsers(stack: &Stack, load: &Load) -> Result<Word, String> {
    let variables = [
        (
            "CLUSTER_TEST_EDGE",
            format!("127.0.0.1:{}", stack.project.edge_port()).into(),
        ),
        (
            "CLUSTER_TEST_PROMETHEUS",
            format!("127.0.0.1:{}", stack.project.prometheus_port()).into(),
        ),
        ("CLUSTER_TEST_TOKENS", load.tokens().into()),
    ];
    let cargo = crate::environment::cargo();
    let cargo = cargo.to_string_lossy();
    let words = [
        &[
            &*cargo, "test", "--locked", "-p", "roomcast", "--test", "browser", "--",
        ][..],
        &["--ignored", "--exact", TEST],
    ];
    let said = stack
        .project
        .call_with("page.log", &words.concat(), &variables, LIMIT)?;
    match said.well && said.out.contains("1 passed") {
        true => Ok(Word::Well(
            "three browsers on three nodes talked with each other".to_owned(),
        )),
        false => Err(format!("see page.log: {}", said.last_words())),
    }
}
