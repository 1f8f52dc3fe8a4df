//! Which feed, and which Redis, a room belongs to. Pure, and the same on every node.

use roomcast_protocol::RoomName;

/// The feed, of `feeds`, that tells about `room`.
///
/// # Panics
/// If `feeds` is 0.
pub fn feed_index(room: &RoomName, feeds: usize) -> usize {
    assert!(feeds > 0, "a broker has at least one feed");
    let hash = fnv1a(room.as_str().bytes());
    // The high bits are better mixed than the low ones.
    usize::try_from((hash >> 32) % feeds as u64).expect("less than feeds")
}

/// The Redis, of `servers` independent ones, that keeps `room`: the one with the highest weight
/// (rendezvous hashing, Thaler and Ravishankar 1998). Taking a server away moves only its rooms.
pub(crate) fn home(room: &RoomName, servers: usize) -> usize {
    let weight = |server: usize| {
        let index = u32::try_from(server).expect("few servers");
        fnv1a(room.as_str().bytes().chain(index.to_le_bytes()))
    };
    (0..servers)
        .max_by_key(|server| weight(*server))
        .expect("at least one server")
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo), then a final mix (the finaliser of splitmix64), since FNV
/// alone barely stirs the high bits by the last byte.
fn fnv1a(bytes: impl Iterator<Item = u8>) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in bytes {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rooms() -> Vec<RoomName> {
        (0..10_000)
            .map(|n| format!("room-{n}").parse().unwrap())
            .collect()
    }

    #[test]
    fn rooms_spread_evenly_over_feeds_and_servers() {
        let mut feeds = [0; 4];
        let mut servers = [0; 3];
        for room in rooms() {
            feeds[feed_index(&room, 4)] += 1;
            servers[home(&room, 3)] += 1;
        }
        assert!(
            feeds.iter().all(|n| (2_200..2_800).contains(n)),
            "{feeds:?}"
        );
        assert!(
            servers.iter().all(|n| (3_000..3_700).contains(n)),
            "{servers:?}"
        );
    }

    /// Presence has a rule of its own, and a test with these same numbers.
    #[test]
    fn a_room_is_where_its_presence_is() {
        let homes = rooms().into_iter().take(16).map(|room| home(&room, 3));
        let expected = [0, 0, 0, 1, 0, 1, 0, 1, 2, 1, 0, 1, 2, 2, 1, 0];
        assert!(homes.eq(expected));
    }

    #[test]
    fn taking_the_last_server_away_moves_only_its_rooms() {
        for room in rooms() {
            let before = home(&room, 3);
            assert!(before == 2 || home(&room, 2) == before, "{room} moved");
        }
    }
}
