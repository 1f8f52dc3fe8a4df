//! Where a room lives when there are several Redises.
//!
//! Owns the rule, which is the broker's as well: rendezvous hashing (Thaler and Ravishankar,
//! "Using name-based mappings to increase hit rates", 1998) over the index of the URL, with
//! FNV-1a of 64 bits (Fowler, Noll, Vo) and a final mix as the hash. Keeps true: another Redis at
//! the end of the list takes over its share of the rooms and moves no other.

use roomcast_protocol::RoomName;

/// FNV-1a's offset basis and prime for 64 bits.
const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// The index of the home of `room` among `homes` of them: the `i` of the greatest weight, which is
/// FNV-1a over the room's bytes followed by `i` as a little-endian `u32`, then mixed by splitmix64's
/// finaliser, since FNV alone barely stirs the high bits by the last bytes. Of equals the last; 0
/// if there is one or none.
pub fn home(room: &RoomName, homes: usize) -> usize {
    let room_hash = fnv1a(FNV_BASIS, room.as_str().as_bytes());
    let weight = |index: &usize| {
        // More homes than a u32 counts would not fit in memory as URLs.
        mix(fnv1a(room_hash, &(*index as u32).to_le_bytes()))
    };
    (0..homes).max_by_key(weight).unwrap_or(0)
}

fn fnv1a(start: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(start, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME)
    })
}

fn mix(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(number: usize) -> RoomName {
        format!("room-{number}").parse().unwrap()
    }

    #[test]
    fn the_hash_is_fnv1a() {
        // Test vectors of the authors.
        assert_eq!(fnv1a(FNV_BASIS, b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(FNV_BASIS, b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(FNV_BASIS, b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn every_home_gets_its_share_of_the_rooms() {
        for homes in [2, 3, 5] {
            let mut shares = vec![0usize; homes];
            for number in 0..10_000 {
                shares[home(&room(number), homes)] += 1;
            }
            let fair = 10_000 / homes;
            for share in &shares {
                assert!(
                    *share > fair * 9 / 10 && *share < fair * 11 / 10,
                    "{shares:?}"
                );
            }
        }
    }

    #[test]
    fn a_new_redis_takes_rooms_over_and_moves_no_other() {
        for number in 0..1_000 {
            let (before, after) = (home(&room(number), 3), home(&room(number), 4));
            assert!(after == before || after == 3);
        }
    }

    /// The broker has a rule of its own, and a test with these same numbers.
    #[test]
    fn a_room_is_where_its_log_is() {
        let homes = (0..16).map(|number| home(&room(number), 3));
        let expected = [0, 0, 0, 1, 0, 1, 0, 1, 2, 1, 0, 1, 2, 2, 1, 0];
        assert!(homes.eq(expected));
    }

    #[test]
    fn one_redis_holds_every_room() {
        assert_eq!(home(&room(7), 1), 0);
        assert_eq!(home(&room(7), 0), 0);
    }
}
