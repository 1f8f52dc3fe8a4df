//! Those who behave: rooms of members, one of each talks; how long after its send each member has
//! each message.
//!
//! One thread for all of them. A message is known by its place in its room: there is one talker,
//! and what it says comes in order.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, sleep, timeout};

use crate::wire::{Counter, Extension, Session, text_frame};

const ROOMS: usize = 20;
pub(crate) const MEMBERS: usize = 50;
/// Connections of them all.
pub(crate) const CONNECTIONS: u64 = (ROOMS * MEMBERS) as u64;
/// Between two messages of a room.
const PAUSE: Duration = Duration::from_millis(200);
const TEXT_BYTES: usize = 200;
/// How long the last message may take.
const LAST_PATIENCE: Duration = Duration::from_secs(2);

/// A thousand neighbours.
pub(crate) struct Neighbours {
    samples_us: Arc<Mutex<Vec<u32>>>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<(u64, u64)>,
}

/// What the tasks of a thread share.
struct Street {
    /// When each message of each room was sent.
    sent: Vec<RefCell<Vec<Instant>>>,
    heard: Cell<u64>,
    samples_us: Arc<Mutex<Vec<u32>>>,
    stop: Arc<AtomicBool>,
}

impl Neighbours {
    pub(crate) fn start(address: SocketAddr) -> Self {
        let join = |room: usize, at: usize| {
            let user = format!("neighbour-{room}-{at}");
            Session::join(address, &user, &format!("street-{room}"), Extension::None)
        };
        let rooms: Vec<Vec<_>> = (0..ROOMS)
            .map(|room| (0..MEMBERS).map(|at| join(room, at)).collect())
            .collect();
        let (samples_us, stop) = (Arc::default(), Arc::default());
        let street = (Arc::clone(&samples_us), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_all().build().expect("a runtime");
            LocalSet::new().block_on(&runtime, live(rooms, street.0, street.1))
        });
        Self {
            samples_us,
            stop,
            thread,
        }
    }

    /// Microseconds from send to receipt, of each delivery since the last time.
    pub(crate) fn take_samples(&self) -> Vec<u32> {
        std::mem::take(&mut self.samples_us.lock())
    }

    /// How many deliveries there were in all, and how many messages.
    pub(crate) fn end(self) -> (u64, u64) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("they live on")
    }
}

async fn live(
    rooms: Vec<Vec<Session>>,
    samples_us: Arc<Mutex<Vec<u32>>>,
    stop: Arc<AtomicBool>,
) -> (u64, u64) {
    let street = Rc::new(Street {
        sent: rooms.iter().map(|_| RefCell::default()).collect(),
        heard: Cell::new(0),
        samples_us,
        stop,
    });
    let mut talkers = Vec::new();
    for (room, members) in rooms.into_iter().enumerate() {
        let mut talker = None;
        for Session {
            stream, counter, ..
        } in members
        {
            stream.set_nonblocking(true).expect("a TCP socket");
            let stream = TcpStream::from_std(stream).expect("within a runtime");
            let (mut reader, writer) = stream.into_split();
            let street = street.clone();
            spawn_local(async move {
                street.listen(room, &mut reader, counter).await;
            });
            // The write half is kept by the listener's room: dropped, it would end the connection.
            match talker {
                None => talker = Some((writer, Vec::new())),
                Some((_, ref mut others)) => others.push(writer),
            }
        }
        let (writer, others) = talker.expect("rooms have members");
        let street = street.clone();
        talkers.push(spawn_local(async move {
            street.talk(room, writer).await;
            others
        }));
    }
    let mut held = Vec::new();
    for talker in talkers {
        held.push(talker.await.expect("talking doesn't panic"));
    }
    let said = street.sent.iter().map(|sent| sent.borrow().len() as u64);
    let said = said.sum();
    let all_heard = async {
        while street.heard.get() < said * MEMBERS as u64 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    // What has not come by then is missing in the count.
    let _ = timeout(LAST_PATIENCE, all_heard).await;
    (street.heard.get(), said)
}

impl Street {
    async fn talk(&self, room: usize, mut writer: OwnedWriteHalf) {
        let text = "x".repeat(TEXT_BYTES);
        let frame = text_frame(&format!(
            r#"{{"type":"chat","id":1,"room":"street-{room}","message":"{text}"}}"#
        ));
        // Not all rooms at once.
        sleep(PAUSE * u32::try_from(room).expect("few") / ROOMS as u32).await;
        let mut next = Instant::now();
        while !self.stop.load(Ordering::Relaxed) {
            self.sent[room].borrow_mut().push(Instant::now());
            writer.write_all(&frame).await.expect("the node reads");
            next += PAUSE;
            tokio::time::sleep_until(next).await;
        }
        // The last of the room must not hear its own connection end.
        sleep(LAST_PATIENCE).await;
        drop(writer);
    }

    async fn listen(
        &self,
        room: usize,
        reader: &mut tokio::net::tcp::OwnedReadHalf,
        mut counter: Counter,
    ) {
        let mut bytes = [0; 2 * 1024];
        let mut heard = 0;
        while let Ok(count @ 1..) = reader.read(&mut bytes).await {
            let now = Instant::now();
            for _ in 0..counter.take(&bytes[..count]).messages {
                let took = now.duration_since(self.sent[room].borrow()[heard]);
                let took_us = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
                self.samples_us.lock().push(took_us);
                heard += 1;
                self.heard.set(self.heard.get() + 1);
            }
        }
    }
}
