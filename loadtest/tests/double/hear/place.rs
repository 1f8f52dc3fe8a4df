//! Where a session is, and what it may say where.

use roomcast_protocol::{ErrorCode, Refusal, RoomName, UserId, WireLimits};

use crate::line::Line;
use crate::world::World;

pub(crate) const LIMITS: WireLimits = WireLimits {
    frame_bytes_max: 65_536,
    message_bytes_max: 16_384,
    data_bytes_max: 16_384,
    rooms_max: 100,
    page_messages_max: 100,
};

/// The session's line. It may have been cut with words of its client still on their way.
pub(crate) fn line(world: &World, session: u64) -> Result<&Line, Refusal> {
    let gone = || Refusal::new(ErrorCode::Internal, "the session is over");
    world.lines.get(&session).ok_or_else(gone)
}

/// Whose session it is, if it is in the room.
pub(crate) fn user_in(world: &World, session: u64, room: &RoomName) -> Result<UserId, Refusal> {
    let line = line(world, session)?;
    if line.rooms.contains(room) {
        return Ok(line.user.clone());
    }
    let complaint = format!("join {room} first");
    Err(Refusal::new(ErrorCode::NotJoined, complaint))
}
