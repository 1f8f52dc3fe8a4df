//! What the accept loop counts, for the metrics to read.

use std::sync::atomic::{AtomicU64, Ordering};

use super::head_fault::HeadFault;

/// Counters of one accept loop. All only grow but `open`, and `connections_max`, which is set once.
#[derive(Debug, Default)]
pub struct AcceptStats {
    accepted: AtomicU64,
    open: AtomicU64,
    refused_full: AtomicU64,
    refused_address: AtomicU64,
    accept_errors: AtomicU64,
    connections_max: AtomicU64,
    /// In the order of `HeadFault::ALL`.
    refused_heads: [AtomicU64; HeadFault::ALL.len()],
}

macro_rules! counters {
    ($($(#[doc = $doc:literal])+ $name:ident, $count:ident;)+) => {
        impl AcceptStats {$(
            $(#[doc = $doc])+
            pub fn $name(&self) -> u64 {
                self.$name.load(Ordering::Relaxed)
            }

            pub(super) fn $count(&self) {
                self.$name.fetch_add(1, Ordering::Relaxed);
            }
        )+}
    };
}

counters! {
    /// Connections taken in.
    accepted, count_accepted;
    /// Connections that hold a slot now, upgraded ones included.
    open, count_opened;
    /// Connections refused because the node was full.
    refused_full, count_refused_full;
    /// Connections refused because their address had its share.
    refused_address, count_refused_address;
    /// Errors of `accept`, such as running out of file descriptors.
    accept_errors, count_error;
}

impl AcceptStats {
    /// How many connections may be open, the limit of open files considered; 0 before the loop runs.
    pub fn connections_max(&self) -> u64 {
        self.connections_max.load(Ordering::Relaxed)
    }

    pub(super) fn allow(&self, connections_max: usize) {
        let most = u64::try_from(connections_max).unwrap_or(u64::MAX);
        self.connections_max.store(most, Ordering::Relaxed);
    }

    /// Connections ended for this fault of a request head.
    pub fn refused_heads(&self, fault: HeadFault) -> u64 {
        self.refused_heads[fault as usize].load(Ordering::Relaxed)
    }

    pub(super) fn count_refused_head(&self, fault: HeadFault) {
        self.refused_heads[fault as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_closed(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}
