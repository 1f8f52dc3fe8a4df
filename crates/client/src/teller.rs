//! Tells events to the caller, who may be slow, and may be gone.
//!
//! Keeps true: order; and that what waits here is bounded by whoever asks [`Teller::is_behind`]
//! before it makes more: what one read of the socket gave, and what happens to one connection.

use std::collections::VecDeque;
use std::future::pending;

use tokio::sync::mpsc;

use crate::event::Event;

#[derive(Debug)]
pub(crate) struct Teller {
    /// `None` when nobody listens.
    events: Option<mpsc::Sender<Event>>,
    untold: VecDeque<Event>,
}

impl Teller {
    pub(crate) fn new(events: mpsc::Sender<Event>) -> Self {
        Self {
            events: Some(events),
            untold: VecDeque::new(),
        }
    }

    /// Tells, now if there is room, or as [`Teller::progress`] is made.
    pub(crate) fn tell(&mut self, event: Event) {
        let Some(events) = &self.events else {
            return;
        };
        if self.is_behind() {
            self.untold.push_back(event);
            return;
        }
        match events.try_send(event) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(event)) => self.untold.push_back(event),
            Err(mpsc::error::TrySendError::Closed(_)) => self.events = None,
        }
    }

    /// Whether the caller has no room for what it has not been told.
    pub(crate) fn is_behind(&self) -> bool {
        !self.untold.is_empty()
    }

    /// Whether nobody listens.
    pub(crate) fn is_unheard(&self) -> bool {
        self.events.is_none()
    }

    /// Returns when an event was told, or when it shows that nobody listens any more. May be
    /// dropped while it waits.
    pub(crate) async fn progress(&mut self) {
        let Some(events) = &self.events else {
            return pending().await;
        };
        if self.untold.is_empty() {
            events.closed().await;
        } else if let Ok(room) = events.reserve().await {
            if let Some(event) = self.untold.pop_front() {
                room.send(event);
            }
            return;
        }
        self.events = None;
        self.untold.clear();
    }

    /// Tells what is left and `last`, for as long as somebody listens.
    pub(crate) async fn finish(mut self, last: Event) {
        self.tell(last);
        while self.is_behind() {
            self.progress().await;
        }
    }
}
