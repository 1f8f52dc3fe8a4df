//! Leads a run through its phases: tells the processes what comes next, takes in what they tell, and
//! waits, never for ever.
//!
//! Keeps true: nobody is told to rest before everything that was said is answered and all is calm, or
//! patience is at its end; then the run goes on, and the audit says what it lacks.

use std::io;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, Interval, interval_at, sleep_until};

use super::error::RunError;
use super::figures::{Figures, Stretch};
use super::fleet::Fleet;
use super::happenings::{Happening, happen};
use super::stopping::interruptions;
use super::told::Told;
use crate::ledger::writer::Ledger;
use crate::live::{Snapshot, Watcher};
use crate::outcome::StepOutcome;
use crate::script::{Script, Talk};
use crate::stage::Stage;
use crate::worker::cue::{Cue, Stage as Part};
use crate::worker::orders::Report;

/// After a step of `saturate` has begun, what comes in still belongs to the one before.
const STEP_WARM: Duration = Duration::from_secs(1);
/// How old news is, at the most.
const NEWS: Duration = Duration::from_secs(1);
/// Between the end of the talk and the first look at who waits for an ack.
const HUSH: Duration = Duration::from_secs(2);
/// Faults that may wait to be looked at.
const HAPPENINGS_MAX: usize = 64;

/// Leads one run.
pub(super) struct Lead<'a> {
    pub(super) script: &'a Script,
    fleet: Fleet,
    pub(super) ledger: Ledger,
    processes: u32,
    watcher: &'a mut dyn Watcher,
    pub(super) told: Told,
    cue: Cue,
    phase: &'static str,
    second: Interval,
    pids: watch::Receiver<Vec<(String, u32)>>,
    pub(super) happenings: Option<mpsc::Receiver<Happening>>,
    doing: Option<JoinHandle<Stage>>,
    /// Faults that are on, by their number in the plan.
    pub(super) on: Vec<usize>,
    /// How often somebody asked to stop: once ends the talk, twice the run.
    stop: watch::Receiver<u32>,
}

impl<'a> Lead<'a> {
    pub(super) fn new(
        script: &'a Script,
        fleet: Fleet,
        ledger: Ledger,
        processes: u32,
        watcher: &'a mut dyn Watcher,
    ) -> Self {
        // Seconds are told by their number: one that is looked at late is still that second.
        let a_second = Duration::from_secs(1);
        let second = interval_at(Instant::now() + a_second, a_second);
        Self {
            script,
            fleet,
            ledger,
            processes,
            watcher,
            told: Told::default(),
            cue: Cue::default(),
            phase: "starting",
            second,
            pids: watch::channel(Vec::new()).1,
            happenings: None,
            doing: None,
            on: Vec::new(),
            stop: interruptions(),
        }
    }

    /// Plays the script; the stage, if it is still there.
    pub(super) async fn play(&mut self, stage: Stage) -> (Option<Stage>, Result<(), RunError>) {
        let (pids, seen) = watch::channel(stage.processes());
        self.pids = seen;
        let mut stage = Some(stage);
        let result = self.phases(&mut stage, pids).await;
        // A run that was given up leaves faults half done; the stage goes with them.
        if let (Some(doing), Err(_)) = (&self.doing, &result) {
            doing.abort();
        }
        if let Some(doing) = self.doing.take() {
            stage = doing.await.ok();
        }
        (stage, result)
    }

    async fn phases(
        &mut self,
        stage: &mut Option<Stage>,
        pids: watch::Sender<Vec<(String, u32)>>,
    ) -> Result<(), RunError> {
        let load = &self.script.load;
        let connecting = load.clients / load.connects_per_second.max(1);
        let patience = self.script.patience + Duration::from_secs(u64::from(connecting));
        self.begin("connecting");
        self.look();
        let all = load.clients;
        if !self
            .until(patience, |figures| figures.settled() >= all)
            .await?
        {
            return Err(self.in_vain("all clients are in their rooms", patience));
        }
        self.begin("all in, idle");
        self.wait_unless_stopped(self.script.idle).await?;
        if self.is_stopped() {
            return Err(RunError::Stopped);
        }
        self.look();
        let mut open = self.told.figures.open_by_node();
        let share = u64::from(all / self.processes.max(1));
        let own = self.fleet.processes().into_iter();
        open.extend(own.map(|(name, _)| (name, share)));
        self.told.costs.all_in(&open);
        self.talk(stage, pids).await?;
        self.hush().await?;
        self.begin("looking up");
        self.tell(|cue| cue.stage = Part::Resting).await?;
        self.until(self.script.patience * 2, |figures| figures.restless() == 0)
            .await?;
        self.told.settled = self.told.figures.settled();
        self.told.restless = self.told.figures.restless();
        self.begin("closing");
        self.tell(|cue| cue.stage = Part::Closing).await?;
        let until = Instant::now() + self.script.patience;
        while !self.fleet.has_closed() {
            if !self.step(until).await? {
                return Err(self.in_vain("all ledgers are closed", self.script.patience));
            }
        }
        self.told.took_us = self.ledger.clock().now_us();
        self.told.figures.end_second();
        Ok(())
    }

    async fn talk(
        &mut self,
        stage: &mut Option<Stage>,
        pids: watch::Sender<Vec<(String, u32)>>,
    ) -> Result<(), RunError> {
        self.begin("talking");
        self.look();
        self.told.costs.begin();
        self.told.figures.stretch = Stretch::default();
        self.tell(|cue| cue.stage = Part::Talking).await?;
        if !self.script.faults.is_empty()
            && let Some(stage) = stage.take()
        {
            let (to, happenings) = mpsc::channel(HAPPENINGS_MAX);
            let faults = self.script.faults.clone();
            let stop = self.stop.clone();
            let doing = happen(faults, stage, pids, self.ledger.clone(), stop, to);
            self.doing = Some(tokio::spawn(doing));
            self.happenings = Some(happenings);
        }
        match self.script.talk {
            // What goes wrong late prolongs the talk.
            Talk::For(_) => self.wait_unless_stopped(self.script.talk_max()).await?,
            Talk::Steps { .. } => self.steps().await?,
        }
        let until = Instant::now() + self.script.patience;
        while self.happenings.is_some() {
            if !self.step(until).await? {
                return Err(self.in_vain("all faults are over", self.script.patience));
            }
        }
        Ok(())
    }

    /// Rates that rise until one can't be kept.
    async fn steps(&mut self) -> Result<(), RunError> {
        let Talk::Steps {
            factor,
            each,
            p99_us_max,
            steps_max,
        } = self.script.talk
        else {
            return Ok(());
        };
        for step in 0..steps_max {
            let pace = factor.powi(step as i32);
            self.tell(|cue| cue.pace = pace).await?;
            self.wait(STEP_WARM).await?;
            self.told.figures.stretch = Stretch::default();
            let began = Instant::now();
            self.wait_unless_stopped(each.saturating_sub(STEP_WARM))
                .await?;
            let took_s = began.elapsed().as_secs_f64();
            let stretch = std::mem::take(&mut self.told.figures.stretch);
            let a_second = |count: u64| (count as f64 / took_s) as u64;
            let (due, acked) = (stretch.counted.due, stretch.counted.acked);
            let p99_us = stretch.quantile_us(0.99);
            let is_silent = due > 0 && stretch.counted.delivered == 0;
            // A twentieth may be on its way.
            let is_kept = !is_silent && p99_us <= p99_us_max && acked * 20 >= due * 19;
            self.told.steps.push(StepOutcome {
                rate: a_second(due),
                acked: a_second(acked),
                delivered: a_second(stretch.counted.delivered),
                p50_us: stretch.quantile_us(0.5),
                p99_us,
                is_kept,
            });
            if !is_kept || self.is_stopped() {
                break;
            }
        }
        Ok(())
    }

    /// Nothing new is said; what was said is answered, and everybody settles.
    async fn hush(&mut self) -> Result<(), RunError> {
        self.told.hushed_us = self.ledger.clock().now_us();
        self.begin("waiting for acks");
        self.tell(|cue| (cue.stage, cue.pace) = (Part::Hushed, 1.0))
            .await?;
        // News of what was still said comes first.
        self.wait(HUSH).await?;
        let all = self.script.load.clients;
        self.until(self.script.patience, |figures| {
            figures.waiting() == 0 && figures.settled() >= all
        })
        .await?;
        // No fault is on any more: the talk lasts as long as they do.
        let now_us = self.ledger.clock().now_us();
        self.told.calm_ms = now_us.saturating_sub(self.told.hushed_us) / 1_000;
        // What is still delivered behind the talk is counted with it, and so must be what it costs.
        self.look();
        self.told.costs.end();
        self.begin("settling");
        self.wait(self.script.settle + NEWS).await
    }

    /// What the run came to. Called once it has been played.
    pub(super) fn told(self) -> Told {
        self.told
    }

    fn begin(&mut self, phase: &'static str) {
        self.phase = phase;
        self.show();
    }

    pub(super) async fn tell(&mut self, change: impl FnOnce(&mut Cue)) -> io::Result<()> {
        change(&mut self.cue);
        self.fleet.cue(self.cue).await
    }

    async fn wait(&mut self, time: Duration) -> Result<(), RunError> {
        let until = Instant::now() + time;
        while self.step(until).await? {}
        Ok(())
    }

    async fn wait_unless_stopped(&mut self, time: Duration) -> Result<(), RunError> {
        let until = Instant::now() + time;
        while !self.is_stopped() && self.step(until).await? {}
        Ok(())
    }

    fn is_stopped(&self) -> bool {
        *self.stop.borrow() > 0
    }

    /// Waits until something holds; whether it did in time, and can at all.
    async fn until(
        &mut self,
        patience: Duration,
        holds: impl Fn(&Figures) -> bool,
    ) -> Result<bool, RunError> {
        let until = Instant::now() + patience;
        let has_heard = |lead: &Self| lead.told.figures.has_heard(lead.processes);
        while !(has_heard(self) && holds(&self.told.figures)) {
            let is_anybody_left = self.told.figures.gone < self.script.load.clients;
            if !is_anybody_left || !self.step(until).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Takes in the next thing that happens; whether something did before `until`.
    async fn step(&mut self, until: Instant) -> Result<bool, RunError> {
        let happening = async {
            match &mut self.happenings {
                Some(happenings) => happenings.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = sleep_until(until) => return Ok(false),
            asked = self.stop.changed() => {
                if asked.is_err() || *self.stop.borrow_and_update() > 1 {
                    return Err(RunError::Stopped);
                }
            }
            happening = happening => self.take_happening(happening).await?,
            _ = self.second.tick() => {
                self.look();
                self.told.figures.end_second();
                self.show();
            }
            report = self.fleet.next(), if !self.fleet.has_closed() => match report? {
                (process, Report::News(news)) => self.told.figures.add(process, *news),
                (_, Report::Began | Report::Closed) => {}
            },
        }
        Ok(true)
    }

    /// Reads the books of all processes, ours among them.
    fn look(&mut self) {
        let mut processes = self.pids.borrow().clone();
        processes.extend(self.fleet.processes());
        self.told.costs.look(&processes);
    }

    pub(super) fn show(&mut self) {
        let figures = &self.told.figures;
        let nothing = Default::default();
        let second = figures.seconds.last().unwrap_or(&nothing);
        let fault = self.on.last().map(|on| &*self.script.faults[*on].name);
        let script = self.script;
        let planned = script.idle + script.talk_max() + HUSH + script.settle + NEWS;
        self.watcher.saw(&Snapshot {
            phase: self.phase,
            elapsed_ms: self.ledger.clock().now_us() / 1_000,
            planned_ms: u64::try_from(planned.as_millis()).ok(),
            clients: script.load.clients,
            second,
            totals: &figures.totals,
            p50_us: second.p50_us,
            p99_us: second.p99_us,
            fault,
            history: &figures.seconds,
        });
    }

    fn in_vain(&self, what: &str, patience: Duration) -> RunError {
        let figures = &self.told.figures;
        let (settled, all) = (figures.settled(), self.script.load.clients);
        let totals = &figures.totals;
        let mut seen = format!(
            "{settled} of {all} clients are in all their rooms, {} attempts to connect and {} requests were refused",
            totals.turned_away, totals.refused
        );
        let rebuff = figures.rebuff.iter();
        let rebuff = rebuff.map(|why| format!("the last attempt: {why}"));
        for why in figures.stopped.iter().cloned().chain(rebuff) {
            seen.push_str("\n  ");
            seen.push_str(&why);
        }
        RunError::InVain {
            what: what.into(),
            seen,
            patience,
        }
    }
}
