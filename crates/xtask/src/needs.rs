//! What a chore needs beside Rust, and getting it on a Debian machine.
//!
//! Keeps true: nothing is installed that is there already, and nothing but by apt-get as root; in
//! every other case the sentence says exactly what to type. What is needed is each chore's own
//! list; those that several share stand here.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::environment;
use crate::job::{Ending, Job};

/// Chromium and what it hangs on are some hundred megabytes.
const INSTALL_LIMIT: Duration = Duration::from_secs(20 * 60);

/// Something a chore starts, and the Debian package that brings it.
#[derive(Clone, Copy)]
pub(crate) struct Need {
    sign: Sign,
    package: &'static str,
}

/// How one sees that it is there.
#[derive(Clone, Copy)]
enum Sign {
    /// A program of that name.
    Program(&'static str),
    /// Python imports these modules, which Debian packs apart from it.
    Modules(&'static str),
}

/// Python, and what makes a virtual environment with pip in it.
pub(crate) const PYTHON: &[Need] = &[
    Need::program("python3", "python3"),
    Need {
        sign: Sign::Modules("ensurepip, venv"),
        package: "python3-venv",
    },
];

/// A compiler of C++, which libFuzzer is written in.
pub(crate) const CPP: &[Need] = &[Need::program("c++", "g++")];

impl Need {
    /// A program, and its package.
    pub(crate) const fn program(name: &'static str, package: &'static str) -> Self {
        Self {
            sign: Sign::Program(name),
            package,
        }
    }
}

/// What is missing can be installed, or only asked for.
#[derive(Debug, PartialEq, Eq)]
enum Plan {
    Nothing,
    Install(Vec<&'static str>),
    Ask(String),
}

/// Sees to it that all needs are met; `whose` is what the sentence calls them.
///
/// # Errors
/// A sentence that says what is missing and what to type.
pub(crate) fn provide(whose: &str, needs: &[Need]) -> Result<(), String> {
    let missing = || missing_packages(needs, is_there);
    let apt = environment::find_program("apt-get");
    match plan(whose, missing(), environment::is_root(), apt.is_some()) {
        Plan::Nothing => Ok(()),
        Plan::Ask(sentence) => Err(sentence),
        Plan::Install(packages) => {
            let apt = apt.expect("an installation is planned only where apt-get is");
            install(&apt, &packages)?;
            let still = missing();
            if still.is_empty() {
                return Ok(());
            }
            Err(format!(
                "apt-get could not bring {}; its own words are above",
                still.join(", ")
            ))
        }
    }
}

fn is_there(sign: Sign) -> bool {
    match sign {
        Sign::Program(name) => environment::find_program(name).is_some(),
        Sign::Modules(names) => environment::find_program("python3").is_some_and(|python| {
            let mut command = Command::new(python);
            command.arg("-c").arg(format!("import {names}"));
            command.stdin(Stdio::null());
            command.output().is_ok_and(|output| output.status.success())
        }),
    }
}

fn missing_packages(needs: &[Need], is_there: impl Fn(Sign) -> bool) -> Vec<&'static str> {
    needs
        .iter()
        .filter(|need| !is_there(need.sign))
        .map(|need| need.package)
        .collect()
}

fn plan(whose: &str, missing: Vec<&'static str>, is_root: bool, has_apt: bool) -> Plan {
    if missing.is_empty() {
        return Plan::Nothing;
    }
    let list = missing.join(" ");
    match (is_root, has_apt) {
        (true, true) => Plan::Install(missing),
        (false, true) => Plan::Ask(format!(
            "{whose} need programs that are not here, and installing them takes root; type\n    \
             sudo apt-get update && sudo apt-get install -y --no-install-recommends {list}"
        )),
        (_, false) => Plan::Ask(format!(
            "{whose} need programs that are not here, and there is no apt-get to install them; \
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

#[cfg(test)]
mod tests {
    use super::{Need, PYTHON, Plan, Sign, missing_packages, plan};

    const NEEDS: &[Need] = &[
        Need::program("redis-server", "redis-server"),
        Need::program("chromedriver", "chromium-driver"),
    ];

    #[test]
    fn only_what_is_not_there_is_missing() {
        assert_eq!(missing_packages(NEEDS, |_| true), Vec::<&str>::new());
        let one = missing_packages(NEEDS, |sign| !matches!(sign, Sign::Program("chromedriver")));
        assert_eq!(one, ["chromium-driver"]);
        assert_eq!(
            missing_packages(NEEDS, |_| false),
            ["redis-server", "chromium-driver"]
        );
    }

    #[test]
    fn a_python_without_its_virtual_environments_lacks_their_package() {
        let lacks = missing_packages(PYTHON, |sign| matches!(sign, Sign::Program(_)));
        assert_eq!(lacks, ["python3-venv"]);
    }

    #[test]
    fn root_with_apt_installs_and_others_are_told_what_to_type() {
        let missing = || vec!["redis-server", "chromium"];
        assert_eq!(plan("the tests", vec![], false, false), Plan::Nothing);
        assert_eq!(
            plan("the tests", missing(), true, true),
            Plan::Install(missing())
        );
        let Plan::Ask(sentence) = plan("the tests", missing(), false, true) else {
            panic!("not asked")
        };
        assert!(
            sentence.ends_with(
                "sudo apt-get update && sudo apt-get install -y --no-install-recommends \
                 redis-server chromium"
            ),
            "{sentence}"
        );
        let Plan::Ask(sentence) = plan("the tests", missing(), true, false) else {
            panic!("not asked")
        };
        assert!(
            sentence.ends_with("Debian packages: redis-server chromium"),
            "{sentence}"
        );
    }
}
