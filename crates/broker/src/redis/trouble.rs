//! Redis's complaints, sorted by who can act, counted, and logged once rather than a thousand times.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use redis::{ErrorKind, RedisError, ServerErrorKind};
use roomcast_protocol::RoomName;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::keys;
use crate::error::{BrokerError, RefusedBy};
use crate::port::StatsSnapshot;

/// How often one kind of complaint is logged at most.
const LOG_EVERY: Duration = Duration::from_secs(10);
/// How Redis 7 says that a script may not do what it does; the code it gives then is a mere `ERR`.
const SCRIPT_WITHOUT_RIGHT: &str = "The user executing the script can't";

/// Counts what goes wrong, and logs it in moderation.
#[derive(Default)]
pub(super) struct Trouble {
    reconnects: AtomicU64,
    unavailable: Complaint,
    refused: Complaint,
    corrupt: Complaint,
    mapless: Complaint,
    /// Rings when a master may have moved: a link was lost, or a command came to the wrong one.
    pub(super) astray: Notify,
}

/// An error, and whether the same command may be of use at another master, or in a moment.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) error: BrokerError,
    /// It was refused before it did anything, for its slot is elsewhere or on the move.
    pub(super) is_astray: bool,
    /// Its slot is elsewhere: it is worth asking where.
    pub(super) has_moved: bool,
}

impl From<BrokerError> for Fault {
    fn from(error: BrokerError) -> Self {
        Self {
            error,
            is_astray: false,
            has_moved: false,
        }
    }
}

#[derive(Default)]
struct Complaint {
    count: AtomicU64,
    logged: Mutex<Option<(Instant, u64)>>,
}

impl Trouble {
    pub(super) fn reconnected(&self) {
        self.reconnects.fetch_add(1, Ordering::Relaxed);
        self.astray.notify_one();
    }

    /// Notes an error on its way to the caller.
    pub(super) fn note(&self, error: BrokerError) -> BrokerError {
        let complaint = match &error {
            BrokerError::Unavailable(_) => &self.unavailable,
            BrokerError::Refused { .. } => &self.refused,
            BrokerError::Corrupt(_) => &self.corrupt,
        };
        complaint.count.fetch_add(1, Ordering::Relaxed);
        if let Some(since_last) = complaint.due(Instant::now()) {
            tracing::warn!(%error, since_last, "Redis is in trouble");
        }
        error
    }

    /// The same for a command that found no master in time, since its slot is on the move.
    pub(super) fn stuck(&self, room: &RoomName, error: &BrokerError) -> BrokerError {
        let slot = keys::slot(room);
        self.note(BrokerError::Unavailable(format!(
            "slot {slot} of the Cluster is on the move ({error}); if nobody is moving slots now, a \
             move was broken off: redis-cli --cluster fix"
        )))
    }

    /// Nobody of a Cluster says who keeps its slots.
    pub(super) fn nobody_says(&self, error: &RedisError) {
        self.mapless.count.fetch_add(1, Ordering::Relaxed);
        if let Some(since_last) = self.mapless.due(Instant::now()) {
            tracing::warn!(%error, since_last, "nobody says who keeps the slots of the Cluster");
        }
    }

    pub(super) fn snapshot(&self, subscriptions: u64) -> StatsSnapshot {
        StatsSnapshot {
            reconnects: self.reconnects.load(Ordering::Relaxed),
            unavailable: self.unavailable.count.load(Ordering::Relaxed),
            refused: self.refused.count.load(Ordering::Relaxed),
            corrupt: self.corrupt.count.load(Ordering::Relaxed),
            subscriptions,
        }
    }
}

impl Complaint {
    /// Whether to log now, and how many there were since the last time.
    fn due(&self, now: Instant) -> Option<u64> {
        let count = self.count.load(Ordering::Relaxed);
        let mut logged = self.logged.lock();
        match *logged {
            Some((at, _)) if now.duration_since(at) < LOG_EVERY => None,
            last => {
                *logged = Some((now, count));
                Some(count - last.map_or(0, |(_, count)| count))
            }
        }
    }
}

/// Sorts one of Redis's errors on its way to whoever may know a better place for the command.
pub(super) fn fault(error: &RedisError) -> Fault {
    let is_astray = matches!(
        error.kind(),
        ErrorKind::Server(
            ServerErrorKind::Moved | ServerErrorKind::Ask | ServerErrorKind::TryAgain
        )
    );
    Fault {
        error: sort(error),
        is_astray,
        has_moved: error.kind() == ErrorKind::Server(ServerErrorKind::Moved),
    }
}

/// Sorts one of Redis's errors.
pub(super) fn sort(error: &RedisError) -> BrokerError {
    let detail = error.to_string();
    let refused = |by| BrokerError::Refused {
        by,
        detail: detail.clone(),
    };
    match error.kind() {
        ErrorKind::Server(
            ServerErrorKind::BusyLoading
            | ServerErrorKind::ClusterDown
            | ServerErrorKind::MasterDown
            | ServerErrorKind::TryAgain
            | ServerErrorKind::Moved
            | ServerErrorKind::Ask
            | ServerErrorKind::NoScript,
        ) => BrokerError::Unavailable(detail),
        ErrorKind::Server(ServerErrorKind::ReadOnly) => refused(RefusedBy::ReadOnly),
        ErrorKind::Server(ServerErrorKind::NoPerm) => refused(RefusedBy::NoPermission),
        // While sentinels are asked, or a link is made anew.
        ErrorKind::MasterNameNotFoundBySentinel | ErrorKind::EmptySentinelList => {
            BrokerError::Unavailable(detail)
        }
        ErrorKind::UnexpectedReturnType => BrokerError::Corrupt(detail),
        _ if error.is_io_error() || error.is_connection_dropped() || error.is_timeout() => {
            BrokerError::Unavailable(detail)
        }
        _ if detail.contains(SCRIPT_WITHOUT_RIGHT) => refused(RefusedBy::NoPermission),
        _ => match error.code() {
            Some("OOM") => refused(RefusedBy::OutOfMemory),
            Some("NOREPLICAS") => refused(RefusedBy::ReadOnly),
            Some("MISCONF") => refused(RefusedBy::DiskFailure),
            Some("BUSY") => BrokerError::Unavailable(detail),
            Some(_) => refused(RefusedBy::Other),
            None => BrokerError::Unavailable(detail),
        },
    }
}

/// Whether Redis does not know a script (any more).
pub(super) fn is_no_script(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

/// Whether Redis itself says no: the link it says so by is alive.
pub(super) fn is_answer(error: &RedisError) -> bool {
    error.clone().into_server_errors().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_complaint_is_logged_once_in_a_while_and_counted_always() {
        let complaint = Complaint::default();
        for _ in 0..1_000 {
            complaint.count.fetch_add(1, Ordering::Relaxed);
            complaint.due(Instant::now());
        }
        assert_eq!(complaint.due(Instant::now()), None);
        tokio::time::advance(LOG_EVERY).await;
        assert_eq!(complaint.due(Instant::now()), Some(999));
    }
}
