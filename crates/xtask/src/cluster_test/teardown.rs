//! Taking the cluster down, whatever becomes of us.
//!
//! Keeps true: there is one way down, a shell that waits for our word. When its input closes, because we are done,
//! failed, were interrupted or killed, it takes the project down; only one word makes it go without that. It is in a
//! process group of its own, which a terminal's Ctrl-C doesn't reach.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use super::project::{PROJECT, Project};

/// What makes the shell leave the cluster alone.
const STAY: &str = "stay";
/// The engine may still be at what we told it last.
const SCRIPT: &str = "\
trap '' HUP INT TERM
read -r word
[ \"$word\" = stay ] && exit 0
[ \"$word\" = down ] || { echo 'cluster-test: interrupted; taking the cluster down' >&2; sleep 2; }
exec > \"$1\" 2>&1
docker compose --profile '*' down --volumes --remove-orphans --timeout 2
down=$?
docker image rm --force \"$2\"
exit $down";

/// Whoever takes the cluster down.
pub(super) struct Teardown(Child);

impl Teardown {
    /// Clears away what an earlier run left, and stands ready.
    ///
    /// # Errors
    /// A sentence that says what stood in the way.
    pub(super) fn hold(project: &Project) -> Result<Self, String> {
        project.must(&[
            "docker",
            "compose",
            "--profile",
            "*",
            "down",
            "--volumes",
            "--remove-orphans",
            "--timeout=2",
        ])?;
        let log = project.folder().join("down.log");
        let mut command = Command::new("env");
        command
            .args(project.prefix())
            .args(["sh", "-c", SCRIPT, "teardown"]);
        command.arg(log).arg(PROJECT);
        command
            .envs(project.variables())
            .current_dir(project.file(""))
            .process_group(0);
        let started = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
        started
            .map(Self)
            .map_err(|why| format!("can't start a shell: {why}"))
    }

    /// Takes it down, and waits for that.
    ///
    /// # Errors
    /// A sentence, when the engine would not.
    pub(super) fn fall(mut self) -> Result<(), String> {
        self.say("down");
        let ended = self
            .0
            .wait()
            .map_err(|why| format!("no word of the shell: {why}"))?;
        match ended.success() {
            true => Ok(()),
            false => Err("`docker compose down` failed; its words are in down.log".to_owned()),
        }
    }

    /// Leaves it up.
    pub(super) fn stay(mut self) {
        self.say(STAY);
        let _ = self.0.wait();
    }

    fn say(&mut self, word: &str) {
        // It takes the cluster down when it hears nothing, so that a lost word does no harm.
        if let Some(mut input) = self.0.stdin.take() {
            let _ = writeln!(input, "{word}");
        }
    }
}
