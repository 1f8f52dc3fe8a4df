//! `read`: how far a user has read. Never back, never past what was said.

use roomcast_protocol::{Ok as Done, Read, ReadMark, Refusal, ServerFrame, Signal};

use crate::gate::presence_refusal;
use crate::session::Session;

pub(super) async fn run(session: &mut Session, read: Read) -> Result<(), Refusal> {
    let Read { id, room, seq } = read;
    session.must_be_in(&room)?;
    if let Some(head) = session.seen(&room) {
        let seq = seq.min(head.seq);
        let (node, user) = (&session.node, &session.identity.user);
        let moved = node.presence.read(&room, user, head.epoch, seq).await;
        if let Some(seq) = moved.map_err(|error| presence_refusal(&error))? {
            let signal = Signal::Read(ReadMark {
                room,
                user: user.clone(),
                seq,
            });
            // The watermark is kept; whoever isn't told now learns of a later one.
            let _ = node.broker.signal(&signal).await;
        }
    }
    if let Some(id) = id {
        session.answer(&ServerFrame::Ok(Done { id }));
    }
    Ok(())
}
