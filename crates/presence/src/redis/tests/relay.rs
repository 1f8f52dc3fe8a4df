//! A wire between a node and its Redis that a test can cut.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// Passes bytes on to a Redis. Gone when dropped.
pub(super) struct Relay {
    port: u16,
    wire: Arc<Wire>,
    _tasks: JoinSet<()>,
}

#[derive(Default)]
struct Wire {
    /// The port of the Redis.
    target: AtomicU16,
    /// Connections are refused.
    is_cut: AtomicBool,
    /// What Redis answers is thrown away, and counted.
    is_mute: AtomicBool,
    muted: AtomicUsize,
    cut: Notify,
}

impl Relay {
    /// A relay to the Redis on `target`.
    pub(super) async fn to(target: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let wire = Arc::new(Wire::default());
        wire.target.store(target, Ordering::SeqCst);
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&wire)));
        Self {
            port,
            wire,
            _tasks: tasks,
        }
    }

    pub(super) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Leads new connections to another Redis.
    pub(super) fn lead_to(&self, target: u16) {
        self.wire.target.store(target, Ordering::SeqCst);
    }

    /// Drops every connection, and every new one, until it is mended.
    pub(super) fn cut(&self) {
        self.wire.is_cut.store(true, Ordering::SeqCst);
        self.wire.cut.notify_waiters();
    }

    /// From now on commands arrive and answers do not.
    pub(super) fn mute(&self) {
        self.wire.is_mute.store(true, Ordering::SeqCst);
    }

    /// How many pieces of answers were thrown away.
    pub(super) fn muted(&self) -> usize {
        self.wire.muted.load(Ordering::SeqCst)
    }

    /// All is well for new connections.
    pub(super) fn mend(&self) {
        self.wire.is_mute.store(false, Ordering::SeqCst);
        self.wire.is_cut.store(false, Ordering::SeqCst);
    }
}

async fn accept(listener: TcpListener, wire: Arc<Wire>) {
    let mut tasks = JoinSet::new();
    loop {
        let (near, _) = listener.accept().await.unwrap();
        if !wire.is_cut.load(Ordering::SeqCst) {
            let target = wire.target.load(Ordering::SeqCst);
            tasks.spawn(pass(near, target, Arc::clone(&wire)));
        }
    }
}

async fn pass(near: TcpStream, target: u16, wire: Arc<Wire>) {
    let Ok(far) = TcpStream::connect(("127.0.0.1", target)).await else {
        return;
    };
    let (mut near_in, mut near_out) = near.into_split();
    let (mut far_in, mut far_out) = far.into_split();
    let there = tokio::io::copy(&mut near_in, &mut far_out);
    let back = async {
        let mut bytes = vec![0; 16_384];
        loop {
            match far_in.read(&mut bytes).await {
                Ok(0) | Err(_) => return,
                Ok(_) if wire.is_mute.load(Ordering::SeqCst) => {
                    wire.muted.fetch_add(1, Ordering::SeqCst);
                }
                Ok(size) => {
                    if near_out.write_all(&bytes[..size]).await.is_err() {
                        return;
                    }
                }
            }
        }
    };
    tokio::select! {
        _ = there => {}
        () = back => {}
        () = wire.cut.notified() => {}
    }
}
