//! Who is in a room, who is typing, who has read how far, who may not come in.
//!
//! Owns the port [`Presence`], its plainest keeper ([`memory()`], one node) and the one for a
//! cluster ([`redis()`]). It knows rooms, users, sessions, nodes and deadlines; it knows no socket
//! and no broker. It keeps state and returns what changed: a call answers for itself, and what
//! happens later or elsewhere (a grace that ran out, a node that died) comes out of [`Changes`],
//! on exactly one node of the cluster, which then tells the room.
//!
//! # What it costs Redis
//!
//! | what | commands |
//! |---|---|
//! | enter | 1 script; plus 1 `SADD` for the first occupant of a room on a node |
//! | a banned user's enter | 1 script, the same one |
//! | leave | 0 while another session of the user is in the room on the same node (1 script in an inbox, whose sessions are listed); 1 script if another node holds them; else 1 script now and 1 after the grace |
//! | last leave of a room on a node | plus 1 `SREM`, one lease later |
//! | roster, any page | 1 script, O(log members + page) |
//! | sessions, last seen, one read mark | 1 `HGET` or `GET` |
//! | read marks or bans of a room, any page | 1 script, O(log marks + page) |
//! | ban, unban, banned | 1 script, and the bans that ended meanwhile are forgotten, each once |
//! | typing, read, typists | 1 script; plus 1 `ZADD` and 1 or 2 sweeps for each room and typing TTL in which somebody types |
//! | beat | 3 (renew the lease, look for dead nodes, look for overdue typing) for each node and Redis, nothing for a room, an inbox or a session |
//! | a dead node | 2 for each node and Redis to settle who reaps; then 1 script for every 500 members of each of its rooms, and 1 `SREM` a room |
//! | a node whose lease was lost | 1 `SADD` a local room and 1 script for each user in it |
//!
//! A call inside a script is not counted as a command. When a user was last seen is noted by the
//! script that takes them out of their inbox, so it costs nothing. Three idle nodes cost one Redis 3
//! commands a second, be there nobody or 5,000 sessions in 500 rooms and as many inboxes
//! (`cargo bench -p roomcast-presence --bench idle`).

mod agenda;
mod changes;
mod config;
#[cfg(test)]
mod conformance;
mod memory;
mod placement;
mod port;
mod redis;

pub use self::redis::{OpenError, redis};
pub use changes::Changes;
pub use config::{InvalidConfig, PresenceConfig};
pub use memory::memory;
pub use placement::home;
pub use port::{
    Attending, BAN_MS_MAX, Ban, Bans, Change, Entry, Marks, Occupant, Presence, PresenceError,
    Present, ReadMark, Roster, Sessions,
};
