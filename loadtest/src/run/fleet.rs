//! The processes of a run: started, told, listened to, and ended with it.
//!
//! Keeps true: a process that ends before it has said that its ledger is written fails the run; none
//! outlives it. Several are needed where one may not open as many files as there are to be clients.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc;

use super::costs::LOAD;
use crate::load::Load;
use crate::worker::cue::Cue;
use crate::worker::orders::{Begin, Order, Report};

/// Lines that wait to be looked at; a process that finds it full waits.
const REPORTS_MAX: usize = 256;
/// The ledgers of processes are numbered from here; the run's own is 0.
const FIRST_PROCESS: u32 = 1;

/// All processes of the load.
pub(super) struct Fleet {
    crews: Vec<Crew>,
    reports: mpsc::Receiver<(usize, io::Result<Report>)>,
}

struct Crew {
    /// Killed when it is dropped.
    child: Child,
    stdin: ChildStdin,
    has_closed: bool,
}

impl Fleet {
    /// Starts `count` processes of `program` and gives each its share.
    ///
    /// # Errors
    /// A process can't be started.
    pub(super) async fn start(
        program: &Path,
        count: u32,
        load: &Load,
        run_unix_us: u64,
        directory: &Path,
    ) -> io::Result<(Self, Vec<PathBuf>)> {
        let (to, reports) = mpsc::channel(REPORTS_MAX);
        let mut crews = Vec::new();
        let mut ledgers = Vec::new();
        for share in 0..count {
            let mut child = Command::new(program)
                .arg("worker")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                // An interruption is for the lead, who lets everybody finish.
                .process_group(0)
                .kill_on_drop(true)
                .spawn()?;
            let gone = || io::Error::other("a process of the load has no pipes");
            let stdin = child.stdin.take().ok_or_else(gone)?;
            let stdout = child.stdout.take().ok_or_else(gone)?;
            tokio::spawn(listen(share as usize, stdout, to.clone()));
            let process = FIRST_PROCESS + share;
            let ledger = directory.join(format!("ledger-{process}"));
            ledgers.push(ledger.clone());
            crews.push(Crew {
                child,
                stdin,
                has_closed: false,
            });
            let begin = Begin {
                load: load.clone(),
                share,
                shares: count,
                process,
                run_unix_us,
                ledger,
            };
            let order = Order::Begin(Box::new(begin));
            tell(&mut crews[share as usize].stdin, &order).await?;
        }
        Ok((Self { crews, reports }, ledgers))
    }

    /// The processes by name and number.
    pub(super) fn processes(&self) -> Vec<(String, u32)> {
        let crews = self.crews.iter().zip(FIRST_PROCESS..);
        crews
            .filter_map(|(crew, number)| Some((format!("{LOAD}{number}"), crew.child.id()?)))
            .collect()
    }

    /// Tells all of them.
    ///
    /// # Errors
    /// One of them is gone.
    pub(super) async fn cue(&mut self, cue: Cue) -> io::Result<()> {
        for crew in self.crews.iter_mut().filter(|crew| !crew.has_closed) {
            tell(&mut crew.stdin, &Order::Cue(cue)).await?;
        }
        Ok(())
    }

    /// What one of them says next, and which. May be dropped while it waits.
    ///
    /// # Errors
    /// One of them is gone.
    pub(super) async fn next(&mut self) -> io::Result<(usize, Report)> {
        let next = self.reports.recv().await;
        let (process, report) = next.ok_or_else(|| io::Error::other("all processes are gone"))?;
        let report = report?;
        if matches!(report, Report::Closed) {
            self.crews[process].has_closed = true;
        }
        Ok((process, report))
    }

    /// Whether all have written their ledgers.
    pub(super) fn has_closed(&self) -> bool {
        self.crews.iter().all(|crew| crew.has_closed)
    }
}

/// Passes on what a process says, until it has closed.
async fn listen(
    process: usize,
    stdout: ChildStdout,
    to: mpsc::Sender<(usize, io::Result<Report>)>,
) {
    let mut lines = BufReader::new(stdout).lines();
    loop {
        let report = match lines.next_line().await {
            Ok(Some(line)) => serde_json::from_str::<Report>(&line).map_err(io::Error::other),
            Ok(None) => Err(io::Error::other(
                "a process of the load has ended before its time",
            )),
            Err(why) => Err(why),
        };
        let is_last = matches!(report, Ok(Report::Closed) | Err(_));
        if to.send((process, report)).await.is_err() || is_last {
            return;
        }
    }
}

async fn tell(stdin: &mut ChildStdin, order: &Order) -> io::Result<()> {
    let mut line = serde_json::to_string(order).map_err(io::Error::other)?;
    line.push('\n');
    stdin.write_all(line.as_bytes()).await?;
    stdin.flush().await
}
