//! The task of one client: the only one that touches its socket.
//!
//! The story from top to bottom: dial, talk until it ends, decide when to come back, and so on
//! until told to stop. Callers are served all the while. Keeps true: events that the caller has no
//! room for stop the reading, never the serving; every wait ends by time, by the socket or by a
//! caller.

use std::collections::HashMap;
use std::future::pending;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use roomcast_protocol::{ClientFrame, ServerFrame};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::ask::ask;
use crate::backoff::{Backoff, Ended, Next, Rules};
use crate::command::{Ask, Command, Reply};
use crate::config::Config;
use crate::dial::{Dial, dial};
use crate::endpoint::Endpoint;
use crate::error::{End, Error};
use crate::event::Event;
use crate::hear::hear;
use crate::link::{Came, Link, LinkLimits, Opened};
use crate::pulse::{Beat, Pulse};
use crate::state::{Action, State, Ticket};
use crate::teller::Teller;
use crate::token::TokenSource;

/// What a wait ended with.
enum Woken<T> {
    Done(T),
    /// `None`: all handles are gone.
    Asked(Option<Ask>),
    /// An event was told, or there is nobody to tell it to.
    Told,
    InTime,
}

#[derive(Debug)]
pub(crate) struct Task {
    config: Config,
    endpoints: Vec<Arc<Endpoint>>,
    turn: usize,
    began: Instant,
    state: State,
    backoff: Backoff,
    /// From the handles; `None` when all are gone.
    asks: Option<mpsc::Receiver<Ask>>,
    /// To the caller. While it is behind, nothing is read.
    teller: Teller,
    /// As many as the outbox, the requests and the rooms may hold.
    callers: HashMap<Ticket, Reply>,
    last_ticket: u64,
    unsent: Vec<ClientFrame>,
    actions: Vec<Action>,
    come_back_at_ms: Option<u64>,
    closers: Vec<oneshot::Sender<()>>,
    end: Arc<OnceLock<End>>,
}

impl Task {
    pub(crate) fn new(
        config: Config,
        endpoints: Vec<Endpoint>,
        asks: mpsc::Receiver<Ask>,
        teller: Teller,
        end: Arc<OnceLock<End>>,
    ) -> Self {
        let rules = Rules {
            base_ms: config.backoff_base_ms,
            cap_ms: config.backoff_cap_ms,
            attempts_max: config.attempts_max,
            endpoints: u32::try_from(endpoints.len()).unwrap_or(u32::MAX),
            token_can_change: config.token.as_ref().is_some_and(TokenSource::can_change),
        };
        Self {
            state: State::new(&config),
            backoff: Backoff::new(rules),
            turn: rand::random_range(0..endpoints.len()),
            endpoints: endpoints.into_iter().map(Arc::new).collect(),
            began: Instant::now(),
            asks: Some(asks),
            teller,
            callers: HashMap::new(),
            last_ticket: 0,
            unsent: Vec::new(),
            actions: Vec::new(),
            come_back_at_ms: None,
            closers: Vec::new(),
            end,
            config,
        }
    }

    /// Lives until told to stop, or until coming back is of no use.
    pub(crate) async fn run(mut self) {
        let end = loop {
            let (ended, lived_ms) = self.one_connection().await;
            let told_ms = self
                .come_back_at_ms
                .take()
                .map(|at| at.saturating_sub(self.now_ms()));
            let dice = rand::random();
            match self.backoff.after(&ended, lived_ms, told_ms, dice) {
                Next::Stop(end) => break end,
                Next::ComeBack { in_ms } => {
                    tracing::debug!(%ended, in_ms, "disconnected");
                    self.teller.tell(disconnected(ended, in_ms));
                    self.pause(in_ms).await;
                }
            }
        };
        self.finish(end).await;
    }

    /// Makes one connection and lives through it; how it ended, and how long it was up.
    async fn one_connection(&mut self) -> (Ended, u64) {
        // A caller that is behind with its events has no use for more of them.
        while self.teller.is_behind() && !self.is_told_to_stop() {
            let at_ms = self.state_wake_at_ms();
            self.wait(pending::<()>(), at_ms).await;
        }
        let Opened {
            link,
            connected,
            more,
        } = match self.dial().await {
            Ok(opened) => opened,
            Err(ended) => return (ended, 0),
        };
        let opened_at_ms = self.now_ms();
        let heartbeat_ms = self.config.heartbeat_ms.unwrap_or(connected.heartbeat_ms);
        tracing::debug!(session = %connected.session, node = %connected.node, "connected");
        self.state.opened(connected, &mut self.actions);
        self.hear_all(more, opened_at_ms);
        let ended = self.talk(link, heartbeat_ms).await;
        self.state.lost_link(&mut self.actions);
        self.settle();
        self.unsent.clear();
        (ended, self.now_ms().saturating_sub(opened_at_ms))
    }

    async fn dial(&mut self) -> Result<Opened<TcpStream>, Ended> {
        let endpoint = Arc::clone(&self.endpoints[self.turn % self.endpoints.len()]);
        self.turn = self.turn.wrapping_add(1);
        // Boxed: a handshake is large and short, and the task would keep its room for good.
        let mut dialling = Box::pin(dial(Dial {
            endpoint,
            token: self.config.token.clone(),
            inbox: self.state.inbox_since(),
            timeout_ms: self.config.connect_timeout_ms,
            limits: LinkLimits {
                frame_bytes_max: self.config.frame_bytes_max,
                read_buffer_bytes: self.config.read_buffer_bytes,
            },
        }));
        while !self.is_told_to_stop() {
            let at_ms = self.state_wake_at_ms();
            if let Some(dialled) = self.wait(&mut dialling, at_ms).await {
                return dialled;
            }
        }
        Err(Ended::Told)
    }

    /// Uses `link` until it ends.
    async fn talk(&mut self, mut link: Link<TcpStream>, heartbeat_ms: u64) -> Ended {
        let mut pulse = Pulse::new(heartbeat_ms, self.now_ms());
        let ended = loop {
            if self.is_told_to_stop() {
                break Ended::Told;
            }
            let now_ms = self.now_ms();
            if self.come_back_at_ms.is_some_and(|at| now_ms >= at) {
                self.come_back_at_ms = None;
                break Ended::Moved;
            }
            let is_reading = !self.teller.is_behind();
            if !is_reading {
                // Silence that is ours says nothing about the peer.
                pulse.heard(now_ms);
            }
            if let Err(ended) = self.write(&mut link, &mut pulse).await {
                return link.last_words().await.unwrap_or(ended);
            }
            let read = async {
                if is_reading {
                    link.next().await
                } else {
                    pending().await
                }
            };
            let at_ms = [
                Some(pulse.wake_at_ms()),
                self.come_back_at_ms,
                self.state_wake_at_ms(),
            ];
            let at_ms = at_ms.into_iter().flatten().min();
            match self.wait(read, at_ms).await {
                None => {}
                Some(Err(ended)) => break ended,
                Some(Ok(came)) => {
                    let now_ms = self.now_ms();
                    pulse.heard(now_ms);
                    self.take_in(came, now_ms);
                }
            }
        };
        match ended {
            Ended::Told => link.farewell(true).await,
            Ended::Moved | Ended::Closed { .. } => link.farewell(false).await,
            Ended::Lost { .. }
            | Ended::Rejected { .. }
            | Ended::NoToken { .. }
            | Ended::OtherProtocol { .. } => {}
        }
        ended
    }

    fn take_in(&mut self, came: Came, now_ms: u64) {
        match came {
            Came::Frames(frames) => self.hear_all(frames, now_ms),
            Came::Nothing | Came::Unknown => {}
            // What it might have told is noticed as a hole, or not missed.
            Came::Unreadable(refusal) => {
                tracing::debug!(%refusal, "a frame of the server can't be read");
            }
        }
    }

    fn hear_all(&mut self, frames: Vec<ServerFrame>, now_ms: u64) {
        for frame in frames {
            hear(&mut self.state, frame, now_ms, &mut self.actions);
        }
        self.settle();
    }

    /// Writes what is to be sent, and a ping when it is time.
    async fn write(&mut self, link: &mut Link<TcpStream>, pulse: &mut Pulse) -> Result<(), Ended> {
        let within_ms = pulse.silence_ms_max();
        match pulse.beat(self.now_ms()) {
            Beat::Nothing => {}
            Beat::Ping => link.ping(within_ms).await?,
            Beat::Dead => {
                let why = format!("nothing was heard for {within_ms} ms");
                return Err(Ended::Lost { why });
            }
        }
        if self.unsent.is_empty() {
            return Ok(());
        }
        let frames = std::mem::take(&mut self.unsent);
        link.write(&frames, within_ms).await
    }

    async fn pause(&mut self, in_ms: u64) {
        let until_ms = self.now_ms().saturating_add(in_ms);
        while self.now_ms() < until_ms && !self.is_told_to_stop() {
            let at_ms = self
                .state_wake_at_ms()
                .map_or(until_ms, |at| at.min(until_ms));
            self.wait(pending::<()>(), Some(at_ms)).await;
        }
    }

    /// Waits for `work`, and meanwhile for whatever else comes first: a caller, room for an event,
    /// or the time `at_ms`. `None` if it was one of these, and it has been dealt with.
    async fn wait<T>(&mut self, work: impl Future<Output = T>, at_ms: Option<u64>) -> Option<T> {
        let at = self.began + Duration::from_millis(at_ms.unwrap_or(0));
        let (asks, teller) = (&mut self.asks, &mut self.teller);
        let woken = tokio::select! {
            output = work => Woken::Done(output),
            asked = receive(asks) => Woken::Asked(asked),
            () = teller.progress() => Woken::Told,
            () = tokio::time::sleep_until(at), if at_ms.is_some() => Woken::InTime,
        };
        match woken {
            Woken::Done(output) => return Some(output),
            Woken::Asked(Some(Ask::Do { command, reply })) => self.take(*command, reply),
            Woken::Asked(Some(Ask::Close { reply })) => self.closers.push(reply),
            Woken::Asked(None) => self.asks = None,
            Woken::Told => {}
            Woken::InTime => self.settle(),
        }
        None
    }

    fn take(&mut self, command: Command, reply: Reply) {
        if let (Command::Authenticate { token }, Some(TokenSource::Fixed(_))) =
            (&command, &self.config.token)
        {
            self.config.token = Some(TokenSource::fixed(token));
        }
        self.last_ticket += 1;
        let ticket = Ticket(self.last_ticket);
        self.callers.insert(ticket, reply);
        let now_ms = self.now_ms();
        ask(&mut self.state, ticket, command, now_ms, &mut self.actions);
        self.settle();
    }

    /// Does what is due and what was asked for.
    fn settle(&mut self) {
        let now_ms = self.now_ms();
        self.state.pump(now_ms, &mut self.actions);
        let mut actions = std::mem::take(&mut self.actions);
        for action in actions.drain(..) {
            match action {
                Action::Send(frame) => self.unsent.push(frame),
                Action::Tell(event) => self.teller.tell(event),
                Action::Answer(ticket, answer) => {
                    if let Some(reply) = self.callers.remove(&ticket) {
                        let _nobody_waits = reply.send(answer);
                    }
                }
                Action::ComeBack { after_ms } => {
                    self.come_back_at_ms = Some(now_ms.saturating_add(after_ms));
                }
            }
        }
        self.actions = actions;
    }

    async fn finish(mut self, end: End) {
        tracing::debug!(%end, "stopped");
        // Set before anyone is told, so that whoever asks afterwards hears the same.
        let end = self.end.get_or_init(|| end).clone();
        self.asks = None;
        for (_, reply) in self.callers.drain() {
            let _nobody_waits = reply.send(Err(Error::Closed(end.clone())));
        }
        for reply in self.closers.drain(..) {
            let _nobody_waits = reply.send(());
        }
        self.teller.finish(Event::Closed { reason: end }).await;
    }

    /// Told by a caller, or of no use to anyone any more.
    fn is_told_to_stop(&self) -> bool {
        !self.closers.is_empty() || (self.asks.is_none() && self.teller.is_unheard())
    }

    fn state_wake_at_ms(&self) -> Option<u64> {
        self.state.wake_at_ms(self.now_ms())
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// The next ask; `None` once when all handles are gone, and never after that.
async fn receive(asks: &mut Option<mpsc::Receiver<Ask>>) -> Option<Ask> {
    match asks {
        Some(asks) => asks.recv().await,
        None => pending().await,
    }
}

fn disconnected(ended: Ended, retry_in_ms: u64) -> Event {
    let (code, reason) = match ended {
        Ended::Closed { code, reason } => (Some(code), reason),
        Ended::Lost { .. }
        | Ended::Moved
        | Ended::Rejected { .. }
        | Ended::NoToken { .. }
        | Ended::OtherProtocol { .. }
        | Ended::Told => (None, ended.to_string()),
    };
    Event::Disconnected {
        code,
        reason,
        retry_in_ms,
    }
}
