//! The program as a user calls it, in a directory of its own: how it ends, what it says, what it leaves.
//!
//! Keeps true: no call outlives its test, or its patience.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;

/// Longer than any call here takes, even on a slow machine.
const PATIENCE: Duration = Duration::from_secs(180);
/// Where results are to be left.
const RESULTS: &str = "results";

/// A call that has ended.
pub(crate) struct Called {
    /// None if a signal ended it.
    pub(crate) code: Option<i32>,
    /// What it wrote to the standard output.
    pub(crate) said: String,
    /// What it wrote to the standard error.
    pub(crate) complained: String,
    directory: TempDir,
}

/// Calls the program and waits until it has ended. It finds these files beside it, by name.
pub(crate) async fn call(words: &[String], files: &[(&str, &[u8])]) -> Called {
    let directory = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(directory.path().join(name), bytes).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadtest"));
    command
        .args(words)
        .current_dir(directory.path())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let ended = timeout(PATIENCE, command.output()).await;
    let output = ended
        .unwrap_or_else(|_| panic!("{words:?} took too long"))
        .unwrap();
    Called {
        code: output.status.code(),
        said: String::from_utf8(output.stdout).unwrap(),
        complained: String::from_utf8(output.stderr).unwrap(),
        directory,
    }
}

/// Plays a scenario against these nodes, with its results where [`Called`] looks for them.
pub(crate) async fn play(scenario: &str, nodes: &[String], more: &str) -> Called {
    let more = more.split_whitespace().map(ToOwned::to_owned);
    let targets = nodes.iter().map(|node| format!("--target={node}"));
    let words = [scenario, "--plain", "--out", RESULTS].map(ToOwned::to_owned);
    let words: Vec<String> = words.into_iter().chain(targets).chain(more).collect();
    call(&words, &[]).await
}

/// The words of a command line; none of them has a space in it.
pub(crate) fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(ToOwned::to_owned).collect()
}

impl Called {
    /// The file of results.
    pub(crate) fn result(&self) -> Value {
        let text = std::fs::read_to_string(self.left("result.json"));
        let text = text.unwrap_or_else(|why| panic!("no result: {why}\n{self}"));
        serde_json::from_str(&text).unwrap()
    }

    /// Where a file of the results is.
    pub(crate) fn left(&self, name: &str) -> PathBuf {
        self.directory.path().join(RESULTS).join(name)
    }

    /// All ledgers that were left.
    pub(crate) fn ledgers(&self) -> Vec<PathBuf> {
        let files = std::fs::read_dir(self.directory.path().join(RESULTS)).unwrap();
        let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
        let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
        paths.retain(|path| name(path).starts_with("ledger-"));
        paths.sort();
        paths
    }
}

impl std::fmt::Display for Called {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { code, .. } = self;
        write!(f, "code {code:?}\n{}\n{}", self.said, self.complained)
    }
}

/// How often a check found that it was broken.
pub(crate) fn violations(result: &Value, check: &str) -> u64 {
    checked(result, check)["violations"].as_u64().unwrap()
}

/// What the audit says of a check.
pub(crate) fn checked<'a>(result: &'a Value, check: &str) -> &'a Value {
    let checks = result["audit"]["checks"].as_array().unwrap();
    let found = checks.iter().find(|one| one["check"] == check);
    found.unwrap_or_else(|| panic!("there is no check {check}"))
}
