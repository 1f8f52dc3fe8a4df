//! A program that works behind others: started, waited for until it says that it is ready, and
//! ended with us.
//!
//! Keeps true: its group is killed, by its id, when the value is dropped, and when we ourselves
//! are interrupted. Its output is read to the end and thrown away, but for the line waited for.

use std::io::{self, BufRead, BufReader, PipeReader};
use std::process::Child;
use std::sync::mpsc::{self, SyncSender};

use super::{Job, Lifeline, kill_group};

/// A program that runs until this is dropped.
pub(crate) struct Background {
    child: Child,
    lifeline: Option<Lifeline>,
}

impl Background {
    /// Starts the job, and waits up to its limit for the first line that it keeps.
    ///
    /// # Errors
    /// A sentence that says why the program could not be started, or that it has not said the
    /// line; it is then killed.
    pub(crate) fn start(job: &Job) -> Result<(Self, String), String> {
        let cannot_start = |why: io::Error| format!("can't start `{}`: {why}", job.shown());
        let (output, pipe) = io::pipe().map_err(cannot_start)?;
        let child = job.spawn(pipe).map_err(cannot_start)?;
        let lifeline = Lifeline::hold(child.id());
        let started = Self { child, lifeline };
        let (said, ready) = mpsc::sync_channel(1);
        let keep = job.keep;
        std::thread::spawn(move || listen(output, keep, said));
        match ready.recv_timeout(job.limit) {
            Ok(line) => Ok((started, line)),
            Err(_) => Err(format!(
                "`{}` did not come up; its own words are above",
                job.shown()
            )),
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        kill_group(self.child.id());
        // It fails only where the child has been waited for already.
        let _ = self.child.wait();
        if let Some(lifeline) = self.lifeline.take() {
            lifeline.let_go();
        }
    }
}

/// Reads a program's output to its end; hands on the first line to keep.
fn listen(output: PipeReader, keep: fn(&str) -> bool, said: SyncSender<String>) {
    let mut said = Some(said);
    for line in BufReader::new(output).split(b'\n') {
        let Ok(line) = line else { return };
        let line = String::from_utf8_lossy(&line);
        if said.is_some() && keep(line.trim_end()) {
            // Whoever waited may have given up.
            let _ = said
                .take()
                .map(|said| said.send(line.trim_end().to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Background;
    use crate::job::Job;

    fn shell(script: &str, limit: Duration) -> Job {
        Job {
            program: "sh".into(),
            shown_as: "sh",
            arguments: vec!["-c".into(), script.into()],
            variables: Vec::new(),
            folder: "/".into(),
            limit,
            keep: |line| line.starts_with("ready"),
        }
    }

    #[test]
    fn a_program_is_there_once_it_says_so_and_gone_once_dropped() {
        let job = shell(
            "echo no; echo \"ready $$\"; exec sleep 600",
            Duration::from_secs(60),
        );
        let (running, line) = Background::start(&job).expect("sh starts");
        let pid = line.trim_start_matches("ready ");
        let stat = format!("/proc/{pid}/stat");
        assert!(std::fs::exists(&stat).expect("it can be asked"));
        drop(running);
        assert!(
            !std::fs::exists(&stat).expect("it can be asked"),
            "{pid} lives on"
        );
    }

    #[test]
    fn a_program_that_ends_or_never_says_so_is_told_in_a_sentence() {
        for (script, limit) in [("exit 3", 60_000), ("exec sleep 600", 200)] {
            let job = shell(script, Duration::from_millis(limit));
            let Err(sentence) = Background::start(&job) else {
                panic!("it came up")
            };
            assert!(sentence.contains("did not come up"), "{sentence}");
        }
    }
}
