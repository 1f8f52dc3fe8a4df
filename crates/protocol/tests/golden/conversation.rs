//! Examines a transcript as a conversation: answers answer what was asked, and in each room every
//! message is the next one or a gap says otherwise. A transcript may begin in the middle of a
//! session; `connected` begins a new one.

use std::collections::HashMap;

use roomcast_protocol::{
    ClientFrame, Cursor, ErrorCode, Gap, HistoryPage, Joined, Json, Position, RequestId, RoomName,
    ServerFrame, Since, Step, decode_client, decode_server, decode_server_batch,
};

use crate::transcript::{FRAME_BYTES_MAX, Line, Transcript};

/// The first thing that could not have been said there.
pub(crate) fn check(transcript: &Transcript) -> Result<(), String> {
    let mut session = Session::default();
    for line in &transcript.lines {
        let heard = match line {
            Line::Client(text) => session.asks(text),
            Line::Server(text) => session.hears(text),
            // What is refused here is judged by `spelling`.
            Line::Refused(text) => session.asks_badly(text),
            Line::Note(note) => {
                session.comes_to(note);
                Ok(())
            }
            Line::Accepted(_) | Line::Close(..) => Ok(()),
        };
        heard.map_err(|fault| format!("{line:?}\n{fault}"))?;
    }
    match session.pending.keys().next() {
        Some(id) => Err(format!("request {id} is never answered")),
        None => Ok(()),
    }
}

/// What a client knows.
#[derive(Default)]
struct Session {
    pending: HashMap<RequestId, Pending>,
    rooms: HashMap<RoomName, Cursor>,
    /// Where it said at the door that it stands in its inbox.
    inbox: Option<Since>,
}

/// What waits for an answer.
enum Pending {
    /// The rooms not yet answered, with where the client stood.
    Join(HashMap<RoomName, Option<Since>>),
    /// The type that answers.
    Other(&'static str),
    /// Any error.
    Unreadable,
}

impl Session {
    /// An address in a note may say where the client stands in its inbox.
    fn comes_to(&mut self, note: &str) {
        if let Some((_, given)) = note.split_once("inbox=") {
            let since = given
                .split(['&', ' '])
                .next()
                .and_then(|it| it.parse().ok());
            self.inbox = Some(since.expect("a position in an address"));
        }
    }

    fn asks(&mut self, text: &str) -> Result<(), String> {
        let frame = decode_client(text, FRAME_BYTES_MAX).map_err(|error| error.to_string())?;
        let (id, pending) = match frame {
            ClientFrame::Join(join) => {
                let rooms = join.rooms.into_iter().map(|room| (room.room, room.since));
                (join.id, Pending::Join(rooms.collect()))
            }
            ClientFrame::Leave(leave) => (leave.id, Pending::Other("ok")),
            ClientFrame::Chat(say) => (say.id, Pending::Other("ack")),
            ClientFrame::Direct(direct) => (direct.id, Pending::Other("ack")),
            ClientFrame::Typing(_) => return Ok(()),
            ClientFrame::Read(read) => match read.id {
                Some(id) => (id, Pending::Other("ok")),
                None => return Ok(()),
            },
            ClientFrame::Who(who) => (who.id, Pending::Other("members")),
            ClientFrame::History(history) => (history.id, Pending::Other("history")),
            ClientFrame::Auth(auth) => (auth.id, Pending::Other("ok")),
            ClientFrame::Ping(ping) => (ping.id, Pending::Other("pong")),
        };
        self.awaits(id, pending)
    }

    fn asks_badly(&mut self, text: &str) -> Result<(), String> {
        match decode_client(text, FRAME_BYTES_MAX).map_err(|error| error.id) {
            Err(Some(id)) => self.awaits(id, Pending::Unreadable),
            Err(None) => Ok(()),
            Ok(_) => Err("this can be read".into()),
        }
    }

    fn awaits(&mut self, id: RequestId, pending: Pending) -> Result<(), String> {
        match self.pending.insert(id, pending) {
            Some(_) => Err("a request with this id is open already".into()),
            None => Ok(()),
        }
    }

    fn hears(&mut self, text: &str) -> Result<(), String> {
        for frame in decode_server_batch(text).map_err(|refusal| refusal.to_string())? {
            match frame {
                ServerFrame::Connected(_) => {
                    let inbox = self.inbox.take();
                    *self = Self {
                        inbox,
                        ..Self::default()
                    };
                }
                ServerFrame::Joined(joined) => self.joined(&joined)?,
                ServerFrame::Ack(ack) => self.answered(&ack.id, "ack")?,
                ServerFrame::Chat(chat) => self.room(&chat.room)?.next(&chat)?,
                ServerFrame::Gap(gap) => self.room(&gap.room)?.gap(&gap)?,
                ServerFrame::UserJoined(user) => self.in_room(&user.room)?,
                ServerFrame::UserLeft(user) => self.in_room(&user.room)?,
                ServerFrame::Presence(news) => self.in_room(&news.room)?,
                ServerFrame::Typing(typing) => self.in_room(&typing.room)?,
                ServerFrame::Typists(typists) => self.in_room(&typists.room)?,
                ServerFrame::Read(read) => self.in_room(&read.room)?,
                ServerFrame::Reads(reads) => self.in_room(&reads.room)?,
                ServerFrame::Members(members) => self.answered(&members.id, "members")?,
                ServerFrame::History(page) => {
                    contiguous(&page)?;
                    self.answered(&page.id, "history")?;
                }
                ServerFrame::Ok(ok) => self.answered(&ok.id, "ok")?,
                ServerFrame::Pong(pong) => self.answered(&pong.id, "pong")?,
                ServerFrame::Reconnect(_) => {}
                ServerFrame::Error(error) => {
                    ErrorCode::from_number(error.code).ok_or("no such error code")?;
                    if let Some(id) = error.id {
                        self.pending.remove(&id).ok_or("nobody asked")?;
                    } else if let Some(room) = error.room {
                        self.rooms.remove(&room).ok_or("the session is not there")?;
                    }
                }
            }
        }
        Ok(())
    }

    fn room(&mut self, room: &RoomName) -> Result<Here<'_>, String> {
        let cursor = self.rooms.get_mut(room);
        cursor
            .map(Here)
            .ok_or_else(|| format!("the session is not in {room}"))
    }

    fn in_room(&mut self, room: &RoomName) -> Result<(), String> {
        self.room(room).map(|_| ())
    }

    /// Where the client stands in a room that it asked to join.
    fn asked_for(&mut self, id: &RequestId, room: &RoomName) -> Result<Option<Since>, String> {
        let Some(Pending::Join(open)) = self.pending.get_mut(id) else {
            return Err("nobody asked to join".into());
        };
        let since = open.remove(room).ok_or("nobody asked for this room")?;
        if open.is_empty() {
            self.pending.remove(id);
        }
        Ok(since)
    }

    fn answered(&mut self, id: &RequestId, by: &str) -> Result<(), String> {
        match self.pending.remove(id) {
            Some(Pending::Other(expected)) if expected == by => Ok(()),
            Some(Pending::Other(expected)) => Err(format!("{expected} should answer this")),
            Some(Pending::Join(_)) => Err("joined should answer this".into()),
            Some(Pending::Unreadable) => Err("an error should answer this".into()),
            None => Err("nobody asked".into()),
        }
    }

    fn joined(&mut self, joined: &Joined) -> Result<(), String> {
        let since = match &joined.id {
            Some(id) => self.asked_for(id, &joined.room)?,
            None if joined.room.is_inbox() => self.inbox.take(),
            None => return Err("only an inbox is come into without asking".into()),
        };
        let cursor = follow(joined, since)?;
        if cursor.position()
            != (Position {
                epoch: joined.epoch,
                seq: joined.seq,
            })
        {
            return Err(format!("messages and gap end at {:?}", cursor.position()));
        }
        self.rooms.insert(joined.room.clone(), cursor);
        Ok(())
    }
}

/// A cursor led through what `joined` brings, from where the client stood.
fn follow(joined: &Joined, since: Option<Since>) -> Result<Cursor, String> {
    if joined.recovered != (since.is_some() && joined.gap.is_none()) {
        return Err("recovered says something else than the gap".into());
    }
    let first = joined.messages.first().map(chat_position).transpose()?;
    let mut cursor = match (since, joined.gap) {
        (Some(since), gap) => {
            let mut cursor = Cursor::new(since.position(), since.id);
            if let Some(gap) = gap {
                let (room, epoch) = (joined.room.clone(), joined.epoch);
                Here(&mut cursor).gap(&Gap {
                    room,
                    epoch,
                    from: gap.from,
                    to: gap.to,
                })?;
            }
            cursor
        }
        (None, Some(_)) => return Err("a gap needs a position to begin at".into()),
        (None, None) => {
            let before = first.map_or(joined.seq, |at| at.seq.previous());
            Cursor::new(
                Position {
                    epoch: joined.epoch,
                    seq: before,
                },
                None,
            )
        }
    };
    for message in &joined.messages {
        let Ok(ServerFrame::Chat(chat)) = decode_server(message.as_str()) else {
            return Err(format!("{message:?} is no chat"));
        };
        Here(&mut cursor).next(&chat)?;
    }
    Ok(cursor)
}

/// A room the session is in.
struct Here<'a>(&'a mut Cursor);

impl Here<'_> {
    fn next(self, chat: &roomcast_protocol::Chat) -> Result<(), String> {
        match self.0.observe(chat.position(), chat.id) {
            Step::Next => Ok(()),
            step @ (Step::Duplicate | Step::Hole { .. } | Step::OtherEpoch) => {
                Err(format!("after {:?} this is {step:?}", self.0.position()))
            }
        }
    }

    fn gap(self, gap: &Gap) -> Result<(), String> {
        if gap.to.next() < gap.from {
            return Err("the gap ends before it begins".into());
        }
        if gap.epoch == self.0.epoch() && gap.from != self.0.seq().next() {
            return Err(format!("the gap should begin after {}", self.0.seq()));
        }
        self.0.skip_gap(gap.epoch, gap.to);
        Ok(())
    }
}

fn contiguous(page: &HistoryPage) -> Result<(), String> {
    let positions: Result<Vec<Position>, String> =
        page.messages.iter().map(chat_position).collect();
    let broken = |pair: &[Position]| pair[0].seq.next() != pair[1].seq;
    match positions?.windows(2).find(|pair| broken(pair)) {
        Some(pair) => Err(format!("{:?} is not behind {:?}", pair[1], pair[0])),
        None => Ok(()),
    }
}

fn chat_position(message: &Json) -> Result<Position, String> {
    match decode_server(message.as_str()) {
        Ok(ServerFrame::Chat(chat)) => Ok(chat.position()),
        other => Err(format!("{message:?} is no chat: {other:?}")),
    }
}
