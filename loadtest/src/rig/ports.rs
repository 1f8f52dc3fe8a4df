//! Free ports on loopback that stay free while a node is down.
//!
//! Keeps true: none is from the range that the system gives to outgoing connections, or one of thousands
//! of clients might take a dead node's port before the node is back.

use std::net::TcpListener;

use rand::Rng as _;

use super::error::RigError;

/// Where our ports begin.
const FIRST: u16 = 12_000;
/// Where outgoing connections begin if the system doesn't say; below what any usual one does.
const OUTGOING: u16 = 32_768;
/// Ports tried, for each that is wanted.
const TRIES: usize = 200;

/// So many different free ports.
pub(super) fn free(count: usize) -> Result<Vec<u16>, RigError> {
    let range = FIRST..first_outgoing();
    // All are held until the last is found, so that none is found twice.
    let mut held = Vec::new();
    for _ in 0..count {
        let found = (0..TRIES).find_map(|_| {
            // Without a range of our own, one that the system gives is better than none.
            let port = match range.is_empty() {
                true => 0,
                false => rand::rng().random_range(range.clone()),
            };
            TcpListener::bind(("127.0.0.1", port)).ok()
        });
        let nothing = || std::io::Error::from(std::io::ErrorKind::AddrInUse);
        held.push(
            found
                .ok_or_else(nothing)
                .map_err(RigError::io("no free port"))?,
        );
    }
    let port = |listener: &TcpListener| Ok(listener.local_addr()?.port());
    (held.iter().map(port).collect::<std::io::Result<_>>())
        .map_err(RigError::io("the address of a port"))
}

fn first_outgoing() -> u16 {
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range");
    (range.ok())
        .and_then(|range| range.split_whitespace().next()?.parse().ok())
        .unwrap_or(OUTGOING)
}

#[cfg(test)]
mod tests {
    use super::free;

    #[test]
    fn ports_are_free_and_different() {
        let mut ports = free(20).unwrap();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 20);
        assert!(ports.iter().all(|port| *port > 0));
    }
}
