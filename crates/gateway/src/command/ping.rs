//! `ping`: a sign of life for clients that can't send WebSocket pings.

use roomcast_protocol::{Ping, Pong, Refusal, ServerFrame};

use crate::clock;
use crate::session::Session;

pub(super) fn run(session: &Session, ping: Ping) -> Result<(), Refusal> {
    session.answer(&ServerFrame::Pong(Pong {
        id: ping.id,
        server_time: clock::now_ms(),
    }));
    Ok(())
}
