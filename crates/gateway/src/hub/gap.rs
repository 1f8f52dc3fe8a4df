//! How a gap is told.

use roomcast_protocol::{Gap, GapRange, Position, RoomName, ServerFrame, encode_server};

use crate::frame::Frame;

/// The frame that tells a gap in the epoch of `position`.
pub(super) fn gap_frame(room: &RoomName, position: Position, gap: GapRange) -> Frame {
    let GapRange { from, to } = gap;
    let gap = Gap {
        room: room.clone(),
        epoch: position.epoch,
        from,
        to,
    };
    Frame::from(encode_server(&ServerFrame::Gap(gap)))
}
