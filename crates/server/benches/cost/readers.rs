//! The other end of many sockets: one thread that reads whatever comes and counts messages.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;

use crate::wire::Session;

/// Bytes of one read: many frames, where many wait.
const READ_BYTES: usize = 128 << 10;
/// How often it is looked whether everything has come, and how many times.
const LOOK_EVERY: Duration = Duration::from_millis(2);
const LOOKS_MAX: u32 = 15_000;

/// Counts for as long as the sockets are open.
pub(crate) struct Readers {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    found: AtomicU64,
    /// Whether those who say something have said enough.
    enough: AtomicBool,
}

impl Readers {
    pub(crate) fn start(sessions: Vec<Session>) -> Self {
        let shared = Arc::new(Shared::default());
        let its = shared.clone();
        thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_io().build().expect("a runtime");
            let bytes = Rc::new(RefCell::new(vec![0; READ_BYTES]));
            let local = tokio::task::LocalSet::new();
            for session in sessions {
                local.spawn_local(read(session, its.clone(), bytes.clone()));
            }
            runtime.block_on(local);
        });
        Self { shared }
    }

    /// Waits until so many messages have come in all.
    pub(crate) fn until(&self, messages: u64) {
        for _ in 0..LOOKS_MAX {
            if self.found() >= messages {
                return;
            }
            thread::sleep(LOOK_EVERY);
        }
        panic!("{} of {messages} messages came", self.found());
    }

    /// Messages so far.
    pub(crate) fn found(&self) -> u64 {
        self.shared.found.load(Ordering::Relaxed)
    }

    /// Nobody says anything any more.
    pub(crate) fn stop(&self) {
        self.shared.enough.store(true, Ordering::Relaxed);
    }
}

async fn read(session: Session, shared: Arc<Shared>, bytes: Rc<RefCell<Vec<u8>>>) {
    let Session {
        stream,
        mut counter,
        says,
    } = session;
    stream.set_nonblocking(true).expect("a TCP socket");
    let mut stream = tokio::net::TcpStream::from_std(stream).expect("within a runtime");
    while stream.readable().await.is_ok() {
        let found = {
            let mut bytes = bytes.borrow_mut();
            match stream.try_read(&mut bytes) {
                Ok(0) => return,
                Ok(count) => counter.take(&bytes[..count]),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
                Err(_) => return,
            }
        };
        shared.found.fetch_add(found.messages, Ordering::Relaxed);
        if !says.is_empty() && found.others > 0 && !shared.enough.load(Ordering::Relaxed) {
            let again = usize::try_from(found.others).expect("a few");
            let said = stream.write_all(&says.repeat(again)).await;
            said.expect("the node reads");
        }
    }
}
