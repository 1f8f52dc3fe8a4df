//! The faults of a run as they happen: done at their times, noted before they begin, told to the run.

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout_at};

use crate::fault::Fault;
use crate::ledger::record::Record;
use crate::ledger::writer::Ledger;
use crate::stage::Stage;

/// What became of a fault.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Happening {
    /// The fault with this number in the plan begins.
    Begins(usize),
    /// It is over.
    Ended(usize),
    /// It could not be done, or undone.
    Failed(usize, String),
    /// All are over.
    AllOver,
}

/// One moment of a plan.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Moment {
    at: Duration,
    /// Ends come before beginnings of the same time.
    begins: bool,
    fault: usize,
}

fn moments(faults: &[Fault]) -> Vec<Moment> {
    let mut moments = Vec::new();
    for (index, fault) in faults.iter().enumerate() {
        for (at, begins) in [(fault.at, true), (fault.at + fault.lasts, false)] {
            // What lasts no time at all ends behind its beginning.
            let at = if begins || !fault.lasts.is_zero() {
                at
            } else {
                at + Duration::from_nanos(1)
            };
            let fault = index;
            moments.push(Moment { at, begins, fault });
        }
    }
    moments.sort();
    moments
}

/// Does the faults of a plan that begins now, and gives the stage back. Once the run is stopped none begins,
/// and those that are on end at once.
pub(super) async fn happen(
    faults: Vec<Fault>,
    mut stage: Stage,
    pids: watch::Sender<Vec<(String, u32)>>,
    ledger: Ledger,
    mut stop: watch::Receiver<u32>,
    to: mpsc::Sender<Happening>,
) -> Stage {
    let plan_began = Instant::now();
    let mut has_begun = vec![false; faults.len()];
    for moment in moments(&faults) {
        let index = moment.fault;
        let fault = &faults[index];
        let stopped = stop.wait_for(|asked| *asked > 0);
        let is_stopped = timeout_at(plan_began + moment.at, stopped).await.is_ok();
        if (is_stopped && moment.begins) || !(moment.begins || has_begun[index]) {
            continue;
        }
        has_begun[index] = true;
        let number = index as u32;
        let done = if moment.begins {
            let name = ledger.name(&fault.name);
            let cost = fault.cost();
            let record = Record::FaultBegan {
                fault: number,
                name,
                cost,
            };
            ledger.note(ledger.clock().now_us(), &record);
            // The run may have been given up; then nobody listens, and what was begun is still ended.
            let _ = to.send(Happening::Begins(index)).await;
            if fault.is_of_the_load() {
                Ok(())
            } else {
                stage.begin(&fault.deed).await
            }
        } else {
            let done = if fault.is_of_the_load() {
                Ok(())
            } else {
                stage.end(&fault.deed).await
            };
            // Noted first: whoever is told looks at the ledger's times.
            let ended = Record::FaultEnded { fault: number };
            ledger.note(ledger.clock().now_us(), &ended);
            let _ = to.send(Happening::Ended(index)).await;
            done
        };
        pids.send_replace(stage.processes());
        if let Err(why) = done {
            let _ = to.send(Happening::Failed(index, why.to_string())).await;
        }
    }
    let _ = to.send(Happening::AllOver).await;
    stage
}

#[cfg(test)]
mod tests {
    use super::moments;
    use crate::fault::Fault;

    #[test]
    fn faults_begin_and_end_in_the_order_of_their_times() {
        let fault = |text: &str| text.parse::<Fault>().unwrap();
        let plan = [
            fault("stop:a@3s+2s"),
            fault("cut-feed@4s"),
            fault("kill:b@5s+1s"),
        ];
        let order: Vec<(usize, bool)> =
            moments(&plan).iter().map(|m| (m.fault, m.begins)).collect();
        assert_eq!(
            order,
            [
                (0, true),
                (1, true),
                (1, false),
                (0, false),
                (2, true),
                (2, false)
            ]
        );
    }
}
