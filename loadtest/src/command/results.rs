//! What a run leaves behind: a directory with `result.json`, `report.html` and, where something is wrong
//! or they are wanted, its ledgers.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::CommandError;
use crate::audit::verdict::Outcome as Word;
use crate::outcome::Outcome;
use crate::report;

/// Where results go if nobody says.
const RESULTS: &str = "loadtest-results";

/// A directory of a run's own.
pub(super) struct Results {
    pub(super) directory: PathBuf,
}

impl Results {
    /// Makes it: `out`, or one with a name that no other run has. What an earlier run left there goes.
    pub(super) fn create(out: Option<&Path>, name: &str) -> Result<Self, CommandError> {
        let directory = out.map_or_else(|| Path::new(RESULTS).join(name), Path::to_path_buf);
        fs::create_dir_all(&directory)
            .map_err(CommandError::file("the directory of results", &directory))?;
        let results = Self { directory };
        results.drop_ledgers();
        Ok(results)
    }

    /// Writes the result and the report, and lets go of ledgers that nobody needs.
    pub(super) fn write(&self, outcome: &Outcome, keep: bool) -> Result<PathBuf, CommandError> {
        let json = serde_json::to_string_pretty(outcome).unwrap_or_default();
        self.file("result.json", &json)?;
        let report = self.file("report.html", &report::html(outcome))?;
        if !keep && outcome.word() == Word::Passed {
            self.drop_ledgers();
        }
        Ok(report)
    }

    /// Writes a file beside the others.
    pub(super) fn file(&self, name: &str, text: &str) -> Result<PathBuf, CommandError> {
        let path = self.directory.join(name);
        fs::write(&path, text).map_err(CommandError::file("writing", &path))?;
        Ok(path)
    }

    /// They are large, prove nothing that the result doesn't say, and stand in the way of the next run's.
    fn drop_ledgers(&self) {
        let Ok(files) = fs::read_dir(&self.directory) else {
            return;
        };
        for file in files.flatten() {
            if is_ledger(&file.file_name().to_string_lossy()) {
                // One that stays only takes room.
                let _ = fs::remove_file(file.path());
            }
        }
    }
}

/// As a run names them; whatever else lies in the directory is somebody's own.
fn is_ledger(name: &str) -> bool {
    let number = name.strip_prefix("ledger-");
    number.is_some_and(|number| number.parse::<u32>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::Results;

    #[test]
    fn a_used_directory_loses_ledgers_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str| directory.path().join(name);
        for name in ["ledger-0", "ledger-12", "ledger-of-mine.txt", "ledger-"] {
            std::fs::write(file(name), "").unwrap();
        }
        Results::create(Some(directory.path()), "x").unwrap();
        assert!(!file("ledger-0").exists() && !file("ledger-12").exists());
        assert!(file("ledger-of-mine.txt").exists() && file("ledger-").exists());
    }
}
