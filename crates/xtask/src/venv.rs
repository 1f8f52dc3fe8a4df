//! A virtual environment of Python below the target folder, holding what one chore needs of Python's packages.
//!
//! Keeps true: what is there in the versions asked for is not installed again, and a half-made environment is
//! made anew. Leaves Python itself to `needs`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::environment;
use crate::job::{Ending, Job};
use crate::needs;

/// Asks the environment whether it holds the packages of its arguments; a half-made one does not.
const IS_HERE: &str = "\
import importlib.metadata as m, sys
raise SystemExit(any(m.version(n) != v for n, v in (p.split('==') for p in sys.argv[1:])))";
const INSTALL_LIMIT: Duration = Duration::from_secs(15 * 60);

/// The environment, with its packages in it.
pub(crate) struct Venv {
    place: PathBuf,
}

impl Venv {
    /// Installs what is missing into `venv/` in the folder. `chore` is whose need it is; packages are given as
    /// `name==version`.
    ///
    /// # Errors
    /// A sentence that says what is missing and what to do.
    pub(crate) fn provide(chore: &str, folder: &Path, packages: &[&str]) -> Result<Self, String> {
        needs::provide(&format!("the chore `{chore}`"), needs::PYTHON)?;
        let venv = Self {
            place: folder.join("venv"),
        };
        if !venv.holds(packages) {
            venv.install(chore, folder, packages)?;
        }
        Ok(venv)
    }

    /// Where a program of it is.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.place.join("bin").join(name)
    }

    fn holds(&self, packages: &[&str]) -> bool {
        let mut python = Command::new(self.program("python"));
        python.args(["-c", IS_HERE]).args(packages);
        let output = python.stdin(Stdio::null()).output();
        output.is_ok_and(|output| output.status.success())
    }

    fn install(&self, chore: &str, folder: &Path, packages: &[&str]) -> Result<(), String> {
        let place = self.place.display().to_string();
        println!("{chore}: installing {} into {place}", packages.join(" "));
        let python = environment::find_program("python3").ok_or("python3 is not here")?;
        let job = |shown_as, program: &Path, arguments: &[&str]| Job {
            program: program.into(),
            shown_as,
            arguments: arguments.iter().map(|&word| word.to_owned()).collect(),
            variables: vec![("PATH", environment::full_path())],
            folder: folder.to_owned(),
            limit: INSTALL_LIMIT,
            keep: |_| false,
        };
        well(&job("python3", &python, &["-m", "venv", "--clear", &place]))?;
        let mut pip = vec!["install", "--quiet", "--disable-pip-version-check"];
        pip.extend(packages);
        well(&job("pip", &self.program("pip"), &pip))
    }
}

fn well(job: &Job) -> Result<(), String> {
    match job.run()?.ending {
        Ending::Well => Ok(()),
        ending => Err(format!("`{}` failed ({ending:?})", job.shown())),
    }
}
