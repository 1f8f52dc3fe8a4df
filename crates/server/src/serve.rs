//! The life of a node: build what it needs, open its doors, run until told to stop, drain, end.

mod banner;
mod error;
mod store;
mod traces;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use prometheus::Registry;
use roomcast_gateway::{Authority, Identity, Node, NodeParts, now_ms};
use roomcast_protocol::{ErrorCode, Refusal};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::accept::{self, AcceptLimits, AcceptStats};
use crate::auth::Doorman;
use crate::config::{Config, Environment};
use crate::http::{self, DoorMetrics, Doors, WithDeadline};
use crate::logs;
use crate::ops::{self, Ops};
use crate::socket::{SocketMetrics, Sockets};
pub use error::ServeError;

/// Connections to the operators' listener.
const OPS_CONNECTIONS_MAX: usize = 64;
/// How long connections may take to end after the drain.
const LAST_PATIENCE: Duration = Duration::from_secs(3);

/// Serves a node until SIGTERM or SIGINT has drained it.
///
/// # Errors
/// Why it could not start, or why it had to stop.
pub fn run(config: Config, environment: &Environment) -> Result<(), ServeError> {
    // Only a second start in one process could fail here.
    let _ = logs::start(config.log_format, &config.log);
    for warning in environment.warnings(&Config::settings()) {
        tracing::warn!("{warning}");
    }
    log_settings(&config);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(ServeError::Runtime)?;
    runtime.block_on(serve(config))
}

async fn serve(config: Config) -> Result<(), ServeError> {
    let public = bind("listen", config.listen)?;
    let private = bind("ops_listen", config.ops_listen)?;
    let address = public.local_addr().map_err(ServeError::Runtime)?;
    let ops_address = private.local_addr().map_err(ServeError::Runtime)?;
    let doorman = Arc::new(config.doorman(address));
    let store = store::open(&config).await?;
    let registry = Registry::new();
    let (tracing, export) = traces::start(&config, &registry);
    let parts = NodeParts {
        id: config.node.clone(),
        limits: store::limits(&config),
        broker: store.broker,
        feeds: store.feeds,
        presence: store.presence,
        changes: store.changes,
        authority: Arc::new(Keys(doorman.clone())),
        tracing,
    };
    let (node, mut tasks) = Node::start(parts, &registry);
    // Before the first session: from here on a stop is a drain.
    let stop = stop_signal()?;
    let doors = Doorway::open(&config, node.clone(), doorman, registry, public, private);
    banner::show(&config, address, ops_address);
    let ended = tokio::select! {
        signal = stop => {
            tracing::info!(signal, window_ms = config.drain_ms, "draining");
            node.drain(Duration::from_millis(config.drain_ms)).await;
            Ok(())
        }
        // The engine's tasks end only with the node.
        _ = tasks.join_next() => Err(ServeError::EngineEnded),
    };
    doors.close().await;
    if let Some(export) = export {
        // Behind the last of the sessions, whose last frames may be traced.
        export.close().await;
    }
    tracing::info!("stopped");
    ended
}

/// What was set is worth a line; the whole of it is there for whoever asks.
fn log_settings(config: &Config) {
    let defaults: HashMap<_, _> = Config::settings()
        .into_iter()
        .map(|setting| (setting.key, setting.default))
        .collect();
    let shown = config.shown();
    let set: Vec<String> = shown
        .iter()
        .filter(|(key, value)| match defaults.get(key) {
            Some(&"") => !matches!(value.as_str(), "[]" | "(none)"),
            default => default != Some(&value.as_str()),
        })
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    tracing::info!(settings = set.join(" "), "set otherwise than by default");
    for (key, value) in shown {
        tracing::debug!(key, value, "setting");
    }
}

/// The listeners and whatever runs behind them.
struct Doorway {
    stop: CancellationToken,
    connections: TaskTracker,
    loops: JoinSet<()>,
    wheel: AbortHandle,
}

impl Doorway {
    fn open(
        config: &Config,
        node: Arc<Node>,
        doorman: Arc<Doorman>,
        registry: Registry,
        public: TcpListener,
        private: TcpListener,
    ) -> Self {
        let (stop, connections) = (CancellationToken::new(), TaskTracker::new());
        let stats = Arc::new(AcceptStats::default());
        let sockets = sockets(config, &registry);
        let wheel = sockets.wheel.clone();
        let doors = Doors {
            node: node.clone(),
            doorman,
            metrics: DoorMetrics::new(&registry),
            sockets,
            sessions: connections.clone(),
            page: config.page,
        };
        let mut loops = JoinSet::new();
        loops.spawn(accept::run(
            public,
            WithDeadline(warp::service(http::routes(doors))),
            config.accept_limits(),
            stats.clone(),
            stop.clone(),
            connections.clone(),
        ));
        let limits = AcceptLimits {
            connections_max: OPS_CONNECTIONS_MAX,
            connections_per_address_max: 0,
            ..config.accept_limits()
        };
        loops.spawn(accept::run(
            private,
            WithDeadline(warp::service(ops::routes(Ops::new(node, stats, registry)))),
            limits,
            Arc::default(),
            stop.clone(),
            connections.clone(),
        ));
        let wheel = loops.spawn(async move { wheel.run().await });
        Self {
            stop,
            connections,
            loops,
            wheel,
        }
    }

    async fn close(self) {
        self.stop.cancel();
        self.connections.close();
        // Whoever still hangs on is cut with the process.
        let _ = timeout(LAST_PATIENCE, self.connections.wait()).await;
        self.wheel.abort();
        let mut loops = self.loops;
        while loops.join_next().await.is_some() {}
    }
}

/// What the conversations of a node share.
fn sockets(config: &Config, registry: &Registry) -> Arc<Sockets> {
    Arc::new(Sockets {
        limits: Arc::new(config.socket_limits()),
        deflate: config.deflate_settings(),
        heartbeat_ms: config.heartbeat_ms,
        write_stall_ms: config.write_stall_ms,
        batch_ms: config.batch_ms,
        wheel: Arc::default(),
        metrics: SocketMetrics::new(registry),
    })
}

/// Checks fresh tokens for the gateway.
struct Keys(Arc<Doorman>);

impl Authority for Keys {
    fn identify(&self, token: &str) -> Result<Identity, Refusal> {
        let renewed = self.0.renew(token, now_ms());
        renewed.map_err(|refusal| Refusal::new(ErrorCode::BadToken, refusal.problem))
    }
}

fn bind(key: &'static str, address: SocketAddr) -> Result<TcpListener, ServeError> {
    accept::bind(address).map_err(|error| ServeError::Bind {
        key,
        address,
        error,
    })
}

/// Listens for the signals that stop a node; the future says which one came.
fn stop_signal() -> Result<impl Future<Output = &'static str>, ServeError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(ServeError::Runtime)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ServeError::Runtime)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        }
    })
}
