//! What a client's frame does to its session: one verb, one file.

mod auth;
mod chat;
mod direct;
mod history;
mod join;
mod leave;
mod ping;
mod read;
mod typing;
mod who;

use roomcast_protocol::{
    ClientFrame, CloseCode, DecodeError, ErrorCode, Refusal, RequestId, RoomName, decode_client,
    request_id,
};
use tokio::time::Instant;

use crate::rate::TooFast;
use crate::session::Session;

/// What becomes of the session after a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flow {
    /// It goes on.
    Continue,
    /// It must be closed.
    Close(CloseCode),
}

impl Session {
    /// Takes a frame's text and does what it says; answers and refusals are in the mailbox when this
    /// returns. Frames of one session are to be given one after the other, so that what a client
    /// says first comes first. If this is dropped while waiting, whether the frame took effect is
    /// not known.
    pub async fn receive(&mut self, text: &str) -> Flow {
        if self.outbox.is_dismissed() {
            // A client that takes nothing puts off the close, and must not go on talking until then.
            return Flow::Close(CloseCode::Disconnected);
        }
        // Before it is read: what is refused must cost next to nothing.
        if let Err(too_fast) = self.allowance.take(Instant::now()) {
            return self.slow_down(too_fast, text);
        }
        self.heed_removals();
        match decode_client(text, self.node.limits().frame_bytes_max) {
            Err(DecodeError { id, refusal }) => self.refuse(id, None, refusal),
            Ok(frame) => {
                let id = id_of(&frame);
                if let Err(refusal) = self.act(frame).await {
                    self.refuse(id, None, refusal);
                }
                // Perhaps out of a room that it has just joined.
                self.heed_removals();
            }
        }
        Flow::Continue
    }

    async fn act(&mut self, frame: ClientFrame) -> Result<(), Refusal> {
        match frame {
            ClientFrame::Join(join) => join::run(self, join).await,
            ClientFrame::Leave(leave) => leave::run(self, leave).await,
            ClientFrame::Chat(say) => chat::run(self, say).await,
            ClientFrame::Direct(direct) => direct::run(self, direct).await,
            ClientFrame::Typing(typing) => typing::run(self, typing).await,
            ClientFrame::Read(read) => read::run(self, read).await,
            ClientFrame::Who(who) => who::run(self, who).await,
            ClientFrame::History(history) => history::run(self, history).await,
            ClientFrame::Auth(auth) => auth::run(self, auth).await,
            ClientFrame::Ping(ping) => ping::run(self, ping),
        }
    }

    fn slow_down(&self, too_fast: TooFast, text: &str) -> Flow {
        let TooFast::RetryAfter(retry_after_ms) = too_fast else {
            return Flow::Close(CloseCode::Flooding);
        };
        let limits = self.node.limits();
        let message = format!(
            "at most {} frames a second are taken, and {} at once",
            limits.commands_per_second, limits.commands_burst
        );
        self.refuse(
            request_id(text),
            None,
            Refusal::retry(ErrorCode::TooFast, message, retry_after_ms),
        );
        Flow::Continue
    }

    /// Refuses unless the session is in the room.
    fn must_be_in(&self, room: &RoomName) -> Result<(), Refusal> {
        if self.is_in(room) {
            return Ok(());
        }
        Err(Refusal::new(
            ErrorCode::NotJoined,
            format!("you are not in {room}"),
        ))
    }
}

fn id_of(frame: &ClientFrame) -> Option<RequestId> {
    match frame {
        ClientFrame::Join(join) => Some(join.id.clone()),
        ClientFrame::Leave(leave) => Some(leave.id.clone()),
        ClientFrame::Chat(say) => Some(say.id.clone()),
        ClientFrame::Direct(direct) => Some(direct.id.clone()),
        ClientFrame::Typing(_) => None,
        ClientFrame::Read(read) => read.id.clone(),
        ClientFrame::Who(who) => Some(who.id.clone()),
        ClientFrame::History(history) => Some(history.id.clone()),
        ClientFrame::Auth(auth) => Some(auth.id.clone()),
        ClientFrame::Ping(ping) => Some(ping.id.clone()),
    }
}
