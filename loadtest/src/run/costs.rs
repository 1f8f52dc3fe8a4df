//! What the servers' processes cost, read from the kernel's books.
//!
//! Keeps true: a process that was started anew under its name goes on in the same row. Where the books
//! can't be read (another machine, another system), there is nothing to tell.

use std::collections::BTreeMap;

use crate::outcome::ServerCost;

/// Length of a tick of the kernel's books, in µs: 100 a second on every Linux since 2.4 (man 5 proc).
const TICK_US: u64 = 10_000;

/// Begins the names of the processes that make the load.
pub(super) const LOAD: &str = "load-";

/// What was read of one process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Reading {
    cpu_us: u64,
    resident_bytes: u64,
}

#[derive(Default)]
struct Watched {
    pid: u32,
    last: Option<Reading>,
    /// Of the stretch that is counted.
    cpu_us: u64,
    idle_bytes: Option<u64>,
    peak_bytes: u64,
    bytes_per_session: Option<u64>,
    /// Resident memory, a reading a look, while people talk.
    talking: Vec<u64>,
}

impl Watched {
    fn take(&mut self, pid: u32, now: Reading, counts: bool) {
        if self.pid != pid {
            // One that was started anew has spent all of its time for us.
            let reborn = self.last.map(|_| Reading {
                cpu_us: 0,
                resident_bytes: 0,
            });
            (self.pid, self.last) = (pid, reborn);
        }
        if let (Some(last), true) = (self.last, counts) {
            self.cpu_us += now.cpu_us.saturating_sub(last.cpu_us);
            self.talking.push(now.resident_bytes);
        }
        self.last = Some(now);
        self.idle_bytes.get_or_insert(now.resident_bytes);
        self.peak_bytes = self.peak_bytes.max(now.resident_bytes);
    }
}

/// All processes that are watched.
#[derive(Default)]
pub(super) struct Costs {
    servers: BTreeMap<String, Watched>,
    counts: bool,
}

impl Costs {
    /// From now on time on the processors counts: people talk.
    pub(super) fn begin(&mut self) {
        self.counts = true;
    }

    /// From now on it doesn't.
    pub(super) fn end(&mut self) {
        self.counts = false;
    }

    /// Looks at the processes with these names.
    pub(super) fn look(&mut self, processes: &[(String, u32)]) {
        for (name, pid) in processes {
            let watched = self.servers.entry(name.clone()).or_default();
            if let Some(now) = read(*pid) {
                watched.take(*pid, now, self.counts);
            }
        }
    }

    /// All clients are in, and nobody has talked: so many sessions on each node.
    pub(super) fn all_in(&mut self, open: &BTreeMap<String, u64>) {
        for (name, watched) in &mut self.servers {
            let sessions = open.get(name).copied().unwrap_or(0);
            if let (Some(now), Some(idle)) = (watched.last, watched.idle_bytes)
                && sessions > 0
            {
                let more = now.resident_bytes.saturating_sub(idle);
                watched.bytes_per_session = Some(more / sessions);
            }
        }
    }

    /// How much higher resident memory was in the last quarter of the talk than in the second, as the
    /// largest factor of any server. None where there are too few looks.
    pub(super) fn growth(&self) -> Option<f64> {
        let growth = |watched: &Watched| {
            let quarter = watched.talking.len() / 4;
            let early = watched.talking.get(quarter..2 * quarter)?;
            let late = watched.talking.get(3 * quarter..)?;
            let mean = |some: &[u64]| some.iter().sum::<u64>() as f64 / some.len() as f64;
            (quarter > 0).then(|| mean(late) / mean(early))
        };
        let servers = self.servers.iter();
        let servers = servers.filter(|(name, _)| !name.starts_with(LOAD));
        servers
            .filter_map(|(_, watched)| growth(watched))
            .reduce(f64::max)
    }

    pub(super) fn outcome(&self, delivered: u64) -> Vec<ServerCost> {
        let cost = |(name, watched): (&String, &Watched)| ServerCost {
            name: name.clone(),
            pid: watched.pid,
            cpu_us: watched.cpu_us,
            cpu_ns_per_delivery: (watched.cpu_us * 1_000).checked_div(delivered),
            idle_bytes: watched.idle_bytes.unwrap_or(0),
            peak_bytes: watched.peak_bytes,
            bytes_per_session: watched.bytes_per_session,
        };
        let seen = self.servers.iter().filter(|(_, one)| one.peak_bytes > 0);
        seen.map(cost).collect()
    }
}

fn read(pid: u32) -> Option<Reading> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    reading(&stat, &status)
}

fn reading(stat: &str, status: &str) -> Option<Reading> {
    // The name, in parentheses, may hold anything; fields 14 and 15 are user and system time.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11);
    let mut ticks = || times.next()?.parse::<u64>().ok();
    let cpu_us = (ticks()? + ticks()?) * TICK_US;
    let resident = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = resident.split_whitespace().next()?.parse().ok()?;
    Some(Reading {
        cpu_us,
        resident_bytes: kib * 1_024,
    })
}

#[cfg(test)]
mod tests {
    use super::{Costs, Reading, Watched, reading};

    #[test]
    fn the_books_are_read_whatever_the_program_is_called() {
        let stat = "7 (a) 9 (b) S 1 7 7 0 -1 4194560 1 0 0 0 150 50 0 0 20 0 5 0 1 2 3";
        let status = "Name:\ta\nVmRSS:\t  2048 kB\nThreads:\t3\n";
        let expected = Reading {
            cpu_us: 2_000_000,
            resident_bytes: 2 << 20,
        };
        assert_eq!(reading(stat, status), Some(expected));
        assert_eq!(reading("", status), None);
    }

    #[test]
    fn a_process_that_is_started_anew_is_charged_from_its_birth() {
        let at = |cpu_us| Reading {
            cpu_us,
            resident_bytes: 1,
        };
        let mut watched = Watched::default();
        for (pid, cpu_us, counts) in [
            (7, 500, false),
            (7, 600, true),
            (8, 50, true),
            (8, 70, true),
        ] {
            watched.take(pid, at(cpu_us), counts);
        }
        assert_eq!(watched.cpu_us, 100 + 70);
    }

    #[test]
    fn our_own_process_is_there_and_one_that_is_gone_has_no_row() {
        let mut costs = Costs::default();
        costs.look(&[("me".into(), std::process::id()), ("gone".into(), u32::MAX)]);
        costs.all_in(&[("me".to_owned(), 10)].into());
        let outcome = costs.outcome(0);
        assert_eq!(outcome.len(), 1);
        assert!(outcome[0].peak_bytes > 0 && outcome[0].bytes_per_session == Some(0));
        assert_eq!(outcome[0].cpu_ns_per_delivery, None);
    }
}
