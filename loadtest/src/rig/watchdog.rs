//! Ends the cluster's processes should we be killed ourselves.
//!
//! A shell waits for the end of a pipe that we hold open. It knows the
//! processes from the files in which each has its number.

use std::path::Path;
use std::process::Stdio;

use tokio::process::{Child, ChildStdin, Command};

use super::error::RigError;

const SCRIPT: &str = r#"read -r _; cat "$1"/*.pid | while read -r pid; do kill -9 "$pid"; done"#;

/// Watches over us.
pub(super) struct Watchdog {
    shell: Child,
    /// Closed when we end, however that is.
    _pipe: Option<ChildStdin>,
}

impl Watchdog {
    /// Begins to watch over the processes whose numbers stand in this directory.
    pub(super) fn start(directory: &Path) -> Result<Self, RigError> {
        let shell = Command::new("sh")
            .args(["-c", SCRIPT, "watchdog"])
            .arg(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn();
        let mut shell = shell.map_err(RigError::io("watching over the cluster"))?;
        Ok(Self {
            _pipe: shell.stdin.take(),
            shell,
        })
    }

    /// Stops watching.
    pub(super) async fn close(mut self) {
        // Fails only if it has ended already.
        let _ = self.shell.kill().await;
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::Watchdog;

    #[tokio::test]
    async fn what_is_on_the_list_ends_with_us() {
        let directory = tempfile::tempdir().unwrap();
        let mut child = Command::new("sleep")
            .arg("600")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let number = directory.path().join("sleep.pid");
        std::fs::write(number, format!("{}\n", child.id())).unwrap();
        // What a killed process leaves of its watchdog: the end of a pipe.
        drop(Watchdog::start(directory.path()).unwrap());
        assert!(!child.wait().unwrap().success());
    }
}
