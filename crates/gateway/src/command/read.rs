//! `read`: how far a user has read. Never back, never past what was said.

use roomcast_presence::PresenceError;
use roomcast_protocol::{ErrorCode, Ok as Done, Read, Refusal, ServerFrame, Signal};

use crate::session::Session;

/// When to try again after presence was not there, in milliseconds.
const RETRY_MS: u64 = 1_000;

pub(super) async fn run(session: &mut Session, read: Read) -> Result<(), Refusal> {
    let Read { id, room, seq } = read;
    session.must_be_in(&room)?;
    if let Some(head) = session.seen(&room) {
        let seq = seq.min(head.seq);
        let (node, user) = (&session.node, &session.identity.user);
        let moved = node.presence.read(&room, user, head.epoch, seq).await;
        if let Some(seq) = moved.map_err(|error| refusal_of(&error))? {
            let signal = Signal::Read {
                room,
                user: user.clone(),
                seq,
            };
            // The watermark is kept; whoever isn't told now learns of a later one.
            let _ = node.broker.signal(&signal).await;
        }
    }
    if let Some(id) = id {
        session.answer(&ServerFrame::Ok(Done { id }));
    }
    Ok(())
}

pub(super) fn refusal_of(error: &PresenceError) -> Refusal {
    tracing::debug!(%error, "presence could not be asked");
    match error {
        PresenceError::Corrupt { .. } => {
            Refusal::new(ErrorCode::Internal, "presence gave something unreadable")
        }
        PresenceError::Banned { .. } => {
            Refusal::new(ErrorCode::NotAllowed, "you are banned from this room")
        }
        PresenceError::Unavailable { .. }
        | PresenceError::Refused { .. }
        | PresenceError::Full { .. }
        | PresenceError::Retired => Refusal::retry(
            ErrorCode::TryAgain,
            "presence does not answer now",
            RETRY_MS,
        ),
    }
}
