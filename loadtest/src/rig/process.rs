//! One process of the cluster: its life, its number, and its log.
//!
//! Keeps true: it ends when it is dropped, it is in a process group of its own, so that Ctrl-C reaches
//! only who decides about it, its log holds all its lives, and its number stands in a file while it may run.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::error::RigError;

/// Of the end of a log, what is shown.
const LAST_LINES: usize = 30;
const LAST_BYTES: u64 = 16 * 1024;
/// Of one log, how many panics are told.
const PANICS_MAX: usize = 5;

/// A process that may be started anew.
pub(super) struct Process {
    pub(super) name: String,
    program: PathBuf,
    arguments: Vec<String>,
    log: PathBuf,
    number: PathBuf,
    /// None while it is meant to be down.
    child: Option<Child>,
    /// Where the log of this life begins.
    log_from: u64,
}

impl Process {
    /// Not started yet; its log is a file of its name.
    pub(super) fn new(name: impl Into<String>, program: &Path, directory: &Path) -> Self {
        let name = name.into();
        Self {
            log: directory.join(format!("{name}.log")),
            number: directory.join(format!("{name}.pid")),
            name,
            program: program.to_owned(),
            arguments: Vec::new(),
            child: None,
            log_from: 0,
        }
    }

    /// Starts it with these arguments, which are kept for the next start.
    pub(super) fn start(&mut self, arguments: Vec<String>) -> Result<(), RigError> {
        self.arguments = arguments;
        self.start_anew()
    }

    /// Starts it as it was.
    pub(super) fn start_anew(&mut self) -> Result<(), RigError> {
        let failed = |source| RigError::Start {
            name: self.name.clone(),
            source,
        };
        let log = OpenOptions::new().create(true).append(true).open(&self.log);
        let log = log.map_err(failed)?;
        self.log_from = log.metadata().map_err(failed)?.len();
        let mut command = Command::new(&self.program);
        if self.program.is_absolute() {
            // Our own settings are not meant for the nodes. A program that isn't at a known place needs
            // the path in which to look for it.
            command.env_clear();
        }
        let child = command
            .args(&self.arguments)
            .env("RUST_BACKTRACE", "1")
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(failed)?)
            .stderr(log)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        if let Some(pid) = child.id() {
            std::fs::write(&self.number, format!("{pid}\n")).map_err(failed)?;
        }
        self.child = Some(child);
        Ok(())
    }

    /// Its number, while it runs or hasn't been missed.
    pub(super) fn pid(&self) -> Option<u32> {
        self.child.as_ref()?.id()
    }

    /// Kills it at once, and waits until it is gone.
    pub(super) async fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Fails only if it has ended already.
            let _ = child.kill().await;
        }
        self.forget_number();
    }

    /// Waits until it has ended by itself.
    pub(super) async fn ended(&mut self, patience: Duration) -> Result<ExitStatus, RigError> {
        let Some(child) = &mut self.child else {
            return Err(self.ended_early());
        };
        match timeout(patience, child.wait()).await {
            Err(_) => Err(self.too_slow("end", patience)),
            Ok(status) => {
                self.child = None;
                self.forget_number();
                status.map_err(RigError::io(format!("waiting for {}", self.name)))
            }
        }
    }

    /// Another process may have the number next.
    fn forget_number(&self) {
        // Fails only if there is none.
        let _ = std::fs::remove_file(&self.number);
    }

    /// How it ended, if it did so unasked.
    pub(super) fn is_gone(&mut self) -> Option<ExitStatus> {
        let status = self.child.as_mut()?.try_wait().ok()??;
        self.forget_number();
        Some(status)
    }

    /// That it ended too soon.
    pub(super) fn ended_early(&self) -> RigError {
        RigError::Ended {
            name: self.name.clone(),
            last: self.last_lines(),
        }
    }

    /// That it took too long.
    pub(super) fn too_slow(&self, what: &'static str, patience: Duration) -> RigError {
        RigError::Patience {
            name: self.name.clone(),
            what,
            patience_s: patience.as_secs(),
            last: self.last_lines(),
        }
    }

    /// The end of the log of this life.
    pub(super) fn last_lines(&self) -> String {
        // A log that can't be read must not hide why it was wanted.
        let text = self.tail().unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
    }

    fn tail(&self) -> std::io::Result<String> {
        let mut log = File::open(&self.log)?;
        let length = log.metadata()?.len();
        let from = self.log_from.max(length.saturating_sub(LAST_BYTES));
        log.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        log.take(LAST_BYTES).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Lines in the log of all its lives that tell of a fault of the program.
    pub(super) fn panics(&self) -> Vec<String> {
        let Ok(log) = File::open(&self.log) else {
            return Vec::new();
        };
        let is_bad = |line: &String| line.contains("panicked") || line.contains("REDIS BUG REPORT");
        let lines = BufReader::new(log).split(b'\n').map_while(Result::ok);
        (lines.map(|line| String::from_utf8_lossy(&line).into_owned()))
            .filter(is_bad)
            .take(PANICS_MAX)
            .map(|line| format!("{}: {}", self.name, line.trim()))
            .collect()
    }
}
