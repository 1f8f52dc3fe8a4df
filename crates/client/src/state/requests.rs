//! Requests other than joins and messages, until they are answered.
//!
//! Each is asked again on the next connection if the link is lost, and fails when its time is
//! over. Bounded; when full, the caller is told.

use std::collections::VecDeque;

use roomcast_protocol::{ClientFrame, RequestId, RoomName};

use crate::error::Error;
use crate::state::action::Ticket;

#[derive(Debug)]
pub(crate) struct Requests {
    requests_max: usize,
    entries: VecDeque<Request>,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) ticket: Ticket,
    pub(crate) id: RequestId,
    /// The room that must be joined before it can be asked, if we mean to be in it.
    pub(crate) room: Option<RoomName>,
    pub(crate) frame: ClientFrame,
    pub(crate) deadline_at_ms: u64,
    /// `None` once it has been sent.
    pub(crate) not_before_ms: Option<u64>,
}

impl Request {
    /// The room it leaves, if it is a `leave`.
    pub(crate) fn leaves(&self) -> Option<&RoomName> {
        match &self.frame {
            ClientFrame::Leave(leave) => Some(&leave.room),
            ClientFrame::Join(_)
            | ClientFrame::Chat(_)
            | ClientFrame::Direct(_)
            | ClientFrame::Typing(_)
            | ClientFrame::Read(_)
            | ClientFrame::Who(_)
            | ClientFrame::History(_)
            | ClientFrame::Auth(_)
            | ClientFrame::Ping(_) => None,
        }
    }
}

impl Requests {
    pub(crate) fn new(requests_max: usize) -> Self {
        Self {
            requests_max,
            entries: VecDeque::new(),
        }
    }

    /// Takes in a request.
    pub(crate) fn push(&mut self, request: Request) -> Result<(), Error> {
        let max = self.requests_max;
        if self.entries.len() >= max {
            return Err(Error::TooManyRequests { max });
        }
        self.entries.push_back(request);
        Ok(())
    }

    /// The frames to send now. `is_open` says of which rooms one may ask.
    pub(crate) fn ready(
        &mut self,
        now_ms: u64,
        is_open: impl Fn(&RoomName) -> bool,
    ) -> Vec<ClientFrame> {
        let mut frames = Vec::new();
        for request in &mut self.entries {
            let is_due = request.not_before_ms.is_some_and(|at| at <= now_ms)
                && request.room.as_ref().is_none_or(&is_open);
            if is_due {
                request.not_before_ms = None;
                frames.push(request.frame.clone());
            }
        }
        frames
    }

    /// The request with this id is answered.
    pub(crate) fn take(&mut self, id: &RequestId) -> Option<Request> {
        let index = self.entries.iter().position(|entry| entry.id == *id)?;
        self.entries.remove(index)
    }

    /// Takes out every `leave` of `room` that was not sent, or was refused for a while: the room is
    /// wanted again.
    pub(crate) fn take_unsent_leaves(&mut self, room: &RoomName) -> Vec<Ticket> {
        self.take_if(|request| request.not_before_ms.is_some() && request.leaves() == Some(room))
    }

    /// Takes out every `leave`: without a connection, no room has us.
    pub(crate) fn take_leaves(&mut self) -> Vec<Ticket> {
        self.take_if(|request| request.leaves().is_some())
    }

    fn take_if(&mut self, is_moot: impl Fn(&Request) -> bool) -> Vec<Ticket> {
        let mut tickets = Vec::new();
        self.entries.retain(|request| {
            let moot = is_moot(request);
            if moot {
                tickets.push(request.ticket);
            }
            !moot
        });
        tickets
    }

    /// Takes a request back in that was just taken out, to be asked again.
    pub(crate) fn put_back(&mut self, request: Request) {
        self.entries.push_back(request);
    }

    /// What was asked has to be asked again, on another connection.
    pub(crate) fn lost_link(&mut self) {
        for request in &mut self.entries {
            request.not_before_ms = Some(0);
        }
    }

    /// Those whose time is over.
    pub(crate) fn expire(&mut self, now_ms: u64) -> Vec<Ticket> {
        let mut expired = Vec::new();
        self.entries.retain(|request| {
            let is_over = now_ms >= request.deadline_at_ms;
            if is_over {
                expired.push(request.ticket);
            }
            !is_over
        });
        expired
    }

    /// Every time at which something may become due.
    pub(crate) fn times_ms(&self) -> impl Iterator<Item = u64> {
        self.entries.iter().flat_map(|request| {
            [request.not_before_ms, Some(request.deadline_at_ms)]
                .into_iter()
                .flatten()
        })
    }
}
