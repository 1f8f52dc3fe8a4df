//! Who may hold a connection: a number for the node, and perhaps one for each address.
//!
//! Keeps true: a slot is given back when the last clone of it is dropped, whoever holds that; an
//! address without connections takes no memory.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::stats::AcceptStats;

/// Why there is no slot.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Full {
    Node,
    Address,
}

/// A connection's place on the node; a request extension. Clones share it: it is free again when
/// the last one is dropped, so a session that outlives its request keeps a clone.
#[derive(Clone)]
pub struct Slot(#[expect(dead_code, reason = "held for its drop")] Arc<Held>);

struct Held {
    _permit: OwnedSemaphorePermit,
    /// The address counted, where addresses are; they seldom are, and every connection has this.
    counted: Option<Box<(Arc<Addresses>, IpAddr)>>,
    stats: Arc<AcceptStats>,
}

/// Connections by address; as many entries as connections at most.
type Addresses = Mutex<HashMap<IpAddr, usize>>;

pub(super) struct Slots {
    node: Arc<Semaphore>,
    addresses: Arc<Addresses>,
    per_address_max: usize,
    stats: Arc<AcceptStats>,
}

impl Slots {
    pub(super) fn new(node_max: usize, per_address_max: usize, stats: Arc<AcceptStats>) -> Self {
        let node = Arc::new(Semaphore::new(node_max.min(Semaphore::MAX_PERMITS)));
        Self {
            node,
            addresses: Arc::default(),
            per_address_max,
            stats,
        }
    }

    /// A slot for a connection from `ip`.
    pub(super) fn take(&self, ip: IpAddr) -> Result<Slot, Full> {
        let permit = self
            .node
            .clone()
            .try_acquire_owned()
            .map_err(|_| Full::Node)?;
        let counted = match self.per_address_max {
            0 => None,
            max => {
                let network = self.count(network(ip), max)?;
                Some(Box::new((self.addresses.clone(), network)))
            }
        };
        self.stats.count_opened();
        Ok(Slot(Arc::new(Held {
            _permit: permit,
            counted,
            stats: self.stats.clone(),
        })))
    }

    fn count(&self, network: IpAddr, max: usize) -> Result<IpAddr, Full> {
        let mut addresses = self.addresses.lock();
        let connections = addresses.entry(network).or_insert(0);
        if *connections >= max {
            return Err(Full::Address);
        }
        *connections += 1;
        Ok(network)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.stats.count_closed();
        let Some((addresses, network)) = self.counted.as_deref() else {
            return;
        };
        let mut addresses = addresses.lock();
        if let Some(connections) = addresses.get_mut(network) {
            *connections -= 1;
            if *connections == 0 {
                addresses.remove(network);
            }
        }
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slot")
    }
}

/// What counts as one address: an IPv4 address, however it is written, or an IPv6 /64, which is
/// what one customer is given.
fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(v4) => v4.into(),
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_slot_is_free_again_when_its_last_clone_is_gone() {
        let stats = Arc::new(AcceptStats::default());
        let slots = Slots::new(1, 0, stats.clone());
        let first = slots.take(ip("10.0.0.1")).unwrap();
        let session = first.clone();
        drop(first);
        assert_eq!(slots.take(ip("10.0.0.2")).unwrap_err(), Full::Node);
        assert_eq!(stats.open(), 1);
        drop(session);
        assert_eq!(stats.open(), 0);
        assert!(slots.take(ip("10.0.0.2")).is_ok());
    }

    #[test]
    fn an_address_has_its_share_and_its_neighbour_another() {
        let slots = Slots::new(100, 2, Arc::default());
        let held = [
            slots.take(ip("10.0.0.1")).unwrap(),
            slots.take(ip("::ffff:10.0.0.1")).unwrap(),
        ];
        assert_eq!(slots.take(ip("10.0.0.1")).unwrap_err(), Full::Address);
        assert!(slots.take(ip("10.0.0.2")).is_ok());
        drop(held);
        assert!(slots.addresses.lock().is_empty());
        assert!(slots.take(ip("10.0.0.1")).is_ok());
    }

    #[test]
    fn one_ipv6_network_counts_as_one_address() {
        let slots = Slots::new(100, 1, Arc::default());
        let _held = slots.take(ip("2001:db8:0:1::1")).unwrap();
        assert_eq!(
            slots.take(ip("2001:db8:0:1:ffff::2")).unwrap_err(),
            Full::Address
        );
        assert!(slots.take(ip("2001:db8:0:2::1")).is_ok());
    }
}
