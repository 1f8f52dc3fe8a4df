//! Running another program as one step: shown, streamed, bounded in time, and cleaned up after.
//!
//! Keeps true: the program runs in a process group of its own; that group is killed, by its id,
//! when the time limit passes, when the program has ended but left children behind, and when we
//! ourselves are interrupted. What the outcome means is left to the caller.

pub(crate) mod background;

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, PipeReader, PipeWriter, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How often a running program is asked whether it has ended.
const POLL: Duration = Duration::from_millis(50);
/// How long the last output may take to arrive after the program's group is gone: only a
/// process that left the group can hold the pipe open, and it may not hold us up.
const LAST_OUTPUT: Duration = Duration::from_secs(5);
/// Kept lines at most; a test run of this project has some tens.
const KEPT_LINES_MAX: usize = 10_000;

/// What `cargo run` puts into our environment that would make an inner cargo rebuild what an
/// outer one built, because build scripts watch it.
const NOT_INHERITED: &[&str] = &[
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_PATH",
    "CARGO_PKG_NAME",
    "CARGO_PKG_VERSION",
    "CARGO_PKG_VERSION_MAJOR",
    "CARGO_PKG_VERSION_MINOR",
    "CARGO_PKG_VERSION_PATCH",
    "CARGO_PKG_VERSION_PRE",
    "CARGO_PKG_AUTHORS",
    "CARGO_PKG_DESCRIPTION",
    "CARGO_PKG_HOMEPAGE",
    "CARGO_PKG_LICENSE",
    "CARGO_PKG_LICENSE_FILE",
    "CARGO_PKG_README",
    "CARGO_PKG_REPOSITORY",
    "CARGO_PKG_RUST_VERSION",
];

/// A program to run.
pub(crate) struct Job {
    /// The program, as a path or a name on PATH.
    pub(crate) program: OsString,
    /// What to call the program when showing the command.
    pub(crate) shown_as: &'static str,
    pub(crate) arguments: Vec<String>,
    /// Set in the program's environment, beside what it inherits.
    pub(crate) variables: Vec<(&'static str, OsString)>,
    pub(crate) folder: PathBuf,
    /// After this long the program's group is killed.
    pub(crate) limit: Duration,
    /// Which lines of its standard output the caller wants back.
    pub(crate) keep: fn(&str) -> bool,
}

/// What became of a program.
pub(crate) struct Outcome {
    pub(crate) ending: Ending,
    pub(crate) took: Duration,
    pub(crate) kept: Vec<String>,
}

/// How a program ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Well,
    /// With an exit code other than 0.
    Code(i32),
    /// Killed by this signal.
    Signal(i32),
    /// Killed by us at the limit.
    TookTooLong,
}

impl Job {
    /// The command as one would type it.
    pub(crate) fn shown(&self) -> String {
        format!("{} {}", self.shown_as, self.arguments.join(" "))
    }

    /// Runs the program to its end or the limit; its output goes where ours goes.
    ///
    /// # Errors
    /// A sentence that says why the program could not be started.
    pub(crate) fn run(&self) -> Result<Outcome, String> {
        let cannot_start = |why: io::Error| format!("can't start `{}`: {why}", self.shown());
        let started = now();
        let (output, pipe) = io::pipe().map_err(cannot_start)?;
        let mut child = self.spawn(pipe).map_err(cannot_start)?;
        let group = child.id();
        let lifeline = Lifeline::hold(group);
        let (done, reader_done) = mpsc::sync_channel(1);
        let keep = self.keep;
        std::thread::spawn(move || done.send(relay(output, keep)));

        let ending = wait(&mut child, self.limit).map_err(cannot_start)?;
        kill_group(group);
        if let Some(lifeline) = lifeline {
            lifeline.let_go();
        }
        let kept = reader_done.recv_timeout(LAST_OUTPUT).unwrap_or_else(|_| {
            eprintln!(
                "xtask: a process left behind by `{}` still holds its output",
                self.shown()
            );
            Vec::new()
        });
        Ok(Outcome {
            ending,
            took: started.elapsed(),
            kept,
        })
    }

    fn spawn(&self, output: PipeWriter) -> io::Result<Child> {
        // The command is dropped here, and with it our end of the pipe: the reader sees its end.
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .current_dir(&self.folder)
            .process_group(0);
        for name in NOT_INHERITED {
            command.env_remove(name);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(output).spawn()
    }
}

/// A shell that outlives us by a moment: when our end of its input closes before we let go (we
/// were interrupted or killed), it kills the group, which a terminal's Ctrl-C does not reach.
struct Lifeline(Child);

impl Lifeline {
    fn hold(group: u32) -> Option<Self> {
        let mut command = Command::new("sh");
        command.args([
            "-c",
            "trap '' HUP INT TERM; read -r _; kill -s KILL -- \"-$1\"",
            "lifeline",
        ]);
        command.arg(group.to_string()).process_group(0);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.spawn().ok().map(Self)
    }

    fn let_go(mut self) {
        // Killed before its input closes, it does nothing; both fail only if it has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait(child: &mut Child, limit: Duration) -> io::Result<Ending> {
    let started = now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(ending(status));
        }
        if started.elapsed() >= limit {
            kill_group(child.id());
            child.wait()?;
            return Ok(Ending::TookTooLong);
        }
        std::thread::sleep(POLL);
    }
}

fn ending(status: ExitStatus) -> Ending {
    match (status.code(), status.signal()) {
        (Some(0), _) => Ending::Well,
        (Some(code), _) => Ending::Code(code),
        (None, signal) => Ending::Signal(signal.unwrap_or_default()),
    }
}

/// Kills a process group by its id; a group that is gone already is no concern.
fn kill_group(group: u32) {
    let _ = Command::new("sh")
        .args(["-c", "kill -s KILL -- \"-$1\"", "kill"])
        .arg(group.to_string())
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

/// Copies a program's output to ours, line by line, until it closes; returns the lines to keep.
fn relay(output: PipeReader, keep: fn(&str) -> bool) -> Vec<String> {
    let mut reader = BufReader::new(output);
    let mut kept = Vec::new();
    let mut line = Vec::new();
    while reader
        .read_until(b'\n', &mut line)
        .is_ok_and(|length| length > 0)
    {
        // Our own output may be closed (`| head`); the program is still read to its end.
        let mut ours = io::stdout().lock();
        let _ = ours.write_all(&line).and_then(|()| ours.flush());
        let text = String::from_utf8_lossy(&line);
        if kept.len() < KEPT_LINES_MAX && keep(text.trim_end()) {
            kept.push(text.trim_end().to_owned());
        }
        line.clear();
    }
    kept
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a step of a chore took; nothing to pause"
)]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command};
    use std::time::Duration;

    use super::{Ending, Job, Lifeline, kill_group};

    fn shell(script: &str, limit: Duration) -> Job {
        Job {
            program: "sh".into(),
            shown_as: "sh",
            arguments: vec!["-c".into(), script.into()],
            variables: vec![("GREETING", "hello".into())],
            folder: "/".into(),
            limit,
            keep: |line| line.starts_with("keep"),
        }
    }

    #[test]
    fn the_kept_lines_and_the_exit_code_come_back() {
        let job = shell(
            "echo no; echo \"keep $GREETING\"; exit 3",
            Duration::from_secs(60),
        );
        let outcome = job.run().expect("sh starts");
        assert_eq!(outcome.ending, Ending::Code(3));
        assert_eq!(outcome.kept, ["keep hello"]);
    }

    #[test]
    fn a_program_past_its_limit_is_killed_with_its_children() {
        let script = "sleep 600 & echo \"keep $!\"; wait";
        let outcome = shell(script, Duration::from_secs(1))
            .run()
            .expect("sh starts");
        assert_eq!(outcome.ending, Ending::TookTooLong);
        let pid = outcome.kept[0].trim_start_matches("keep ").to_owned();
        assert!(is_gone(&pid), "the child {pid} lives on");
    }

    #[test]
    fn a_child_left_behind_is_killed_when_the_program_ends() {
        let script = "sleep 600 & echo \"keep $!\"";
        let outcome = shell(script, Duration::from_secs(60))
            .run()
            .expect("sh starts");
        assert_eq!(outcome.ending, Ending::Well);
        let pid = outcome.kept[0].trim_start_matches("keep ").to_owned();
        assert!(is_gone(&pid), "the child {pid} lives on");
    }

    #[test]
    fn a_group_whose_keeper_is_gone_is_killed() {
        let mut child = sleeper();
        let mut lifeline = Lifeline::hold(child.id()).expect("sh starts");
        // What the system does with our end of the pipe when we are killed.
        drop(lifeline.0.stdin.take());
        let pid = child.id().to_string();
        assert!(is_gone(&pid), "the program {pid} lives on");
        child.wait().expect("it has ended");
        lifeline.let_go();
    }

    #[test]
    fn a_group_whose_lifeline_was_let_go_lives_on() {
        let mut child = sleeper();
        Lifeline::hold(child.id()).expect("sh starts").let_go();
        assert!(
            child.try_wait().expect("it can be asked").is_none(),
            "it was killed"
        );
        kill_group(child.id());
        child.wait().expect("it has ended");
    }

    fn sleeper() -> Child {
        Command::new("sleep")
            .arg("600")
            .process_group(0)
            .spawn()
            .expect("sleep starts")
    }

    #[test]
    fn a_program_that_is_not_there_is_told_in_a_sentence() {
        let mut job = shell("", Duration::from_secs(60));
        job.program = "no-such-program-was-ever-built".into();
        let Err(sentence) = job.run() else {
            panic!("it started")
        };
        assert!(sentence.starts_with("can't start `sh -c"), "{sentence}");
    }

    /// Dead, or dead and not yet reaped by whoever adopted it.
    fn is_gone(pid: &str) -> bool {
        (0..100).any(|_| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            let gone = stat.is_empty() || stat.contains(") Z ");
            if !gone {
                std::thread::sleep(Duration::from_millis(50));
            }
            gone
        })
    }
}
