//! Processes that must go on, or get back what they could, whatever becomes of the run.

use std::io;

use crate::signal::{self, Limit, Sign};

/// What was done to processes and is not undone yet. Undone when dropped.
#[derive(Default)]
pub(super) struct Held {
    stopped: Vec<u32>,
    starved: Vec<(u32, Limit)>,
}

impl Held {
    /// Stops a process in its tracks.
    pub(super) fn stop(&mut self, pid: u32) -> io::Result<()> {
        signal::send(pid, Sign::Stop)?;
        self.stopped.push(pid);
        Ok(())
    }

    /// Lets a stopped process go on.
    pub(super) fn go_on(&mut self, pid: u32) -> io::Result<()> {
        self.stopped.retain(|stopped| *stopped != pid);
        signal::send(pid, Sign::Continue)
    }

    /// A process is about to be killed; another may have its number next.
    pub(super) fn forget(&mut self, pid: u32) {
        self.stopped.retain(|stopped| *stopped != pid);
        self.starved.retain(|(starved, _)| *starved != pid);
    }

    /// Lets a process open no more files.
    pub(super) fn starve(&mut self, pid: u32) -> io::Result<()> {
        if self.starved.iter().any(|(starved, _)| *starved == pid) {
            return Ok(());
        }
        let limit = signal::starve(pid)?;
        self.starved.push((pid, limit));
        Ok(())
    }

    /// Gives a starved process back what it could.
    pub(super) fn feed(&mut self, pid: u32) -> io::Result<()> {
        let place = self.starved.iter().position(|(starved, _)| *starved == pid);
        match place.map(|place| self.starved.swap_remove(place)) {
            Some((pid, limit)) => signal::feed(pid, limit),
            None => Ok(()),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Those that have ended since can't be helped.
        for pid in self.stopped.drain(..) {
            let _ = signal::send(pid, Sign::Continue);
        }
        for (pid, limit) in self.starved.drain(..) {
            let _ = signal::feed(pid, limit);
        }
    }
}
