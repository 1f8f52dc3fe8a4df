//! The players who hold a node's sessions, and everything they were told.

use std::sync::Arc;
use std::time::Duration;

use roomcast_gateway::{Flow, Mailbox, Node, Outgoing, Rights, Session};
use roomcast_protocol::{
    Ack, Chat, CloseCode, ErrorFrame, Gap, Joined, RoomName, ServerFrame, Since, decode_server,
};
use tokio::time::timeout;

use crate::claims::identity;
use crate::ledger::Ledger;

/// When nothing has come for so long, nothing comes by itself: the clock stands still otherwise.
pub(crate) const IDLE: Duration = Duration::from_millis(1);
/// Bytes a player takes at once.
const TAKE_BYTES: usize = 65_536;

/// A session, and everything it was told.
pub(crate) struct Player {
    pub(crate) session: Session,
    pub(crate) mailbox: Mailbox,
    pub(crate) heard: Vec<ServerFrame>,
    pub(crate) closed: Option<CloseCode>,
    /// The number and reason of the close.
    pub(crate) goodbye: Option<(u16, String)>,
    user: String,
    requests: u64,
}

impl Player {
    pub(crate) fn of(session: Session) -> Self {
        Self::new(session, String::new())
    }

    pub(crate) fn new(session: Session, user: String) -> Self {
        Self {
            mailbox: session.mailbox(),
            session,
            heard: Vec::new(),
            closed: None,
            goodbye: None,
            user,
            requests: 0,
        }
    }

    /// Sends a frame's text as it is.
    pub(crate) async fn send(&mut self, text: &str) -> Flow {
        self.session.receive(text).await
    }

    /// Sends a frame with a fresh id; `rest` is what follows it.
    pub(crate) async fn ask(&mut self, kind: &str, rest: &str) -> u64 {
        self.requests += 1;
        let id = self.requests;
        self.send(&format!(r#"{{"type":"{kind}","id":{id},{rest}}}"#))
            .await;
        id
    }

    pub(crate) async fn join(&mut self, room: &RoomName) -> Joined {
        self.ask("join", &format!(r#""room":"{room}""#)).await;
        self.listen().await;
        self.joined(room)
    }

    pub(crate) async fn join_with_history(&mut self, room: &RoomName, history: u32) -> Joined {
        self.ask("join", &format!(r#""room":"{room}","history":{history}"#))
            .await;
        self.listen().await;
        self.joined(room)
    }

    pub(crate) async fn resume(&mut self, room: &RoomName, since: Since) -> Joined {
        self.ask("join", &resume_fields(room, since)).await;
        self.listen().await;
        self.joined(room)
    }

    pub(crate) async fn chat(&mut self, room: &RoomName, text: &str) -> Result<Ack, ErrorFrame> {
        let fields = format!(r#""room":"{room}","message":"{text}""#);
        let id = self.ask("chat", &fields).await;
        self.listen().await;
        self.acked(id)
    }

    /// Comes back as another session; what was not taken from the old one is lost.
    pub(crate) async fn reconnect(&mut self, node: &Arc<Node>) {
        let identity = identity(&self.user, Rights::everything());
        let fresh = node.connect(identity, None).expect("there is space");
        self.mailbox = fresh.mailbox();
        std::mem::replace(&mut self.session, fresh).end().await;
        self.closed = None;
    }

    /// Takes everything that comes, until nothing more does.
    pub(crate) async fn listen(&mut self) {
        while self.closed.is_none() && self.take(TAKE_BYTES).await {}
    }

    /// Takes once; false if nothing comes.
    pub(crate) async fn take(&mut self, bytes_max: usize) -> bool {
        let Ok(outgoing) = timeout(IDLE, self.mailbox.next(bytes_max)).await else {
            return false;
        };
        self.hear(outgoing);
        true
    }

    /// Waits for something and takes it.
    pub(crate) async fn take_one(&mut self) {
        let outgoing = self.mailbox.next(TAKE_BYTES).await;
        self.hear(outgoing);
    }

    fn hear(&mut self, outgoing: Outgoing) {
        match outgoing {
            Outgoing::Close(goodbye) => {
                self.goodbye = Some((goodbye.number(), goodbye.reason().to_owned()));
                self.closed = Some(goodbye.code);
            }
            Outgoing::Frames { frames, .. } => {
                for frame in frames {
                    self.heard.push(decode_server(frame.text()).unwrap());
                    frame.written();
                }
            }
        }
    }

    /// The last position told in a room.
    pub(crate) fn position(&self, room: &RoomName) -> Option<u64> {
        self.heard.iter().rev().find_map(|frame| match frame {
            ServerFrame::Joined(joined) if joined.room == *room => Some(joined.seq.value()),
            ServerFrame::Chat(chat) if chat.room == *room => Some(chat.seq.value()),
            ServerFrame::Gap(gap) if gap.room == *room => Some(gap.to.value()),
            _ => None,
        })
    }

    /// Whether the last join of a room was refused.
    pub(crate) fn was_refused(&self, room: &RoomName) -> bool {
        let last = self.heard.iter().rev().find_map(|frame| match frame {
            ServerFrame::Joined(joined) if joined.room == *room => Some(false),
            ServerFrame::Error(error) if error.room.as_ref() == Some(room) => Some(true),
            _ => None,
        });
        last == Some(true)
    }

    pub(crate) fn joined(&self, room: &RoomName) -> Joined {
        let mut heard = self.heard.iter().rev();
        heard
            .find_map(|frame| match frame {
                ServerFrame::Joined(joined) if joined.room == *room => Some(joined.clone()),
                _ => None,
            })
            .unwrap_or_else(|| panic!("{room} was not joined: {:?}", self.heard))
    }

    pub(crate) fn acked(&self, id: u64) -> Result<Ack, ErrorFrame> {
        let mut heard = self.heard.iter().rev();
        heard
            .find_map(|frame| match frame {
                ServerFrame::Ack(ack) if ack.id == id.into() => Some(Ok(ack.clone())),
                ServerFrame::Error(error) if error.id == Some(id.into()) => {
                    Some(Err(error.clone()))
                }
                _ => None,
            })
            .unwrap_or_else(|| panic!("request {id} was not answered: {:?}", self.heard))
    }

    pub(crate) fn errors(&self) -> Vec<ErrorFrame> {
        let heard = self.heard.iter();
        heard
            .filter_map(|frame| match frame {
                ServerFrame::Error(error) => Some(error.clone()),
                _ => None,
            })
            .collect()
    }

    /// The code of the last error, and forgets what was heard.
    pub(crate) fn last_refusal(&mut self) -> ErrorFrame {
        let last = self.errors().pop();
        let last = last.unwrap_or_else(|| panic!("nothing was refused: {:?}", self.heard));
        self.heard.clear();
        last
    }

    pub(crate) fn gaps(&self, room: &RoomName) -> Vec<Gap> {
        let heard = self.heard.iter();
        heard
            .filter_map(|frame| match frame {
                ServerFrame::Gap(gap) if gap.room == *room => Some(gap.clone()),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn chats(&self, room: &RoomName) -> Vec<&Chat> {
        let heard = self.heard.iter();
        heard
            .filter_map(|frame| match frame {
                ServerFrame::Chat(chat) if chat.room == *room => Some(&**chat),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn texts(&self, room: &RoomName) -> Vec<&str> {
        self.chats(room).iter().map(|chat| &*chat.message).collect()
    }

    /// Judges everything heard so far.
    pub(crate) fn ledger(&self) -> Ledger {
        Ledger::of(&self.heard)
    }
}

pub(crate) fn resume_fields(room: &RoomName, since: Since) -> String {
    let Since { epoch, seq, id } = since;
    let id = id.map_or(String::new(), |id| format!(r#","id":"{id}""#));
    format!(r#""room":"{room}","since":{{"epoch":"{epoch}","seq":{seq}{id}}}"#)
}
