//! One conversation: readiness, a read buffer of the thread, the machine, a queue of frames.
//!
//! Keeps true: no buffer is held while nothing happens, but what a throttle left and what the
//! socket does not take; while answers wait to be written nothing more is read, so the queue is
//! bounded by one read's answers. Written as a plain tokio layer over the machine would be.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{ErrorKind, IoSlice};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use roomcast_socket::{Event, Machine, Overdue};
use tokio::io::{AsyncWriteExt as _, Interest};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};

use crate::Settings;
use crate::head::Upgraded;

const READ_BYTES: usize = 64 << 10;
/// Frames of one vectored write.
const SLICES_MAX: usize = 64;
const FAR: Duration = Duration::from_secs(3_600);

thread_local! {
    static READ: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BYTES].into());
}

struct Conversation {
    stream: TcpStream,
    machine: Machine,
    queue: VecDeque<Bytes>,
    /// What a throttle left, and until when.
    kept: Vec<u8>,
    throttled: Option<Instant>,
    begun: Instant,
    /// Nothing more is said: what is owed goes out, the rest of the peer is thrown away.
    over: bool,
    wrong: bool,
}

/// Echoes until the end.
pub(crate) async fn hold(stream: TcpStream, upgraded: Upgraded, settings: &Settings) {
    let mut conversation = Conversation {
        stream,
        machine: Machine::server(settings.limits.clone(), upgraded.deflate),
        queue: VecDeque::new(),
        kept: upgraded.early,
        throttled: Some(Instant::now()),
        begun: Instant::now(),
        over: false,
        wrong: settings.wrong,
    };
    while conversation.turn().await.is_ok() {}
    let _ = timeout(Duration::from_secs(2), conversation.part()).await;
}

/// The end of a conversation.
struct Ended;

impl From<std::io::Error> for Ended {
    fn from(_: std::io::Error) -> Self {
        Self
    }
}

impl Conversation {
    /// Waits for one thing, and does it.
    async fn turn(&mut self) -> Result<(), Ended> {
        if !self.queue.is_empty() {
            self.stream.ready(Interest::WRITABLE).await?;
            return self.write();
        }
        if self.over {
            return Err(Ended);
        }
        let deadline = self.machine.deadline_ms();
        let deadline = deadline.map_or_else(|| Instant::now() + FAR, |ms| self.at(ms));
        if let Some(until) = self.throttled {
            sleep_until(until).await;
            self.throttled = None;
            let mut kept = std::mem::take(&mut self.kept);
            self.feed(&mut kept);
            return Ok(());
        }
        tokio::select! {
            ready = self.stream.ready(Interest::READABLE) => {
                ready?;
                self.read()
            }
            () = sleep_until(deadline) => {
                match self.machine.overdue(self.now_ms()) {
                    Some(Overdue::Message(broken)) => self.queue.extend(broken.answer),
                    Some(Overdue::Close) => return Err(Ended),
                    None => return Ok(()),
                }
                self.over = true;
                Ok(())
            }
        }
    }

    fn read(&mut self) -> Result<(), Ended> {
        READ.with_borrow_mut(|buffer| match self.stream.try_read(buffer) {
            Ok(0) => Err(Ended),
            Ok(count) => {
                self.feed(&mut buffer[..count]);
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(_) => Err(Ended),
        })
    }

    fn feed(&mut self, mut input: &mut [u8]) {
        let now_ms = self.now_ms();
        loop {
            let answer = match self.machine.receive(&mut input, now_ms) {
                Ok(Some(Event::Text(text))) if self.wrong => {
                    self.machine.text(&text.to_ascii_uppercase())
                }
                Ok(Some(Event::Ping { .. })) if self.wrong => self.machine.ping(b""),
                Ok(Some(Event::Text(text))) => self.machine.text(&text),
                Ok(Some(Event::Binary(bytes))) => self.machine.binary(&bytes),
                Ok(Some(Event::Ping { answer })) => Some(answer),
                Ok(Some(Event::Pong(_))) => None,
                Ok(Some(Event::Close { answer, .. })) => {
                    self.over = true;
                    answer
                }
                Ok(Some(Event::Throttle { until_ms })) => {
                    self.kept = input.to_vec();
                    self.throttled = Some(self.at(until_ms));
                    return;
                }
                Err(broken) => {
                    self.over = true;
                    broken.answer
                }
                Ok(None) => return,
            };
            self.queue.extend(answer);
        }
    }

    /// Writes what the socket takes, many frames at once.
    fn write(&mut self) -> Result<(), Ended> {
        while !self.queue.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES_MAX];
            let mut count = 0;
            for (slice, frame) in slices.iter_mut().zip(&self.queue) {
                *slice = IoSlice::new(frame);
                count += 1;
            }
            match self.stream.try_write_vectored(&slices[..count]) {
                Ok(written) => self.wrote(written),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(_) => return Err(Ended),
            }
        }
        self.queue = VecDeque::new();
        Ok(())
    }

    fn wrote(&mut self, mut bytes: usize) {
        while let Some(frame) = self.queue.front_mut() {
            if bytes < frame.len() {
                frame.advance(bytes);
                return;
            }
            bytes -= frame.len();
            self.queue.pop_front();
        }
    }

    /// Ends our side, and throws away the peer's until it ends too: a reset would take our close.
    async fn part(&mut self) -> Result<(), Ended> {
        self.stream.shutdown().await?;
        if self.machine.is_closed() {
            return Ok(());
        }
        let mut waste = [0; 4096];
        loop {
            self.stream.readable().await?;
            match self.stream.try_read(&mut waste) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn at(&self, ms: u64) -> Instant {
        self.begun + Duration::from_millis(ms)
    }
}
