//! An echo behind the node's own doors: what the conformance suite is run against. It never ships.
//!
//! Owns the flags and the handshake. Everything else is a node's: the accept loop, the limits, the
//! conversation, its writer and its wheel; only the party is another (`echo`).

mod echo;

use std::net::SocketAddr;
use std::sync::Arc;

use clap::{Parser, ValueEnum};
use http::{HeaderMap, Response, StatusCode};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use prometheus::Registry;
use roomcast::accept::{self, AcceptLimits, AcceptStats, Slot};
use roomcast::socket::{Conversation, Options, SocketMetrics, Sockets};
use roomcast_socket::handshake::Upgrade;
use roomcast_socket::negotiation::DeflateSettings;
use roomcast_socket::{Limits, Rate};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use warp::Filter as _;

use echo::Echo;

/// Answers each message with itself.
#[derive(Parser)]
struct Flags {
    /// Where to listen; port 0 takes a free one. The address is printed.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Whose bounds to keep.
    #[arg(long, value_enum, default_value = "autobahn")]
    limits: Bounds,
    /// Take no offer of compression.
    #[arg(long)]
    no_deflate: bool,
    /// Messages of fewer bytes are answered uncompressed. The suite wants all of them compressed.
    #[arg(long, default_value_t = 0)]
    deflate_bytes_min: u32,
    /// 1, the fastest, to 9, the smallest.
    #[arg(long, default_value_t = 6)]
    deflate_level: u8,
    /// Do it wrong, to see that the suite finds out: text is echoed in capitals, a second ping is
    /// one too many.
    #[arg(long)]
    wrong: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Bounds {
    /// 64 MiB and no rates: the suite sends up to 16 MiB.
    Autobahn,
    /// The defaults of a gateway, but that it takes binary messages.
    Production,
}

impl Bounds {
    fn limits(self) -> Limits {
        let production = Limits {
            binary: true,
            ..Limits::default()
        };
        match self {
            Self::Production => production,
            Self::Autobahn => Limits {
                frame_bytes_max: 64 << 20,
                message_bytes_max: 64 << 20,
                fragments_max: 1 << 20,
                message_ms_max: 120_000,
                messages: None,
                frames: None,
                bytes: None,
                controls: Some(Rate {
                    per_second: 10_000,
                    burst: 10_000,
                }),
                ..production
            },
        }
    }
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let flags = Flags::parse();
    let listener = accept::bind(flags.listen)?;
    announce(listener.local_addr()?);
    let sockets = Arc::new(sockets(&flags));
    let wheel = sockets.wheel.clone();
    let (stop, tracker) = (CancellationToken::new(), TaskTracker::new());
    let door = Door {
        sockets,
        tracker: tracker.clone(),
        wrong: flags.wrong,
    };
    let route = warp::header::headers_cloned()
        .and(warp::ext::optional::<OnUpgrade>())
        .and(warp::ext::optional::<Slot>())
        .map(move |headers, upgrade, slot| door.answer(&headers, upgrade, slot));
    let limits = AcceptLimits {
        connections_max: 1_000,
        connections_per_address_max: 0,
        handshake_ms: 5_000,
        head_bytes_max: 16_384,
    };
    let accepting = accept::run(
        listener,
        warp::service(route),
        limits,
        Arc::new(AcceptStats::default()),
        stop,
        tracker,
    );
    tokio::join!(accepting, wheel.run());
    Ok(())
}

fn sockets(flags: &Flags) -> Sockets {
    let deflate = DeflateSettings {
        bytes_min: flags.deflate_bytes_min,
        level: flags.deflate_level,
    };
    let mut limits = flags.limits.limits();
    if flags.wrong {
        limits.controls = Some(Rate {
            per_second: 1,
            burst: 1,
        });
    }
    Sockets {
        limits: Arc::new(limits),
        deflate: (!flags.no_deflate).then_some(deflate),
        // The suite takes a ping of ours for a fault: none in its time.
        heartbeat_ms: u64::from(u32::MAX),
        write_stall_ms: 10_000,
        batch_ms: 0,
        wheel: Arc::default(),
        metrics: SocketMetrics::new(&Registry::new()),
    }
}

/// From a request to a conversation.
#[derive(Clone)]
struct Door {
    sockets: Arc<Sockets>,
    tracker: TaskTracker,
    wrong: bool,
}

impl Door {
    fn answer(
        &self,
        headers: &HeaderMap,
        upgrade: Option<OnUpgrade>,
        slot: Option<Slot>,
    ) -> Response<String> {
        let mut response = Response::new(String::new());
        let agreed = match (Upgrade::check(headers, self.sockets.deflate), upgrade) {
            (Ok(agreed), Some(upgrade)) => {
                let door = self.clone();
                let options = Options {
                    deflate: agreed.deflate(),
                    ..Options::default()
                };
                self.tracker.spawn(async move {
                    door.hold(upgrade, options).await;
                    drop(slot);
                });
                agreed
            }
            (Err(refusal), _) => {
                *response.status_mut() = refusal.status();
                return response;
            }
            (Ok(_), None) => {
                *response.status_mut() = StatusCode::UPGRADE_REQUIRED;
                return response;
            }
        };
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        for (name, value) in agreed.headers() {
            let value = value.parse().expect("our own headers are plain");
            response.headers_mut().insert(name, value);
        }
        response
    }

    async fn hold(self, upgrade: OnUpgrade, options: Options) {
        let Ok(upgraded) = upgrade.await else { return };
        let Ok(parts) = upgraded.downcast::<TokioIo<TcpStream>>() else {
            return;
        };
        let options = Options {
            early: parts.read_buf.to_vec(),
            ..options
        };
        let party = Echo::new(self.wrong);
        Conversation::new(parts.io.into_inner(), party, self.sockets, options).await;
    }
}

#[expect(
    clippy::print_stdout,
    reason = "whoever started it reads the port here"
)]
fn announce(address: SocketAddr) {
    println!("listening on {address}");
}
