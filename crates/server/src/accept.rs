//! The accept loop: from a listener to requests, with a bound on everything a stranger can hold.
//!
//! Owns sockets until a request is read. Keeps true: no connection beyond the limits is served,
//! and one that is refused costs a few bytes; a head that doesn't come in time or is too large
//! ends its connection; no error of `accept` ends the loop. Leaves requests to the service, and
//! upgraded streams to whoever takes them: they keep their [`Slot`] for as long as they live.

mod head_fault;
mod listener;
mod open_files;
mod refuse;
mod slots;
mod stats;

pub use head_fault::HeadFault;
pub use listener::bind;
pub use slots::Slot;
pub use stats::AcceptStats;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_service::Service;

use refuse::Refuser;
use slots::{Full, Slots};

/// The most header lines of a request.
const HEADERS_MAX: usize = 64;
/// hyper refuses to work with a smaller buffer.
const BUFFER_BYTES_MIN: usize = 8 * 1024;
/// How long the loop rests after an error, so that running out of file descriptors costs no CPU.
const ERROR_REST: Duration = Duration::from_millis(100);
/// How often such errors are logged at most.
const ERROR_LOG_PAUSE: Duration = Duration::from_secs(1);
/// How long a request may still take once the loop has been stopped.
const LAST_REQUEST: Duration = Duration::from_secs(10);

/// What strangers may hold.
#[derive(Debug, Clone, Copy)]
pub struct AcceptLimits {
    /// The most connections, upgraded ones included. The process's limit of open files may lower
    /// it.
    pub connections_max: usize,
    /// The most connections from one address, an IPv6 /64 counting as one; 0: no such limit.
    pub connections_per_address_max: usize,
    /// How long a request head may take, and how long a connection may be idle between requests.
    pub handshake_ms: u64,
    /// The largest request head.
    pub head_bytes_max: usize,
}

/// The other end of a request's connection; a request extension.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// Serves `listener` until `stop`, one task of `tracker` a connection; a request carries a
/// [`Peer`] and a [`Slot`] as extensions.
///
/// After `stop` nothing is accepted, idle connections close, and a request that is being answered
/// has ten seconds left.
pub async fn run<S, B>(
    listener: TcpListener,
    service: S,
    limits: AcceptLimits,
    stats: Arc<AcceptStats>,
    stop: CancellationToken,
    tracker: TaskTracker,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let http = http(&limits);
    let connections_max = open_files::connections_max(limits.connections_max);
    stats.allow(connections_max);
    let slots = Slots::new(
        connections_max,
        limits.connections_per_address_max,
        stats.clone(),
    );
    let refuser = Refuser::new(tracker.clone());
    let mut errors = ErrorLog::default();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                stats.count_error();
                errors.log(&error);
                // A peer that has gone already costs nothing; anything else wants some rest.
                if error.kind() != std::io::ErrorKind::ConnectionAborted {
                    sleep(ERROR_REST).await;
                }
                continue;
            }
        };
        match slots.take(peer.ip()) {
            Ok(slot) => {
                stats.count_accepted();
                let (http, service, stop) = (http.clone(), service.clone(), stop.clone());
                let stats = stats.clone();
                tracker.spawn(async move {
                    let served = serve(http, stream, service, Peer(peer), slot, stop).await;
                    if let Some(fault) = served {
                        stats.count_refused_head(fault);
                    }
                });
            }
            Err(full) => {
                match full {
                    Full::Node => stats.count_refused_full(),
                    Full::Address => stats.count_refused_address(),
                }
                refuser.refuse(stream);
            }
        }
    }
}

fn http(limits: &AcceptLimits) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(limits.handshake_ms))
        .max_headers(HEADERS_MAX)
        .max_header_size(limits.head_bytes_max)
        .max_buf_size(
            limits
                .head_bytes_max
                .saturating_mul(2)
                .max(BUFFER_BYTES_MIN),
        );
    http
}

/// Serves one connection to its end; what was wrong with its last request head, if that ended it.
async fn serve<S, B>(
    http: http1::Builder,
    stream: TcpStream,
    service: S,
    peer: Peer,
    slot: Slot,
    stop: CancellationToken,
) -> Option<HeadFault>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone,
    B: Body + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    S::Future: Send,
    S: Send,
    B: Send,
    B::Data: Send,
{
    let asked = Arc::new(AtomicBool::new(false));
    let seen = asked.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        seen.store(true, Ordering::Relaxed);
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(slot.clone());
        service.clone().call(request)
    });
    let connection = http
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            // A request that takes longer is cut; the process is about to end.
            timeout(LAST_REQUEST, connection.as_mut()).await.unwrap_or(Ok(()))
        }
    };
    let error = ended.err()?;
    // Timeouts, resets and garbage: the stranger's doing, so not worth a line at info.
    tracing::debug!(peer = %peer.0, %error, "a connection ended badly");
    HeadFault::of(&error, asked.load(Ordering::Relaxed))
}

/// Says what `accept` complains of, but not a thousand times.
#[derive(Default)]
struct ErrorLog {
    logged_at: Option<Instant>,
    kept_quiet: u64,
}

impl ErrorLog {
    fn log(&mut self, error: &std::io::Error) {
        let now = Instant::now();
        if self
            .logged_at
            .is_some_and(|at| now.duration_since(at) < ERROR_LOG_PAUSE)
        {
            self.kept_quiet += 1;
            return;
        }
        let kept_quiet = std::mem::take(&mut self.kept_quiet);
        tracing::error!(%error, kept_quiet, "a connection could not be accepted");
        self.logged_at = Some(now);
    }
}
