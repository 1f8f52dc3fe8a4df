//! The stream of changes from a keeper to its node.
//!
//! Owns the one queue between them. Bounded by `changes_max`; when it is full, what would change
//! state waits before it does, so that no change happens that could not be told.

use tokio::sync::mpsc;

use crate::port::Change;

/// What changed, in the order in which the keeper learned it. One consumer; keep reading it, or
/// entering and leaving come to a halt.
#[derive(Debug)]
pub struct Changes {
    queue: mpsc::Receiver<Change>,
}

impl Changes {
    /// Whether none waits now.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Waits for the next change. `None` when the keeper is gone. Safe to cancel.
    pub async fn next(&mut self) -> Option<Change> {
        self.queue.recv().await
    }
}

/// The keeper's end of the queue.
#[derive(Debug, Clone)]
pub(crate) struct Teller {
    queue: mpsc::Sender<Change>,
}

/// A place in the queue, taken before state is changed. One that is not used is given back.
#[derive(Debug)]
pub(crate) struct Seat<'a>(Option<mpsc::Permit<'a, Change>>);

/// Both ends of a queue that holds `changes_max`.
pub(crate) fn channel(changes_max: usize) -> (Teller, Changes) {
    let (sender, receiver) = mpsc::channel(changes_max);
    (Teller { queue: sender }, Changes { queue: receiver })
}

impl Teller {
    /// Waits for a place. If nobody listens any more, what is told there is told to nobody.
    pub(crate) async fn seat(&self) -> Seat<'_> {
        Seat(self.queue.reserve().await.ok())
    }
}

impl Seat<'_> {
    /// Tells a change; never waits.
    pub(crate) fn tell(self, change: Change) {
        if let Some(permit) = self.0 {
            permit.send(change);
        }
    }
}
