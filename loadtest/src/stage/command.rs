//! A command of the plan.

use std::io::{Read as _, Seek as _};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::error::StageError;

/// A command that takes longer should go into the background.
const PATIENCE: Duration = Duration::from_secs(60);
/// Of what it says in its distress.
const WORDS_BYTES_MAX: u64 = 1_000;

/// Runs it to its end.
pub(super) async fn run(command: &str) -> Result<(), StageError> {
    let failed = |what: String| StageError::Command {
        command: command.to_owned(),
        what,
    };
    let wrong = |error: std::io::Error| failed(format!("can't be run: {error}"));
    // A file, since what it leaves in the background may hold on to a pipe.
    let mut words = tempfile::tempfile().map_err(wrong)?;
    let mut child = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(words.try_clone().map_err(wrong)?)
        .kill_on_drop(true)
        .spawn()
        .map_err(wrong)?;
    let Ok(status) = timeout(PATIENCE, child.wait()).await else {
        return Err(failed(format!(
            "did not end within {} s",
            PATIENCE.as_secs()
        )));
    };
    let status = status.map_err(wrong)?;
    if status.success() {
        return Ok(());
    }
    let mut said = Vec::new();
    words.rewind().map_err(wrong)?;
    (&words)
        .take(WORDS_BYTES_MAX)
        .read_to_end(&mut said)
        .map_err(wrong)?;
    let said = String::from_utf8_lossy(&said);
    Err(failed(format!("ended with {status}: {}", said.trim())))
}
