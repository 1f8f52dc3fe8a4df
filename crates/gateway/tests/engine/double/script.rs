//! What the double is told to do, and for how often. Nothing is forgotten and nothing expires by
//! itself: a script line holds until it is used up or taken back.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use roomcast_broker::BrokerError;
use tokio::time::sleep;

use super::Gate;

/// How the feed behaves: one in so many, 0 for never.
#[derive(Clone, Copy, Default)]
pub(crate) struct FeedPlan {
    /// Messages lost.
    pub(crate) drop_one_in: u32,
    /// Messages told twice.
    pub(crate) double_one_in: u32,
    /// The longest a message waits before it is told, in milliseconds; order is kept.
    pub(crate) delay_ms: u64,
}

/// The double's script.
pub(crate) struct Script {
    lines: Mutex<Lines>,
    /// Shut: answers to reads wait, holding what the log had when it was asked.
    pub(crate) read_answers: Gate,
    /// Shut: what the feed has to tell waits.
    pub(crate) feed: Gate,
    /// Shut: publishing waits before it happens.
    pub(crate) publishes: Gate,
    /// Shut: publishing has happened, and its answer waits.
    pub(crate) publish_answers: Gate,
    /// Shut: subscribing waits.
    pub(crate) subscribes: Gate,
    /// Shut: unsubscribing waits.
    pub(crate) unsubscribes: Gate,
}

struct Lines {
    rng: StdRng,
    feed: FeedPlan,
    read_delay_ms: u64,
    signal_delay_ms: u64,
    failing_reads: Vec<BrokerError>,
    failing_subscribes: u32,
    lost_publish_answers: u32,
    reads_are_down: bool,
    held_read: Option<Arc<Gate>>,
    about_inboxes: bool,
}

impl Script {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            lines: Mutex::new(Lines {
                rng: StdRng::seed_from_u64(seed),
                feed: FeedPlan::default(),
                read_delay_ms: 0,
                signal_delay_ms: 0,
                failing_reads: Vec::new(),
                failing_subscribes: 0,
                lost_publish_answers: 0,
                reads_are_down: false,
                held_read: None,
                about_inboxes: false,
            }),
            read_answers: Gate::open(),
            feed: Gate::open(),
            publishes: Gate::open(),
            publish_answers: Gate::open(),
            subscribes: Gate::open(),
            unsubscribes: Gate::open(),
        }
    }

    pub(crate) fn plan_feed(&self, plan: FeedPlan) {
        self.lines.lock().feed = plan;
    }

    /// The script is about inboxes too.
    pub(crate) fn concerns_inboxes(&self) {
        self.lines.lock().about_inboxes = true;
    }

    pub(super) fn is_about_inboxes(&self) -> bool {
        self.lines.lock().about_inboxes
    }

    /// The next reads fail as if the back end were away.
    pub(crate) fn fail_reads(&self, times: usize) {
        let away = BrokerError::Unavailable("scripted".into());
        self.lines.lock().failing_reads = vec![away; times];
    }

    /// The next reads meet an entry that can't be read.
    pub(crate) fn corrupt_reads(&self, times: usize) {
        let corrupt = BrokerError::Corrupt("scripted".into());
        self.lines.lock().failing_reads = vec![corrupt; times];
    }

    /// All reads fail until this is taken back.
    pub(crate) fn reads_are_down(&self, down: bool) {
        self.lines.lock().reads_are_down = down;
    }

    /// The answer to the next read waits, holding what the log had when it was asked, until the
    /// gate is released.
    pub(crate) fn hold_next_read(&self) -> Arc<Gate> {
        let gate = Arc::new(Gate::open());
        gate.shut();
        self.lines.lock().held_read = Some(gate.clone());
        gate
    }

    /// The longest an answer to a read takes, drawn anew for each.
    pub(crate) fn slow_reads(&self, delay_ms: u64) {
        self.lines.lock().read_delay_ms = delay_ms;
    }

    /// How long a signal takes.
    pub(crate) fn slow_signals(&self, delay_ms: u64) {
        self.lines.lock().signal_delay_ms = delay_ms;
    }

    pub(super) async fn signal_delay(&self) {
        let delay_ms = self.lines.lock().signal_delay_ms;
        if delay_ms > 0 {
            sleep(Duration::from_millis(delay_ms)).await;
        }
    }

    /// The next subscriptions are refused.
    pub(crate) fn fail_subscribes(&self, times: u32) {
        self.lines.lock().failing_subscribes = times;
    }

    /// The next publishes happen, and their answers are lost.
    pub(crate) fn lose_publish_answers(&self, times: u32) {
        self.lines.lock().lost_publish_answers = times;
    }

    pub(super) fn may_read(&self) -> Result<(), BrokerError> {
        let mut lines = self.lines.lock();
        if lines.reads_are_down {
            return Err(BrokerError::Unavailable("scripted".into()));
        }
        lines.failing_reads.pop().map_or(Ok(()), Err)
    }

    pub(super) async fn read_delay(&self) {
        let (delay_ms, held) = {
            let mut lines = self.lines.lock();
            let most = lines.read_delay_ms;
            (lines.rng.random_range(0..=most), lines.held_read.take())
        };
        if let Some(gate) = held {
            gate.pass().await;
        }
        if delay_ms > 0 {
            sleep(Duration::from_millis(delay_ms)).await;
        }
        self.read_answers.pass().await;
    }

    pub(super) async fn may_subscribe(&self) -> Result<(), BrokerError> {
        self.subscribes.pass().await;
        let mut lines = self.lines.lock();
        if lines.failing_subscribes == 0 {
            return Ok(());
        }
        lines.failing_subscribes -= 1;
        Err(BrokerError::Unavailable("scripted".into()))
    }

    pub(super) async fn unsubscribe_delay(&self) {
        self.unsubscribes.pass().await;
    }

    pub(super) async fn before_publish(&self) -> Result<(), BrokerError> {
        self.publishes.pass().await;
        Ok(())
    }

    pub(super) async fn after_publish(&self) -> Result<(), BrokerError> {
        self.publish_answers.pass().await;
        let mut lines = self.lines.lock();
        if lines.lost_publish_answers == 0 {
            return Ok(());
        }
        lines.lost_publish_answers -= 1;
        Err(BrokerError::Unavailable("scripted: no answer".into()))
    }

    /// How often the next message is told, and after how long.
    pub(super) fn draw(&self) -> (u32, Duration) {
        let mut lines = self.lines.lock();
        let plan = lines.feed;
        let mut one_in = |n: u32| n > 0 && lines.rng.random_range(0..n) == 0;
        let times = match (one_in(plan.drop_one_in), one_in(plan.double_one_in)) {
            (true, _) => 0,
            (false, true) => 2,
            (false, false) => 1,
        };
        let delay_ms = lines.rng.random_range(0..=plan.delay_ms);
        (times, Duration::from_millis(delay_ms))
    }
}
