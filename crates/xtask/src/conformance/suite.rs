//! kosoku: installed into a virtual environment of its own, and run over a selection of cases.
//!
//! Owns its version, its command line, the selections, and the folder where all this happens: in
//! cargo's target folder, never in the tree.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::echo::Echo;
use super::report::{self, Case};
use crate::environment;
use crate::job::{Ending, Job};
use crate::venv::Venv;

const PACKAGE: &str = "kosoku==0.1.0";
/// A shell's word for: become the program given, with what it says in the file before it. kosoku
/// lists what failed, which is for us to judge and, in the control, as it should be.
const TO_A_LOG: &str = "log=$1; shift; exec \"$@\" > \"$log\" 2>&1";

/// What a run runs, against which echo, and how long it may take.
pub(super) struct Selection {
    name: &'static str,
    echo: &'static [&'static str],
    cases: &'static [&'static str],
    at_once: &'static str,
    limit: Duration,
}

/// All cases but those of compression. Some ten seconds.
pub(super) const CORE: Selection = Selection {
    name: "core",
    echo: &["--limits", "autobahn"],
    cases: &["-x", "12.*", "-x", "13.*"],
    at_once: "2",
    limit: Duration::from_secs(5 * 60),
};

/// Pings and text. Those that fail have waited a second, so many are run at once.
pub(super) const CONTROL: Selection = Selection {
    name: "control",
    echo: &["--limits", "autobahn", "--wrong"],
    cases: &["-i", "2.*", "-i", "6.1.*", "-i", "6.2.*"],
    at_once: "9",
    limit: Duration::from_secs(5 * 60),
};

/// Compression. Some minutes.
pub(super) const DEFLATE: Selection = Selection {
    name: "deflate",
    echo: &["--limits", "autobahn"],
    cases: &["-i", "12.*", "-i", "13.*"],
    at_once: "2",
    limit: Duration::from_secs(60 * 60),
};

/// All cases. Some minutes.
pub(super) const PRODUCTION: Selection = Selection {
    name: "production",
    echo: &["--limits", "production"],
    cases: &[],
    at_once: "2",
    limit: Duration::from_secs(60 * 60),
};

/// kosoku, installed.
pub(super) struct Suite {
    folder: PathBuf,
    venv: Venv,
}

/// A run that has left reports.
pub(super) struct Run {
    pub(super) cases: Vec<Case>,
    pub(super) took: Duration,
    folder: PathBuf,
}

impl Suite {
    /// Installs what is missing.
    ///
    /// # Errors
    /// A sentence that says what is missing and what to do.
    pub(super) fn provide() -> Result<Self, String> {
        let folder = environment::target_folder()?.join("conformance");
        make_folder(&folder)?;
        let venv = Venv::provide("conformance", &folder, &[PACKAGE])?;
        Ok(Self { folder, venv })
    }

    /// Runs a selection and reads its index.
    ///
    /// # Errors
    /// A sentence, when the echo does not come up, or the suite leaves no reports in time.
    pub(super) fn run(&self, echo: &Echo, selection: &Selection) -> Result<Run, String> {
        let folder = self.folder.join(selection.name);
        if folder.exists() {
            let cannot = |why| format!("can't remove {}: {why}", folder.display());
            fs::remove_dir_all(&folder).map_err(cannot)?;
        }
        make_folder(&folder)?;
        let running = echo.start(selection.echo)?;
        let log = folder.join("kosoku.log").display().to_string();
        let kosoku = self.venv.program("kosoku").display().to_string();
        let target = format!("ws://{}/", running.address);
        let out = folder.display().to_string();
        let mut arguments = vec!["-c", TO_A_LOG, "sh", &log, &kosoku];
        arguments.extend(["-m", "fuzzingclient", &target, "-o", &out, "-p"]);
        arguments.push(selection.at_once);
        arguments.extend(selection.cases);
        let cases = selection.cases.join(" ");
        println!(
            "conformance: echo {}; kosoku -m fuzzingclient {target} -p {} {cases}",
            selection.echo.join(" "),
            selection.at_once
        );
        let outcome = self
            .job("kosoku", Path::new("sh"), &arguments, selection.limit)
            .run()?;
        // It ends with 1 where a case has failed; what that means is judged from the index.
        if !matches!(outcome.ending, Ending::Well | Ending::Code(1)) {
            return Err(format!(
                "kosoku has not done its work ({:?}); its own words are in {log}",
                outcome.ending
            ));
        }
        let index = read(&folder.join("index.json"));
        let cases = index
            .and_then(|text| report::read_index(&text))
            .map_err(|why| format!("{why}; kosoku's own words are in {log}"))?;
        Ok(Run {
            cases,
            took: outcome.took,
            folder,
        })
    }

    fn job(
        &self,
        shown_as: &'static str,
        program: &Path,
        arguments: &[&str],
        limit: Duration,
    ) -> Job {
        Job {
            program: program.into(),
            shown_as,
            arguments: arguments.iter().map(|&word| word.to_owned()).collect(),
            variables: vec![("PATH", environment::full_path())],
            folder: self.folder.clone(),
            limit,
            keep: |_| false,
        }
    }
}

impl Run {
    /// How long the messages of a case are, on average, by its own report.
    ///
    /// # Errors
    /// A sentence, when the report is not there or does not say.
    pub(super) fn mean_message_bytes(&self, case: &Case) -> Result<u64, String> {
        let file = self.folder.join(&case.report);
        report::mean_message_bytes(&read(&file)?)
            .map_err(|why| format!("{}: {why}", file.display()))
    }
}

fn make_folder(folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|why| format!("can't make {}: {why}", folder.display()))
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|why| format!("can't read {}: {why}", file.display()))
}
