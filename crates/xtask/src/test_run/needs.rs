//! What the tests need beside Rust, and getting it on a Debian machine.
//!
//! Owns the list of needs. Keeps true: nothing is installed that is there already, and nothing
//! but by apt-get as root; in every other case the sentence says exactly what to type. That the
//! services stay off is the tests' care: they start what they need on free ports.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::environment;
use crate::job::{Ending, Job};

/// Chromium and what it hangs on are some hundred megabytes.
const INSTALL_LIMIT: Duration = Duration::from_secs(20 * 60);
/// Redis before 7 has no sharded channels.
const REDIS_MAJOR_MIN: u32 = 7;

/// A program the tests start, and the Debian package that brings it.
struct Need {
    program: &'static str,
    package: &'static str,
}

const NEEDS: &[Need] = &[
    Need {
        program: "redis-server",
        package: "redis-server",
    },
    Need {
        program: "chromium",
        package: "chromium",
    },
    Need {
        program: "chromedriver",
        package: "chromium-driver",
    },
];

/// Parts of the toolchain that a minimal Rust installation leaves out: cargo's word for it, and
/// the component's name.
const COMPONENTS: &[(&str, &str)] = &[("fmt", "rustfmt"), ("clippy", "clippy")];

/// What is missing can be installed, or only asked for.
#[derive(Debug, PartialEq, Eq)]
enum Plan {
    Nothing,
    Install(Vec<&'static str>),
    Ask(String),
}

/// Sees to it that all needs are met.
///
/// # Errors
/// A sentence that says what is missing and what to type.
pub(super) fn provide() -> Result<(), String> {
    missing_components(runs_cargo)?;
    let missing = || missing_packages(|program| environment::find_program(program).is_some());
    let apt = environment::find_program("apt-get");
    match plan(missing(), environment::is_root(), apt.is_some()) {
        Plan::Nothing => {}
        Plan::Ask(sentence) => return Err(sentence),
        Plan::Install(packages) => {
            let apt = apt.expect("an installation is planned only where apt-get is");
            install(&apt, &packages)?;
            let still = missing();
            if !still.is_empty() {
                return Err(format!(
                    "apt-get could not bring {}; its own words are above",
                    still.join(", ")
                ));
            }
        }
    }
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

fn missing_packages(is_there: impl Fn(&str) -> bool) -> Vec<&'static str> {
    NEEDS
        .iter()
        .filter(|need| !is_there(need.program))
        .map(|need| need.package)
        .collect()
}

fn plan(missing: Vec<&'static str>, is_root: bool, has_apt: bool) -> Plan {
    if missing.is_empty() {
        return Plan::Nothing;
    }
    let list = missing.join(" ");
    match (is_root, has_apt) {
        (true, true) => Plan::Install(missing),
        (false, true) => Plan::Ask(format!(
            "the tests need programs that are not here, and installing them takes root; type\n    \
             sudo apt-get update && sudo apt-get install -y --no-install-recommends {list}"
        )),
        (_, false) => Plan::Ask(format!(
            "the tests need programs that are not here, and there is no apt-get to install them; \
             install what your system offers for these Debian packages: {list}"
        )),
    }
}

fn install(apt: &Path, packages: &[&str]) -> Result<(), String> {
    let update = apt_get(apt, &["update"]);
    println!("\n== needs: {}", update.shown());
    // Lists of a past update may do; what is missing in the end is checked by the caller.
    if update.run()?.ending != Ending::Well {
        eprintln!(
            "xtask: `{}` failed; trying with the package lists there are",
            update.shown()
        );
    }
    let mut words = vec!["install", "-y", "--no-install-recommends"];
    words.extend(packages);
    let install = apt_get(apt, &words);
    println!("\n== needs: {}", install.shown());
    match install.run()?.ending {
        Ending::Well => Ok(()),
        Ending::TookTooLong => Err(format!(
            "`{}` was not done within {INSTALL_LIMIT:?}",
            install.shown()
        )),
        Ending::Code(_) | Ending::Signal(_) => Err(format!(
            "`{}` failed; its own words are above",
            install.shown()
        )),
    }
}

fn apt_get(apt: &Path, words: &[&str]) -> Job {
    // Another apt (unattended upgrades on a fresh machine) is waited for, not failed on.
    let manner = [
        "-q",
        "-o",
        "DPkg::Lock::Timeout=300",
        "-o",
        "Acquire::Retries=3",
    ];
    Job {
        program: apt.into(),
        shown_as: "apt-get",
        arguments: manner
            .iter()
            .chain(words)
            .map(|&word| word.to_owned())
            .collect(),
        // dpkg calls programs of /sbin, which a user's PATH may leave out.
        variables: vec![
            ("DEBIAN_FRONTEND", "noninteractive".into()),
            ("PATH", environment::full_path()),
        ],
        folder: "/".into(),
        limit: INSTALL_LIMIT,
        keep: |_| false,
    }
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
    use super::{Plan, judge_redis, missing_components, missing_packages, plan};

    #[test]
    fn only_what_is_not_there_is_missing() {
        assert_eq!(missing_packages(|_| true), Vec::<&str>::new());
        assert_eq!(
            missing_packages(|program| program != "chromedriver"),
            ["chromium-driver"]
        );
        assert_eq!(
            missing_packages(|_| false),
            ["redis-server", "chromium", "chromium-driver"]
        );
    }

    #[test]
    fn root_with_apt_installs_and_others_are_told_what_to_type() {
        let missing = || vec!["redis-server", "chromium"];
        assert_eq!(plan(vec![], false, false), Plan::Nothing);
        assert_eq!(plan(missing(), true, true), Plan::Install(missing()));
        let Plan::Ask(sentence) = plan(missing(), false, true) else {
            panic!("not asked")
        };
        assert!(
            sentence.ends_with(
                "sudo apt-get update && sudo apt-get install -y --no-install-recommends \
                 redis-server chromium"
            ),
            "{sentence}"
        );
        let Plan::Ask(sentence) = plan(missing(), true, false) else {
            panic!("not asked")
        };
        assert!(
            sentence.ends_with("Debian packages: redis-server chromium"),
            "{sentence}"
        );
    }

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
