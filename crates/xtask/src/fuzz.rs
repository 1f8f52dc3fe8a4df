//! `cargo xtask fuzz`: the fuzz targets of the socket machine, for a while each.
//!
//! Owns what a run may take in time and memory, and where its finds lie. Keeps true: everything
//! it makes is below cargo's target folder; a target that ran not one input has failed; a crash
//! is told with the place of its input. What must hold is written in the targets, in
//! `crates/socket/fuzz`; the inputs kept for good lie there in `seeds/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::environment;
use crate::fault::Fault;
use crate::job::{Ending, Job};
use crate::needs;

/// Where the targets live, below the root.
const PROJECT: &str = "crates/socket/fuzz";
/// What builds them, and the version known to build them with a stable toolchain.
const BUILDER: &str = "cargo-fuzz";
const BUILDER_VERSION: &str = "0.13.2";

const SECONDS: u64 = 60;
const BUILD_LIMIT: Duration = Duration::from_secs(30 * 60);
/// Beyond the seconds asked for: reading what was found in earlier runs comes first.
const RUN_MARGIN: Duration = Duration::from_secs(5 * 60);

/// libFuzzer's words. One input may take seconds only on a machine that is very busy; one piece
/// of memory beyond 64 MiB would be a claim believed.
const LIMITS: &[&str] = &[
    "-timeout=20",
    "-rss_limit_mb=2048",
    "-malloc_limit_mb=64",
    "-max_len=4096",
    "-verbosity=0",
    "-print_final_stats=1",
];
/// A shell's word for: become the program given, with what it says in the file before it.
const TO_A_LOG: &str = "log=$1; shift; exec \"$@\" > \"$log\" 2>&1";
const EXECUTED: &str = "stat::number_of_executed_units:";
const WRITTEN: &str = "Test unit written to ";

/// Runs `[SECONDS] [TARGET]`: a minute of every target, if nothing is said.
pub(crate) fn run(arguments: &[String]) -> Result<(), Fault> {
    let (seconds, target) = read(arguments)?;
    match fuzz(seconds, target) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Fault::Found),
        Err(sentence) => {
            eprintln!("xtask: {sentence}");
            Err(Fault::Found)
        }
    }
}

fn read(arguments: &[String]) -> Result<(u64, Option<&str>), Fault> {
    let misuse = || {
        let shape = "fuzz takes a number of seconds above 0, then the name of a target";
        Err(Fault::Misuse(shape.to_owned()))
    };
    let (seconds, rest) = match arguments.split_first() {
        None => (SECONDS, arguments),
        Some((first, rest)) => match first.parse() {
            Ok(seconds) if seconds > 0 => (seconds, rest),
            Ok(_) => return misuse(),
            Err(_) => (SECONDS, arguments),
        },
    };
    match rest {
        [] => Ok((seconds, None)),
        [target] if !target.starts_with('-') => Ok((seconds, Some(target))),
        _ => misuse(),
    }
}

/// Whether nothing was found.
fn fuzz(seconds: u64, only: Option<&str>) -> Result<bool, String> {
    let project = environment::workspace_root().join(PROJECT);
    let mut targets = names_in(&project.join("fuzz_targets"))?;
    targets.retain(|target| only.is_none_or(|only| only == target));
    if targets.is_empty() {
        return Err(format!("there is no such target in {PROJECT}/fuzz_targets"));
    }
    needs::provide("the fuzz targets", needs::CPP)?;
    let folder = environment::target_folder()?.join("fuzz");
    provide_builder()?;
    build(&folder)?;
    let programs = folder.join(environment::host()?).join("release");
    let mut well = true;
    for target in &targets {
        let ran = run_target(&programs, &folder, &project, target, seconds)?;
        println!("fuzz {target}: {}", ran.told());
        well &= ran.is_well();
    }
    Ok(well)
}

/// The names of the Rust files in a folder, in order.
fn names_in(folder: &Path) -> Result<Vec<String>, String> {
    let cannot_read = |why| format!("can't read {}: {why}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(cannot_read)? {
        let name = entry.map_err(cannot_read)?.file_name();
        names.extend(
            name.to_string_lossy()
                .strip_suffix(".rs")
                .map(str::to_owned),
        );
    }
    names.sort();
    Ok(names)
}

fn provide_builder() -> Result<(), String> {
    let mut asked = Command::new(environment::cargo());
    asked.args(["fuzz", "--version"]).stdin(Stdio::null());
    let told = asked
        .output()
        .map_err(|why| format!("can't start cargo: {why}"))?;
    if told.status.success() {
        print!("fuzz: {}", String::from_utf8_lossy(&told.stdout));
        return Ok(());
    }
    done(&cargo(&[
        "install",
        BUILDER,
        "--version",
        BUILDER_VERSION,
        "--locked",
    ]))
}

fn build(folder: &Path) -> Result<(), String> {
    let folder = folder.display().to_string();
    let words = [
        "fuzz",
        "build",
        "--fuzz-dir",
        PROJECT,
        "--target-dir",
        &folder,
    ];
    let mut job = cargo(&words);
    // The sanitizer's flags are unstable; the toolchain need not be.
    job.variables.push(("RUSTC_BOOTSTRAP", "1".into()));
    done(&job)
}

fn cargo(words: &[&str]) -> Job {
    Job {
        program: environment::cargo(),
        shown_as: "cargo",
        arguments: words.iter().map(|&word| word.to_owned()).collect(),
        variables: Vec::new(),
        folder: environment::workspace_root(),
        limit: BUILD_LIMIT,
        keep: |_| false,
    }
}

fn done(job: &Job) -> Result<(), String> {
    println!("fuzz: {}", job.shown());
    match job.run()?.ending {
        Ending::Well => Ok(()),
        ending => Err(format!("`{}` failed ({ending:?})", job.shown())),
    }
}

fn run_target(
    programs: &Path,
    folder: &Path,
    project: &Path,
    target: &str,
    seconds: u64,
) -> Result<Ran, String> {
    let corpus = made(folder.join("corpus").join(target))?;
    let found = made(folder.join("found").join(target))?;
    let seeds = made(project.join("seeds").join(target))?;
    let program = programs.join(target).display().to_string();
    let for_so_long = format!("-max_total_time={seconds}");
    let found_at = format!("-artifact_prefix={found}/");
    let log = folder.join(format!("{target}.log"));
    let log_word = log.display().to_string();
    let mut arguments = vec!["-c", TO_A_LOG, "sh", &log_word, &program, &corpus, &seeds];
    arguments.extend([for_so_long.as_str(), found_at.as_str()]);
    arguments.extend(LIMITS);
    let job = Job {
        program: "sh".into(),
        shown_as: "sh",
        arguments: arguments.into_iter().map(str::to_owned).collect(),
        variables: Vec::new(),
        folder: folder.to_path_buf(),
        limit: Duration::from_secs(seconds) + RUN_MARGIN,
        keep: |_| false,
    };
    println!("fuzz {target}: {seconds} s; its own words go to {log_word}");
    let outcome = job.run()?;
    // It may have printed bytes of an input.
    let words = fs::read(&log).map_err(|why| format!("can't read {log_word}: {why}"))?;
    Ok(Ran::read(outcome.ending, &String::from_utf8_lossy(&words)))
}

fn made(folder: PathBuf) -> Result<String, String> {
    fs::create_dir_all(&folder).map_err(|why| format!("can't make {}: {why}", folder.display()))?;
    Ok(folder.display().to_string())
}

/// What came of a target.
struct Ran {
    ending: Ending,
    inputs: u64,
    /// The input that it fell over.
    input: Option<String>,
}

impl Ran {
    fn read(ending: Ending, words: &str) -> Self {
        let after = |mark: &str| {
            let line = words.lines().rev().find_map(|line| line.split_once(mark));
            line.map(|(_, rest)| rest.trim().to_owned())
        };
        Self {
            ending,
            inputs: after(EXECUTED).and_then(|n| n.parse().ok()).unwrap_or(0),
            input: after(WRITTEN),
        }
    }

    fn is_well(&self) -> bool {
        self.ending == Ending::Well && self.inputs > 0 && self.input.is_none()
    }

    fn told(&self) -> String {
        let inputs = self.inputs;
        match (&self.input, self.is_well()) {
            (_, true) => format!("ok, {inputs} inputs"),
            (Some(input), false) => format!(
                "FAILED after {inputs} inputs, by {input}; once mended, keep it in \
                 {PROJECT}/seeds"
            ),
            (None, false) => format!("FAILED after {inputs} inputs ({:?})", self.ending),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Ran, SECONDS, names_in, read};
    use crate::environment::workspace_root;
    use crate::job::Ending;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn seconds_and_a_target_may_be_given_or_left_out() {
        for (given, expected) in [
            (&[][..], (SECONDS, None)),
            (&["5"], (5, None)),
            (&["decoder"], (SECONDS, Some("decoder"))),
            (&["5", "decoder"], (5, Some("decoder"))),
        ] {
            assert_eq!(read(&words(given)).ok(), Some(expected), "{given:?}");
        }
        for misuse in [&["0"][..], &["5", "a", "b"], &["decoder", "5"], &["--all"]] {
            assert!(read(&words(misuse)).is_err(), "{misuse:?}");
        }
    }

    #[test]
    fn every_target_has_seeds() {
        let project = workspace_root().join(super::PROJECT);
        let targets = names_in(&project.join("fuzz_targets")).expect("it can be read");
        assert!(!targets.is_empty());
        for target in targets {
            let seeds = std::fs::read_dir(project.join("seeds").join(&target));
            assert!(seeds.expect("it can be read").count() > 0, "{target}");
        }
    }

    #[test]
    fn a_target_is_well_only_if_it_ran_and_found_nothing() {
        let stats = "Done 362183 runs\nstat::number_of_executed_units: 362183\nstat::x: 1\n";
        let ran = Ran::read(Ending::Well, stats);
        assert_eq!(ran.told(), "ok, 362183 inputs");
        assert!(!Ran::read(Ending::Well, "").is_well());
        assert!(!Ran::read(Ending::TookTooLong, stats).is_well());
        let crash = "artifact_prefix='/a/'; Test unit written to /a/crash-1\n\
                     stat::number_of_executed_units: 85\n";
        let ran = Ran::read(Ending::Code(77), crash);
        assert!(!ran.is_well());
        assert!(
            ran.told()
                .starts_with("FAILED after 85 inputs, by /a/crash-1;")
        );
    }
}
