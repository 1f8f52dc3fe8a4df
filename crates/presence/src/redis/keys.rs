//! Every Redis key of presence, spelled here and nowhere else.
//!
//! Keeps true: the keys of a room share its hash tag, so a script over them stays in one slot of
//! a Cluster; the others are only ever used one at a time, so each may be in a slot of its own.

use roomcast_protocol::RoomName;

use super::life::Life;

/// Sorted set: node life → end of its lease, in ms of Redis time; and the mark of the Redis.
pub(super) const NODES: &str = "rc:nodes";

/// Sorted set: room → when typing there is to be swept, in ms of Redis time.
pub(super) const TYPING_AGENDA: &str = "rc:typing";

/// Hash: user → who holds them in the room, one field a user. `entry.lua` says how.
pub(super) fn online(room: &RoomName) -> String {
    format!("rc:{{{room}}}:online")
}

/// Sorted set of the same users, all at score 0: their order by id.
pub(super) fn roll(room: &RoomName) -> String {
    format!("rc:{{{room}}}:roll")
}

/// String: the revision of the last change of who is there. Kept while somebody is, then with a TTL.
pub(super) fn revision(room: &RoomName) -> String {
    format!("rc:{{{room}}}:revision")
}

/// String with TTL: what a script answered when somebody left, for whoever lost the answer.
pub(super) fn answer(room: &RoomName, token: &str) -> String {
    format!("rc:{{{room}}}:answer:{token}")
}

/// Sorted set with TTL: user → end of their typing, in ms of Redis time.
pub(super) fn typing(room: &RoomName) -> String {
    format!("rc:{{{room}}}:typing")
}

/// Hash with TTL: user → `<epoch> <seq> <ms of Redis time>`: how far they read, and when.
pub(super) fn read(room: &RoomName) -> String {
    format!("rc:{{{room}}}:read")
}

/// Sorted set with TTL of the same users, all at score 0: their order by id.
pub(super) fn readers(room: &RoomName) -> String {
    format!("rc:{{{room}}}:readers")
}

/// Sorted set with TTL: user → until when they are banned, in ms of Redis time.
pub(super) fn bans(room: &RoomName) -> String {
    format!("rc:{{{room}}}:bans")
}

/// Sorted set with TTL of the same users, all at score 0: their order by id.
pub(super) fn ban_roll(room: &RoomName) -> String {
    format!("rc:{{{room}}}:banroll")
}

/// The text of whose inbox a room is.
pub(super) fn owner(room: &RoomName) -> Option<&str> {
    room.as_str().get(1..).filter(|_| room.is_inbox())
}

/// String with TTL: when the owner of an inbox was last there, in ms of Redis time.
pub(super) fn seen(inbox: &RoomName) -> String {
    format!("rc:{{{inbox}}}:seen")
}

/// String with TTL: the lease of a node's life.
pub(super) fn lease(life: &Life) -> String {
    format!("rc:node:{life}")
}

/// Set: the rooms in which a life may hold somebody.
pub(super) fn rooms(life: &Life) -> String {
    format!("rc:node:{life}:rooms")
}

/// String with TTL: which life reaps a dead one, and for a day, that it was reaped.
pub(super) fn reaper(life: &Life) -> String {
    format!("rc:node:{life}:reaper")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_keys_of_a_room_share_its_hash_tag() {
        let room: RoomName = "a:b".parse().unwrap();
        let keys = [
            online(&room),
            roll(&room),
            revision(&room),
            answer(&room, "1f"),
            typing(&room),
            read(&room),
            readers(&room),
            seen(&room),
            bans(&room),
            ban_roll(&room),
        ];
        for key in keys {
            assert!(key.starts_with("rc:{a:b}:"), "{key}");
        }
    }
}
