//! All rooms and all sessions, behind one lock: who comes and goes, what is said and to whom it goes.
//!
//! Keeps true, unless a lie is asked for: a message is kept before it is delivered or acked, and every
//! session in a room is sent the room's messages in the order of its log.

use std::collections::{BTreeMap, HashMap};

use roomcast_protocol::{
    Draft, ErrorCode, ErrorFrame, Gap, Message, PresenceNews, Refusal, RequestId, RoomName,
    ServerFrame, UserId, UserJoined, UserLeft, encode_server,
};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::lie::{Delivery, Liar, Rebirth};
use crate::line::Line;
use crate::log::{Kept, Log};
use crate::room::Room;

/// Rooms there may be.
const ROOMS_MAX: usize = 100_000;
/// Users up to whom each coming and going is told by name.
const NAMED_MAX: u64 = 200;

pub(crate) struct World {
    pub(crate) rooms: BTreeMap<RoomName, Room>,
    pub(crate) lines: HashMap<u64, Line>,
    pub(crate) liar: Liar,
    /// Messages that each room keeps.
    messages_max: usize,
    last_session: u64,
}

impl World {
    pub(crate) fn new(liar: Liar, messages_max: usize) -> Self {
        Self {
            rooms: BTreeMap::new(),
            lines: HashMap::new(),
            liar,
            messages_max,
            last_session: 0,
        }
    }

    /// Takes a session in; it is in no room yet.
    pub(crate) fn add(&mut self, line: Line) -> u64 {
        self.last_session += 1;
        self.lines.insert(self.last_session, line);
        self.last_session
    }

    /// The session is gone, and out of all its rooms.
    pub(crate) fn remove(&mut self, session: u64) {
        if let Some(line) = self.lines.remove(&session) {
            for room in &line.rooms {
                self.go(session, &line, room);
            }
        }
    }

    pub(crate) fn cut_all(&self) {
        self.lines.values().for_each(Line::cut);
    }

    pub(crate) fn keep(&mut self, messages_max: usize) {
        self.messages_max = messages_max;
        let rooms = self.rooms.values_mut();
        rooms.for_each(|room| room.log.trim_to(messages_max));
    }

    /// The room, which begins its life now if nobody has spoken of it before.
    pub(crate) fn open(&mut self, room: &RoomName) -> Result<&mut Room, Refusal> {
        if !self.rooms.contains_key(room) {
            if self.rooms.len() >= ROOMS_MAX {
                let complaint = "there are too many rooms";
                return Err(Refusal::new(ErrorCode::StoreRefused, complaint));
            }
            let log = Log::new(self.liar.epoch(), self.messages_max);
            self.rooms.insert(room.clone(), Room::new(log));
        }
        Ok(self.rooms.get_mut(room).expect("it is there by now"))
    }

    /// Puts the session into the room, and tells the others.
    pub(crate) fn enter(&mut self, session: u64, room: &RoomName) -> Result<(), Refusal> {
        let Some(line) = self.lines.get_mut(&session) else {
            return Ok(());
        };
        line.rooms.insert(room.clone());
        line.let_go(room);
        let (user, name) = (line.user.clone(), line.name.clone());
        let entered = self.open(room)?;
        if entered.enter(&user, name.as_ref(), session) {
            let count = entered.count();
            let news = ServerFrame::UserJoined(UserJoined {
                room: room.clone(),
                user: user.clone(),
                name,
                count,
            });
            self.tell_of(&user, room, news, count);
        }
        Ok(())
    }

    /// Takes the session out of the room, and tells the others.
    pub(crate) fn leave(&mut self, session: u64, room: &RoomName) {
        if let Some(mut line) = self.lines.remove(&session) {
            line.rooms.remove(room);
            line.let_go(room);
            self.go(session, &line, room);
            self.lines.insert(session, line);
        }
    }

    /// Keeps a message and sends it to everybody in the room, or finds that this was done before.
    pub(crate) fn publish(&mut self, draft: &Draft, now_ms: u64) -> Result<Kept, Refusal> {
        let forgets_keys = self.liar.forgets_keys();
        let is_lost = self.liar.loses();
        let log = &mut self.open(&draft.room)?.log;
        if let Some(first) = log.first_with(draft, now_ms).filter(|_| !forgets_keys) {
            return Ok(first);
        }
        if is_lost {
            return Ok(Kept {
                position: log.next(),
                timestamp_ms: now_ms,
                is_duplicate: false,
            });
        }
        let head = log.head().seq.value();
        let rebirth = self.liar.rebirth(head);
        let fresh = self.liar.epoch();
        let log = &mut self.open(&draft.room)?.log;
        match rebirth.filter(|_| !log.is_reborn) {
            Some(Rebirth::SameEpoch) => log.begin_anew(log.head().epoch),
            Some(Rebirth::NewEpoch) => log.begin_anew(fresh),
            None => {}
        }
        let message = log.append(draft, now_ms);
        self.deliver(&message);
        if self.liar.misplaces() {
            self.say_elsewhere(draft, now_ms);
        }
        Ok(Kept {
            position: message.position,
            timestamp_ms: now_ms,
            is_duplicate: false,
        })
    }

    /// Tells everybody in the room but one user's sessions, where they read fast enough.
    pub(crate) fn signal(&mut self, room: &RoomName, frame: &ServerFrame, but: Option<&UserId>) {
        let Some(room) = self.rooms.get(room) else {
            return;
        };
        let text = Utf8Bytes::from(encode_server(frame));
        for line in room.sessions().filter_map(|id| self.lines.get(&id)) {
            if but.is_none_or(|but| *but != line.user) {
                line.signal(&text);
            }
        }
    }

    pub(crate) fn say(&self, session: u64, frame: &ServerFrame) {
        if let Some(line) = self.lines.get(&session) {
            line.say(frame);
        }
    }

    pub(crate) fn refuse(
        &self,
        session: u64,
        id: Option<RequestId>,
        room: Option<RoomName>,
        refusal: Refusal,
    ) {
        let error = ErrorFrame {
            room,
            ..ErrorFrame::new(id, refusal)
        };
        self.say(session, &ServerFrame::Error(error));
    }

    fn go(&mut self, session: u64, line: &Line, room: &RoomName) {
        let Some(left) = self.rooms.get_mut(room) else {
            return;
        };
        if left.leave(&line.user, session) {
            left.types(&line.user, false);
            let count = left.count();
            let news = ServerFrame::UserLeft(UserLeft {
                room: room.clone(),
                user: line.user.clone(),
                name: line.name.clone(),
                count,
            });
            self.tell_of(&line.user, room, news, count);
        }
    }

    fn tell_of(&mut self, user: &UserId, room: &RoomName, news: ServerFrame, count: u64) {
        let summed_up = ServerFrame::Presence(PresenceNews {
            room: room.clone(),
            joined: Vec::new(),
            left: Vec::new(),
            count,
        });
        let is_named = count <= NAMED_MAX;
        let frame = if is_named { &news } else { &summed_up };
        self.signal(room, frame, Some(user));
    }

    fn deliver(&mut self, message: &Message) {
        let name = &message.room;
        let Some(room) = self.rooms.get(name) else {
            return;
        };
        let text = Utf8Bytes::from(message.encode());
        for session in room.sessions() {
            let Some(line) = self.lines.get_mut(&session) else {
                continue;
            };
            match self.liar.delivery() {
                Delivery::AsItIs => line.chat(name, text.clone(), false),
                Delivery::BehindTheNext => line.chat(name, text.clone(), true),
                Delivery::Altered => line.chat(name, altered(message).into(), false),
                Delivery::WithTheNext => line.chat_with_the_next(name, text.clone()),
                Delivery::AsGap => line.say(&ServerFrame::Gap(Gap {
                    room: name.clone(),
                    epoch: message.position.epoch,
                    from: message.position.seq,
                    to: message.position.seq,
                })),
                Delivery::Dropped => {}
            }
        }
    }

    /// Puts a copy of the message into another room.
    fn say_elsewhere(&mut self, draft: &Draft, now_ms: u64) {
        let is_other = |room: &RoomName| !room.is_inbox() && *room != draft.room;
        if let Some((name, other)) = self.rooms.iter_mut().find(|(name, _)| is_other(name)) {
            let copy = Draft {
                room: name.clone(),
                key: None,
                ..draft.clone()
            };
            let copy = other.log.append(&copy, now_ms);
            self.deliver(&copy);
        }
    }
}

/// The message as nobody said it.
fn altered(message: &Message) -> String {
    let mut chat = message.to_chat();
    let last = chat.message.pop();
    chat.message.push(if last == Some('x') { 'y' } else { 'x' });
    encode_server(&ServerFrame::Chat(Box::new(chat)))
}
