//! How Redis keys and channels are spelled: the one place.
//!
//! All keys of a room, and its channel, share the hash tag `{room}`, so that a room lives in one slot
//! and one script may touch them all.

use roomcast_protocol::{IdempotencyKey, NodeId, RoomName, UserId};

/// Hash: `epoch`, `seq`, `base`, `at` (when its time to live was last set, in ms). Its name is the
/// channel's and `:meta`: scripts find the channel by it.
pub(crate) fn meta(room: &RoomName) -> String {
    format!("rc:{{{room}}}:meta")
}

/// Stream with entry ids `<seq>-0` and the fields `t` (timestamp, ms), `i` (message id), `b` (body).
pub(crate) fn log(room: &RoomName) -> String {
    format!("rc:{{{room}}}:log")
}

/// Sharded channel of a room.
pub(crate) fn channel(room: &RoomName) -> String {
    format!("rc:{{{room}}}")
}

/// The slot of a Cluster that all of a room is in.
pub(crate) fn slot(room: &RoomName) -> u16 {
    roomcast_redis::slot(channel(room).as_bytes())
}

/// The room whose channel this is.
pub(crate) fn room_of_channel(channel: &str) -> Option<RoomName> {
    channel
        .strip_prefix("rc:{")?
        .strip_suffix('}')?
        .parse()
        .ok()
}

/// String: the place first given to a user's key. A user id holds no `/`, so that no two pairs of
/// user and key meet in one name.
pub(crate) fn dedupe(room: &RoomName, user: &UserId, key: &IdempotencyKey) -> String {
    format!("rc:{{{room}}}:key:{user}/{key}")
}

/// Sharded channel by which a node hears itself. The tag is none of a room's, which hold no `!`; of a
/// Cluster each master has one of its own.
pub(crate) fn probe(node: &NodeId, tag: u32) -> String {
    format!("rc:{{!{tag}}}:probe:{node}")
}

/// String: there as long as the server with this tag has not forgotten everything.
pub(crate) fn witness(tag: u32) -> String {
    format!("rc:{{!{tag}}}:witness")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_find_the_channel_and_the_log_by_the_name_of_meta() {
        let room: RoomName = "@a:b".parse().unwrap();
        let meta = meta(&room);
        let stem = &meta[..meta.len() - 5];
        assert_eq!(stem, channel(&room));
        assert_eq!(format!("{stem}:log"), log(&room));
    }

    #[test]
    fn a_channel_leads_back_to_its_room_and_nothing_else_does() {
        let room: RoomName = "@a:b".parse().unwrap();
        assert_eq!(room_of_channel(&channel(&room)), Some(room.clone()));
        for other in [
            meta(&room),
            log(&room),
            probe(&"n".parse().unwrap(), 0),
            "rc:{a b}".into(),
        ] {
            assert_eq!(room_of_channel(&other), None, "{other}");
        }
    }

    #[test]
    fn two_users_never_share_a_key() {
        let room: RoomName = "r".parse().unwrap();
        let name =
            |user: &str, key: &str| dedupe(&room, &user.parse().unwrap(), &key.parse().unwrap());
        assert_ne!(name("a:b", "c"), name("a", "b:c"));
        assert_ne!(name("a", "b/c"), name("a:b", "c"));
    }
}
