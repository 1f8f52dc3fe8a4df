//! What the tests need beside cargo itself: programs, parts of the toolchain, a Redis new enough.
//!
//! Owns the list. Leaves installing to `crate::needs`. That the services stay off is the tests'
//! care: they start what they need on free ports.

use std::process::{Command, Stdio};

use crate::environment;
use crate::needs::{self, Need};

/// Redis before 7 has no sharded channels.
const REDIS_MAJOR_MIN: u32 = 7;

const PROGRAMS: &[Need] = &[
    Need::program("redis-server", "redis-server"),
    Need::program("haproxy", "haproxy"),
    Need::program("chromium", "chromium"),
    Need::program("chromedriver", "chromium-driver"),
];

/// Parts of the toolchain that a minimal Rust installation leaves out: cargo's word for it, and
/// the component's name.
const COMPONENTS: &[(&str, &str)] = &[("fmt", "rustfmt"), ("clippy", "clippy")];

/// Sees to it that all needs are met.
///
/// # Errors
/// A sentence that says what is missing and what to type.
pub(super) fn provide() -> Result<(), String> {
    missing_components(runs_cargo)?;
    needs::provide("the tests", &[PROGRAMS, needs::PYTHON].concat())?;
    redis_is_new_enough()
}

fn missing_components(runs: impl Fn(&str) -> bool) -> Result<(), String> {
    let missing: Vec<&str> = COMPONENTS
        .iter()
        .filter(|(word, _)| !runs(word))
        .map(|(_, name)| *name)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!(
        "the Rust toolchain lacks {}; add it with `rustup component add {}`, or install the \
         packages of these names that belong to your Rust",
        missing.join(" and "),
        missing.join(" ")
    ))
}

fn runs_cargo(word: &str) -> bool {
    let mut command = Command::new(environment::cargo());
    command
        .args([word, "--version"])
        .current_dir(environment::workspace_root());
    command
        .stdin(Stdio::null())
        .output()
        .is_ok_and(|output| output.status.success())
}

fn redis_is_new_enough() -> Result<(), String> {
    let redis = environment::find_program("redis-server").ok_or("redis-server is not here")?;
    let output = Command::new(&redis)
        .arg("--version")
        .stdin(Stdio::null())
        .output();
    let output = output.map_err(|why| format!("can't start `{}`: {why}", redis.display()))?;
    judge_redis(&String::from_utf8_lossy(&output.stdout))
}

/// Judges `Redis server v=7.0.15 sha=…`; a version that can't be read is left to the tests.
fn judge_redis(told: &str) -> Result<(), String> {
    let version = told.split_once("v=").map_or("", |(_, rest)| rest);
    let major = version
        .split('.')
        .next()
        .and_then(|major| major.parse::<u32>().ok());
    match major {
        Some(major) if major < REDIS_MAJOR_MIN => Err(format!(
            "the redis-server here is version {major}, and the tests need {REDIS_MAJOR_MIN} or \
             newer; take it from a newer Debian or its backports"
        )),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{judge_redis, missing_components};

    #[test]
    fn a_missing_component_is_named_with_the_command_that_adds_it() {
        assert_eq!(missing_components(|_| true), Ok(()));
        let sentence = missing_components(|word| word == "fmt").expect_err("clippy is missing");
        assert!(
            sentence.contains("rustup component add clippy`"),
            "{sentence}"
        );
        let sentence = missing_components(|_| false).expect_err("both are missing");
        assert!(
            sentence.contains("rustup component add rustfmt clippy`"),
            "{sentence}"
        );
    }

    #[test]
    fn an_old_redis_is_refused_with_what_to_do() {
        assert_eq!(
            judge_redis("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc"),
            Ok(())
        );
        assert_eq!(judge_redis("Valkey server v=8.0.1 sha=0"), Ok(()));
        assert_eq!(judge_redis("something else"), Ok(()));
        let sentence = judge_redis("Redis server v=6.0.16 sha=0").expect_err("6 is too old");
        assert!(sentence.contains("7 or newer"), "{sentence}");
    }
}
