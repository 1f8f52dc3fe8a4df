//! What is done to a process by its number: signals, and the limit of its open files.
//!
//! Keeps true: no number stands for a group of processes, for ourselves or for the first process of the
//! machine.

use std::io;

use rustix::process::{Pid, Resource, Rlimit, Signal, getpid, getrlimit, kill_process, setrlimit};

/// A signal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sign {
    /// End at once.
    Kill,
    /// End in your own time.
    Terminate,
    /// Stand still.
    Stop,
    /// Go on.
    Continue,
}

/// Limits of a process, to be given back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit(Rlimit);

/// Signals a process.
pub(crate) fn send(pid: u32, sign: Sign) -> io::Result<()> {
    let signal = match sign {
        Sign::Kill => Signal::KILL,
        Sign::Terminate => Signal::TERM,
        Sign::Stop => Signal::STOP,
        Sign::Continue => Signal::CONT,
    };
    Ok(kill_process(checked(pid)?, signal)?)
}

/// Whether a process runs. One that has ended counts as running until its parent has noticed, where the
/// machine doesn't tell them apart.
pub(crate) fn is_alive(pid: u32) -> bool {
    let Ok(checked) = checked(pid) else {
        return false;
    };
    if rustix::process::test_kill_process(checked) == Err(rustix::io::Errno::SRCH) {
        return false;
    }
    // The state stands behind the program's name, which may hold anything but ends with the last ')'.
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = (stat.rsplit_once(')')).and_then(|(_, rest)| rest.trim_start().chars().next());
    !matches!(state, Some('Z' | 'X'))
}

/// Lets a process open no more files and connections; those it has stay open. Returns what it could.
#[cfg(target_os = "linux")]
pub(crate) fn starve(pid: u32) -> io::Result<Limit> {
    let pid = checked(pid)?;
    // The hard limit must stay, for only root could raise it again.
    let now = limit_of(pid)?;
    let nothing = Rlimit {
        current: Some(0),
        maximum: now.maximum,
    };
    Ok(Limit(rustix::process::prlimit(
        Some(pid),
        Resource::Nofile,
        nothing,
    )?))
}

/// Gives a process back what it could.
#[cfg(target_os = "linux")]
pub(crate) fn feed(pid: u32, limit: Limit) -> io::Result<()> {
    rustix::process::prlimit(Some(checked(pid)?), Resource::Nofile, limit.0)?;
    Ok(())
}

/// What `/proc` says, since the call that reads a limit of another process also sets it.
#[cfg(target_os = "linux")]
fn limit_of(pid: Pid) -> io::Result<Rlimit> {
    let path = format!("/proc/{}/limits", pid.as_raw_nonzero());
    let limits = std::fs::read_to_string(path)?;
    let row = limits.lines().find(|row| row.starts_with("Max open files"));
    let mut words = row.unwrap_or_default().split_whitespace().skip(3);
    let mut word = || match words.next() {
        Some("unlimited") => Ok(None),
        word => word
            .and_then(|word| word.parse().ok())
            .map(Some)
            .ok_or_else(|| io::Error::other("its limits can't be read")),
    };
    Ok(Rlimit {
        current: word()?,
        maximum: word()?,
    })
}

/// Not on this system.
#[cfg(not(target_os = "linux"))]
pub(crate) fn starve(_pid: u32) -> io::Result<Limit> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Not on this system.
#[cfg(not(target_os = "linux"))]
pub(crate) fn feed(_pid: u32, _limit: Limit) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Lets this process, and those it starts, open as many files as the system lets it; returns how many.
pub(crate) fn raise_open_files() -> u64 {
    let now = getrlimit(Resource::Nofile);
    let all = Rlimit {
        current: now.maximum,
        maximum: now.maximum,
    };
    let given = match setrlimit(Resource::Nofile, all) {
        Ok(()) => all,
        Err(_) => now,
    };
    given.current.unwrap_or(u64::MAX)
}

fn checked(pid: u32) -> io::Result<Pid> {
    let refused = || io::Error::new(io::ErrorKind::InvalidInput, "not a process of a cluster");
    let pid = (i32::try_from(pid).ok())
        .and_then(Pid::from_raw)
        .ok_or_else(refused)?;
    if pid == getpid() || pid == Pid::INIT {
        return Err(refused());
    }
    Ok(pid)
}

#[cfg(test)]
mod tests {
    use super::{Sign, is_alive, send};

    #[test]
    fn no_signal_goes_to_groups_ourselves_or_the_first_process() {
        for pid in [0, 1, std::process::id(), u32::MAX] {
            assert!(send(pid, Sign::Continue).is_err(), "{pid}");
        }
    }

    #[test]
    fn a_process_that_has_ended_is_not_alive_even_before_its_parent_looks() {
        let mut child = std::process::Command::new("sleep")
            .arg("600")
            .spawn()
            .unwrap();
        assert!(is_alive(child.id()));
        send(child.id(), Sign::Kill).unwrap();
        while is_alive(child.id()) {
            std::thread::yield_now();
        }
        child.wait().unwrap();
        assert!(!is_alive(child.id()));
    }
}
