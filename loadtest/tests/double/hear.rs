//! What a client says, carried out: reads the frame, and hands it to the verb.

mod ask;
mod join;
mod place;
mod signal;
mod speak;

use roomcast_protocol::{
    ClientFrame, Connected, DisplayName, ErrorCode, NodeId, PROTOCOL_VERSION, Pong, Refusal,
    RoomName, ServerFrame, Since, UserId, decode_client, request_id,
};

use crate::line::{Line, LineEnd};
use crate::world::World;
use place::LIMITS;

const HEARTBEAT_MS: u64 = 25_000;

/// Who connects, as the address says.
pub(crate) struct Guest {
    pub(crate) user: UserId,
    pub(crate) name: Option<DisplayName>,
    /// Where they were in their inbox.
    pub(crate) inbox: Option<Since>,
}

/// Opens a session: greets it, and puts it into its inbox.
pub(crate) fn open(world: &mut World, guest: Guest, node: &NodeId, now_ms: u64) -> (u64, LineEnd) {
    let (line, end) = Line::new(guest.user.clone(), guest.name);
    let session = world.add(line);
    let connected = Connected {
        session: world.liar.session_id(),
        user: guest.user.clone(),
        node: node.clone(),
        protocol: PROTOCOL_VERSION,
        heartbeat_ms: HEARTBEAT_MS,
        server_time: now_ms,
        limits: LIMITS,
    };
    world.say(session, &ServerFrame::Connected(connected));
    if world.liar.shuts_inbox() {
        return (session, end);
    }
    let inbox = RoomName::inbox(&guest.user);
    if let Err(refusal) = join::enter(world, session, None, &inbox, guest.inbox, 0) {
        world.refuse(session, None, Some(inbox), refusal);
    }
    (session, end)
}

/// Carries out what a session said.
pub(crate) fn hear(world: &mut World, session: u64, text: &str, now_ms: u64) {
    let carried_out = match decode_client(text, LIMITS.frame_bytes_max as usize) {
        Ok(frame) => carry_out(world, session, frame, now_ms),
        Err(error) => Err(error.refusal),
    };
    if let Err(refusal) = carried_out {
        world.refuse(session, request_id(text), None, refusal);
    }
}

fn carry_out(
    world: &mut World,
    session: u64,
    frame: ClientFrame,
    now_ms: u64,
) -> Result<(), Refusal> {
    match frame {
        ClientFrame::Join(join) => join::join(world, session, join),
        ClientFrame::Leave(leave) => join::leave(world, session, leave),
        ClientFrame::Chat(say) => speak::chat(world, session, say, now_ms),
        ClientFrame::Direct(direct) => speak::direct(world, session, direct, now_ms),
        ClientFrame::Typing(typing) => {
            signal::typing(world, session, &typing);
            Ok(())
        }
        ClientFrame::Read(read) => signal::read(world, session, read),
        ClientFrame::Who(who) => ask::who(world, session, who),
        ClientFrame::History(history) => ask::history(world, session, history),
        ClientFrame::Auth(_) => {
            let complaint = "this server reads no tokens";
            Err(Refusal::new(ErrorCode::BadToken, complaint))
        }
        ClientFrame::Ping(ping) => {
            let pong = Pong {
                id: ping.id,
                server_time: now_ms,
            };
            world.say(session, &ServerFrame::Pong(pong));
            Ok(())
        }
    }
}
