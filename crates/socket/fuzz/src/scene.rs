//! A conversation over a real stream, and a client at its other end.
//!
//! Owns the runtime, the listener and what the conversations share; made once, since an input is
//! one conversation. Each client comes from an address of its own, so that no ports run out.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use roomcast::socket::{Conversation, Ended, Options, SocketMetrics, Sockets, Wheel};
use roomcast_socket::negotiation::DeflateSettings;
use roomcast_socket::{Broken, Event, Machine};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::party::Echo;
use crate::peer::{agreed, limits, machine};

/// Longer than anything takes but a hang; below libFuzzer's own patience.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where conversations are held.
pub struct Scene {
    pub runtime: Runtime,
    listener: TcpListener,
    sockets: Arc<Sockets>,
    clients: AtomicU32,
}

/// A client, and the conversation it is in.
pub struct Held {
    stream: TcpStream,
    machine: Machine,
    pub party: Echo,
    conversation: JoinHandle<Ended<Echo>>,
    /// What has come, but for pings.
    pub heard: Vec<Event<'static>>,
    /// Whether nothing more comes.
    pub is_over: bool,
}

impl Default for Scene {
    fn default() -> Self {
        // SAFETY: ignoring a signal installs no handler; nothing here relies on this one.
        unsafe {
            // Rust's own start does this, and libFuzzer's main is not Rust's: without it, a write
            // to a client that has gone would end the process.
            libc::signal(libc::SIGPIPE, libc::SIG_IGN);
        }
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime can be made");
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
        let wheel = Arc::new(Wheel::default());
        let turning = wheel.clone();
        runtime.spawn(async move { turning.run().await });
        let sockets = Sockets {
            limits: Arc::new(limits()),
            deflate: Some(DeflateSettings::default()),
            heartbeat_ms: 25_000,
            write_stall_ms: 10_000,
            batch_ms: 0,
            wheel,
            metrics: SocketMetrics::new(&prometheus::Registry::new()),
        };
        Self {
            runtime,
            listener: listener.expect("a port is free"),
            sockets: Arc::new(sockets),
            clients: AtomicU32::new(0),
        }
    }
}

impl Scene {
    /// Begins a conversation; `early` came with the handshake.
    pub async fn begin(&self, deflate: bool, early: Vec<u8>) -> Held {
        let number = self.clients.fetch_add(1, Relaxed) % (1 << 22);
        let from = Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 1, 0, 0)) + number);
        let socket = TcpSocket::new_v4().expect("a socket can be made");
        socket
            .bind(SocketAddr::from((from, 0)))
            .expect("all of 127.* is ours");
        let there = self.listener.local_addr().expect("it is bound");
        let (stream, accepted) = tokio::join!(socket.connect(there), self.listener.accept());
        let (accepted, _) = accepted.expect("a connection waits");
        let stream = stream.expect("the listener listens");
        for end in [&accepted, &stream] {
            end.set_nodelay(true).expect("it is connected");
        }
        let options = Options {
            deflate: deflate.then(|| agreed(5, 7).1),
            batch: false,
            early,
        };
        let party = Echo::default();
        let conversation =
            Conversation::new(accepted, party.clone(), self.sockets.clone(), options);
        Held {
            stream,
            machine: machine(true, limits(), deflate),
            party,
            conversation: tokio::spawn(conversation),
            heard: Vec::new(),
            is_over: false,
        }
    }
}

impl Held {
    /// The client's end, to make frames with.
    pub fn machine(&mut self) -> &mut Machine {
        &mut self.machine
    }

    /// Sends bytes, in one write; a conversation that has ended takes none.
    pub async fn send(&mut self, bytes: &[u8]) {
        let sent = timeout(PATIENCE, self.stream.write_all(bytes)).await;
        self.is_over |= sent.expect("the client's bytes are taken").is_err();
    }

    /// Says that the client sends nothing more.
    pub async fn shut_down(&mut self) {
        // It fails where the connection is gone.
        let _ = self.stream.shutdown().await;
    }

    /// Takes what comes, until so much has been heard or nothing more will come.
    pub async fn hear(&mut self, events: usize) -> Result<(), Broken> {
        let mut buffer = vec![0; 8 << 10];
        while self.heard.len() < events && !self.is_over {
            let read = timeout(PATIENCE, self.stream.read(&mut buffer)).await;
            let count = read.expect("an answer, or the end, comes").unwrap_or(0);
            self.is_over = count == 0;
            let mut input = &mut buffer[..count];
            while let Some(event) = self.machine.receive(&mut input, 1)? {
                match event {
                    Event::Ping { .. } => {}
                    event => self.heard.push(event.into_owned()),
                }
            }
        }
        Ok(())
    }

    /// Goes away; how the conversation ended, which it must.
    pub async fn leave(self) -> Ended<Echo> {
        drop(self.stream);
        let ended = timeout(PATIENCE, self.conversation).await;
        ended
            .expect("a conversation ends once its client has gone")
            .expect("a conversation does not panic")
    }
}
