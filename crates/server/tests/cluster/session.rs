//! One session of a member, from the upgrade to the cut: what it asks, and what it writes down.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use roomcast_protocol::{
    Chat, ClientFrame, ErrorCode, ErrorFrame, Join, JoinRoom, Joined, RequestId, RoomName, Say,
    Seq, ServerFrame, Since, Who, decode_server, decode_server_batch, encode_client,
};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::ledger::{Heard, Line, Place};
use crate::member::{End, Member};

/// After this a message without an ack is sent again, with its key.
const ACK_PATIENCE: Duration = Duration::from_secs(15);
/// How long a goodbye may take.
const CLOSE_PATIENCE: Duration = Duration::from_secs(5);
/// Nothing to do for now; something will wake the session.
const LONG: Duration = Duration::from_secs(3_600);

/// Something to ask.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Ask {
    Join(RoomName),
    /// The message with this index.
    Say(usize),
    Who(RoomName),
    /// Look whether the next message may go.
    Next,
}

pub(crate) struct Session<'a> {
    member: &'a mut Member,
    socket: WebSocketStream<TcpStream>,
    node: String,
    joined: HashSet<RoomName>,
    asked: HashMap<u64, Ask>,
    /// Messages on their way, with the request that asked last.
    waiting: HashMap<usize, u64>,
    todo: Vec<(Instant, Ask)>,
    back_at: Option<Instant>,
}

impl<'a> Session<'a> {
    pub(crate) fn new(member: &'a mut Member, socket: WebSocketStream<TcpStream>) -> Self {
        Self {
            member,
            socket,
            node: "unknown".into(),
            joined: HashSet::new(),
            asked: HashMap::new(),
            waiting: HashMap::new(),
            todo: Vec::new(),
            back_at: None,
        }
    }

    pub(crate) async fn run(mut self) -> End {
        let mut cues = self.member.cues.clone();
        let now = Instant::now();
        let rooms = self.member.part.rooms.clone();
        self.todo
            .extend(rooms.into_iter().map(|room| (now, Ask::Join(room))));
        cues.who.mark_unchanged();
        let mut talks = false;
        loop {
            if *cues.talk.borrow_and_update() && !talks && self.may_talk() {
                talks = true;
                self.begin_to_talk();
            }
            let due = self.todo.iter().map(|(at, _)| *at).min();
            let alive = tokio::select! {
                message = self.socket.next() => self.take(message),
                () = sleep_until(due.unwrap_or_else(|| Instant::now() + LONG)) => self.work().await,
                Ok(()) = cues.talk.changed() => true,
                Ok(()) = cues.who.changed() => {
                    let joined = self.joined.iter().cloned();
                    let now = Instant::now();
                    self.todo.extend(joined.map(|room| (now, Ask::Who(room))));
                    true
                }
                () = cues.stop.cancelled() => {
                    let _ = timeout(CLOSE_PATIENCE, self.socket.close(None)).await;
                    return End::Stopped;
                }
            };
            if !alive {
                return End::Lost(self.back_at);
            }
        }
    }

    fn may_talk(&self) -> bool {
        let part = &self.member.part;
        part.says_in
            .as_ref()
            .is_some_and(|room| self.joined.contains(room))
    }

    /// What was begun earlier and not acked is said again, then new things.
    fn begin_to_talk(&mut self) {
        let now = Instant::now();
        let ledger = self.member.ledger.lock();
        let unacked = (0..self.member.begun).filter(|index| ledger.sent[*index].acks.is_empty());
        self.todo
            .extend(unacked.map(|index| (now, Ask::Say(index))));
        let window = self.member.part.window;
        self.todo.extend((0..window).map(|_| (now, Ask::Next)));
    }

    /// Asks what is due, in the order in which it was wished. False once the line is gone.
    async fn work(&mut self) -> bool {
        let now = Instant::now();
        let (due, later) = self.todo.drain(..).partition(|(at, _)| *at <= now);
        self.todo = later;
        let due: Vec<(Instant, Ask)> = due;
        for (_, ask) in due {
            let Some(frame) = self.frame(&ask) else {
                continue;
            };
            if self.socket.send(Message::text(frame)).await.is_err() {
                self.member
                    .note_end(&self.node, None, self.back_at.is_some());
                return false;
            }
        }
        true
    }

    /// The frame that asks; none if there is nothing to ask any more.
    fn frame(&mut self, ask: &Ask) -> Option<String> {
        let number = self.member.asked + 1;
        let id = RequestId::from(number);
        let (ask, frame) = match ask {
            Ask::Join(room) => (ask.clone(), self.join(id, room)),
            Ask::Who(room) => {
                let room = room.clone();
                let (after, limit) = (None, None);
                let who = Who {
                    id,
                    room,
                    after,
                    limit,
                };
                (ask.clone(), ClientFrame::Who(who))
            }
            Ask::Say(index) => (ask.clone(), self.say(id, *index)?),
            Ask::Next => {
                let index = self.member.begun;
                if index >= self.member.ledger.lock().sent.len()
                    || self.waiting.len() >= self.member.part.window
                {
                    return None;
                }
                self.member.begun += 1;
                (Ask::Say(index), self.say(id, index)?)
            }
        };
        if let Ask::Say(index) = ask {
            self.waiting.insert(index, number);
            let look_again = Instant::now() + ACK_PATIENCE;
            self.todo.push((look_again, Ask::Say(index)));
        }
        self.member.asked = number;
        self.asked.insert(number, ask);
        Some(encode_client(&frame))
    }

    fn join(&self, id: RequestId, room: &RoomName) -> ClientFrame {
        let stands = self.member.ledger.lock().stands(room);
        let since = stands.map(|(place, id)| Since {
            epoch: place.epoch,
            seq: Seq::try_from(place.seq).expect("it came from the wire"),
            id,
        });
        let room = room.clone();
        let history = None;
        let rooms = vec![JoinRoom {
            room,
            since,
            history,
        }];
        ClientFrame::Join(Join { id, rooms })
    }

    fn say(&self, id: RequestId, index: usize) -> Option<ClientFrame> {
        let ledger = self.member.ledger.lock();
        let sent = ledger.sent.get(index).filter(|sent| sent.acks.is_empty())?;
        Some(ClientFrame::Chat(Say {
            id,
            room: sent.room.clone(),
            message: sent.text.clone(),
            data: None,
            key: sent.key.parse().ok(),
        }))
    }

    /// Takes what came; false once the line is gone.
    fn take(&mut self, message: Option<Result<Message, Error>>) -> bool {
        let told = self.back_at.is_some();
        match message {
            Some(Ok(Message::Text(text))) => match decode_server_batch(&text) {
                Ok(frames) => frames.into_iter().for_each(|frame| self.hear(frame)),
                Err(why) => self.odd(format!("{why}: {text}")),
            },
            Some(Ok(Message::Close(close))) => {
                let code = close.map(|close| u16::from(close.code));
                self.member.note_end(&self.node, code, told);
                return false;
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(other)) => self.odd(format!("{other:?}")),
            Some(Err(_)) | None => {
                self.member.note_end(&self.node, None, told);
                return false;
            }
        }
        true
    }

    fn hear(&mut self, frame: ServerFrame) {
        match frame {
            ServerFrame::Connected(connected) => {
                connected.node.as_str().clone_into(&mut self.node);
                self.member.ledger.lock().sessions.push(self.node.clone());
            }
            // Its inbox, which it did not ask for; the ledger is about rooms.
            ServerFrame::Joined(joined) if joined.id.is_none() => {}
            ServerFrame::Joined(joined) => self.joined(&joined),
            ServerFrame::Chat(chat) => self.chat(&chat),
            ServerFrame::Gap(gap) if gap.room.is_inbox() => {}
            ServerFrame::Gap(gap) => {
                let line = Line::Gap {
                    epoch: gap.epoch,
                    from: gap.from.value(),
                    to: gap.to.value(),
                };
                self.write(&gap.room, line);
            }
            ServerFrame::Ack(ack) => {
                let Some(Ask::Say(index)) = self.answered(&ack.id) else {
                    return self.odd(format!("{ack:?} answers nothing"));
                };
                self.waiting.remove(&index);
                let place = Place {
                    epoch: ack.epoch,
                    seq: ack.seq.value(),
                };
                let acks = &mut self.member.ledger.lock().sent[index].acks;
                acks.push((place, ack.duplicate));
                let next_at = Instant::now() + self.member.part.pause;
                self.todo.push((next_at, Ask::Next));
            }
            ServerFrame::Members(members) => {
                drop(self.answered(&members.id));
                let users = members.members.into_iter().map(|member| member.user);
                let who = (members.count, users.collect());
                self.member.ledger.lock().members.insert(members.room, who);
            }
            ServerFrame::UserLeft(left) => {
                self.member.ledger.lock().left.push((left.room, left.user));
            }
            ServerFrame::Reconnect(reconnect) => {
                let after = Duration::from_millis(reconnect.after_ms);
                self.back_at = Some(Instant::now() + after);
            }
            ServerFrame::Error(error) => self.refused(error),
            ServerFrame::UserJoined(_)
            | ServerFrame::Presence(_)
            | ServerFrame::Typing(_)
            | ServerFrame::Typists(_)
            | ServerFrame::Read(_)
            | ServerFrame::Reads(_) => {}
            ServerFrame::History(_) | ServerFrame::Ok(_) | ServerFrame::Pong(_) => {
                self.odd(format!("{frame:?} was never asked for"));
            }
        }
    }

    fn joined(&mut self, joined: &Joined) {
        let asked = joined.id.as_ref().and_then(|id| self.answered(id));
        let Some(Ask::Join(room)) = asked else {
            return self.odd(format!("{joined:?} answers nothing"));
        };
        if room != joined.room {
            self.odd(format!("{joined:?} answers the join of {room}"));
        }
        let since = self.member.ledger.lock().stands(&room);
        let covers = Place {
            epoch: joined.epoch,
            seq: joined.seq.value(),
        };
        let line = Line::Joined {
            since: since.map(|(place, _)| place),
            covers,
            recovered: joined.recovered,
            gap: joined.gap,
            messages: joined.messages.len(),
        };
        self.joined.insert(room.clone());
        self.write(&room, line);
        for message in &joined.messages {
            match decode_server(message.as_str()) {
                Ok(ServerFrame::Chat(chat)) => self.chat(&chat),
                other => self.odd(format!("joined holds {other:?}")),
            }
        }
    }

    fn chat(&mut self, chat: &Chat) {
        self.write(&chat.room, Line::Chat(Heard::of(chat)));
    }

    fn refused(&mut self, error: ErrorFrame) {
        let mut ledger = self.member.ledger.lock();
        *ledger.refusals.entry(error.code).or_default() += 1;
        drop(ledger);
        let Some(ask) = error.id.as_ref().and_then(|id| self.answered(id)) else {
            return self.odd(format!("{error:?} answers nothing"));
        };
        match (ErrorCode::from_number(error.code), error.retry_after_ms) {
            // It will be asked again on another node.
            (Some(ErrorCode::Draining), _) => {}
            (
                Some(ErrorCode::TryAgain | ErrorCode::StoreRefused | ErrorCode::TooFast),
                Some(after_ms),
            ) => {
                let at = Instant::now() + Duration::from_millis(after_ms);
                self.todo.push((at, ask));
            }
            _ => self.odd(format!("{error:?} to {ask:?}")),
        }
    }

    fn answered(&mut self, id: &RequestId) -> Option<Ask> {
        match id {
            RequestId::Number(number) => self.asked.remove(number),
            RequestId::Text(_) => None,
        }
    }

    fn write(&mut self, room: &RoomName, line: Line) {
        if !self.joined.contains(room) {
            self.odd(format!("{line:?} of {room} before its `joined`"));
        }
        let mut ledger = self.member.ledger.lock();
        ledger.rooms.entry(room.clone()).or_default().push(line);
    }

    fn odd(&self, what: String) {
        self.member.ledger.lock().oddities.push(what);
    }
}
