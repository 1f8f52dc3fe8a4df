//! The handle that callers hold. Cheap to clone; the client stops when the last handle and the
//! stream of events are gone.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use roomcast_protocol::{Ack, IdempotencyKey, Member, RoomName, Seq, Since, UserId};
use tokio::sync::{mpsc, oneshot};

use crate::command::{Answer, Ask, Command};
use crate::config::Config;
use crate::endpoint::endpoints;
use crate::error::{ConfigError, End, Error};
use crate::event::{Events, JoinedRoom};
use crate::outgoing::{JoinOptions, MembersPage, Outgoing, Page, PageOf};
use crate::task::Task;
use crate::teller::Teller;

/// Requests that may wait for the task to take them; then callers wait.
const ASKS_MAX: usize = 32;

/// A client of a Roomcast cluster.
#[derive(Clone, Debug)]
pub struct Client {
    asks: mpsc::Sender<Ask>,
    end: Arc<OnceLock<End>>,
    members_max: usize,
}

/// Who is in a room.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Who {
    /// Users in the room.
    pub count: u64,
    /// Some or all of them, in the order of their ids.
    pub members: Vec<Member>,
    /// Whether there are others that were not gathered.
    pub more: bool,
}

/// A message on its way: awaits its ack. Dropping it doesn't take the message back.
#[derive(Debug)]
pub struct Receipt {
    answer: oneshot::Receiver<Result<Answer, Error>>,
    end: Arc<OnceLock<End>>,
}

impl Client {
    /// Starts a client, which connects by itself and keeps connected. Requests may be made at
    /// once; what can wait for a connection waits.
    ///
    /// # Errors
    /// If `config` can't work, or no tokio runtime is running.
    pub fn connect(config: Config) -> Result<(Self, Events), ConfigError> {
        config.check()?;
        let endpoints = endpoints(&config)?;
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| ConfigError::NoRuntime)?;
        let (asks, asked) = mpsc::channel(ASKS_MAX);
        let (events, told) = mpsc::channel(config.events_max);
        let end = Arc::new(OnceLock::new());
        let members_max = config.members_max;
        let teller = Teller::new(events);
        let task = Task::new(config, endpoints, asked, teller, Arc::clone(&end));
        runtime.spawn(task.run());
        let client = Self {
            asks,
            end,
            members_max,
        };
        Ok((client, Events::new(told)))
    }

    /// Comes into `room` and stays in it over reconnects, until [`Client::leave`] or
    /// [`crate::Event::RoomLost`]. Waits for the first `joined`, however long it takes to connect.
    /// The user's own inbox needs no joining.
    ///
    /// # Errors
    /// If the server refuses for good (a ban included), or the room is joined already, as one's own
    /// inbox always is.
    pub async fn join(&self, room: &RoomName, options: JoinOptions) -> Result<JoinedRoom, Error> {
        let room = room.clone();
        let Answer::Joined(joined) = self.ask(Command::Join { room, options }).await? else {
            return Err(unexpected("join"));
        };
        Ok(*joined)
    }

    /// Goes out of `room`. Leaving a room that was never joined is no error.
    ///
    /// # Errors
    /// If no answer comes in time; the client regards the room as left anyway. One's own inbox can't
    /// be left.
    pub async fn leave(&self, room: &RoomName) -> Result<(), Error> {
        let room = room.clone();
        self.done(Command::Leave { room }).await
    }

    /// Says `message` in `room` and awaits the ack, over reconnects if need be.
    ///
    /// # Errors
    /// If the server refuses for good, or its outcome can't be known; see [`Error`].
    pub async fn send(&self, room: &RoomName, message: impl Into<String>) -> Result<Ack, Error> {
        self.say(Outgoing::to_room(room.clone(), message)).await
    }

    /// Says `message` to `user` and awaits the ack, like [`Client::send`].
    ///
    /// # Errors
    /// As with [`Client::send`].
    pub async fn direct(&self, user: &UserId, message: impl Into<String>) -> Result<Ack, Error> {
        self.say(Outgoing::to_user(user.clone(), message)).await
    }

    /// Says a message with everything that can be set on it, and awaits the ack.
    ///
    /// # Errors
    /// As with [`Client::send`].
    pub async fn say(&self, outgoing: Outgoing) -> Result<Ack, Error> {
        self.submit(outgoing).await?.await
    }

    /// Hands a message over; its ack is awaited on the receipt. Messages to one room are said in
    /// the order in which they were handed over.
    ///
    /// # Errors
    /// If the client has stopped; everything else is the receipt's to tell.
    pub async fn submit(&self, mut outgoing: Outgoing) -> Result<Receipt, Error> {
        outgoing.key.get_or_insert_with(random_key);
        let answer = self.hand_over(Command::Say(outgoing)).await?;
        let end = Arc::clone(&self.end);
        Ok(Receipt { answer, end })
    }

    /// Tells that one types in `room`, or has stopped. Not told later if it can't be told now. To be
    /// repeated every 3 seconds while it lasts; the server ends it after 6.
    ///
    /// # Errors
    /// If the client has stopped.
    pub async fn typing(&self, room: &RoomName, typing: bool) -> Result<(), Error> {
        let room = room.clone();
        self.done(Command::Typing { room, typing }).await
    }

    /// Tells that one has read `room` up to `seq`.
    ///
    /// # Errors
    /// If the server refuses, or doesn't answer in time.
    pub async fn read(&self, room: &RoomName, seq: Seq) -> Result<(), Error> {
        let room = room.clone();
        self.done(Command::Read { room, seq }).await
    }

    /// Who is in `room`: page after page, up to [`Config::members_max`] users. Who comes or goes
    /// meanwhile may be missing or too many here; [`crate::RoomView`] sees them too.
    ///
    /// # Errors
    /// If the server refuses, or doesn't answer in time.
    pub async fn who(&self, room: &RoomName) -> Result<Who, Error> {
        let mut members: Vec<Member> = Vec::new();
        loop {
            let after = members.last().map(|last| last.user.clone());
            let left = u32::try_from(self.members_max - members.len()).ok();
            // The first page is as long as the server likes.
            let limit = left.filter(|_| after.is_some());
            let page = self.who_page(room, after.as_ref(), limit).await?;
            let is_further = |member: &Member| after.as_ref().is_none_or(|at| member.user > *at);
            let before = members.len();
            members.extend(page.members.into_iter().filter(is_further));
            let is_cut = members.len() > self.members_max;
            members.truncate(self.members_max);
            let is_full = members.len() == self.members_max;
            if !page.more || is_full || members.len() == before {
                let (count, more) = (page.count, page.more || is_cut);
                return Ok(Who {
                    count,
                    members,
                    more,
                });
            }
        }
    }

    /// A page of who is in `room`: those after `after`, or the first ones; at most `limit` users,
    /// or as many as the server likes. Comes as [`crate::Event::Members`] too.
    ///
    /// # Errors
    /// If the server refuses, or doesn't answer in time.
    pub async fn who_page(
        &self,
        room: &RoomName,
        after: Option<&UserId>,
        limit: Option<u32>,
    ) -> Result<MembersPage, Error> {
        let (room, after) = (room.clone(), after.cloned());
        let asked = Command::Who { room, after, limit };
        let Answer::Members(page) = self.ask(asked).await? else {
            return Err(unexpected("who"));
        };
        Ok(page)
    }

    /// A page of what was said in `room`, at most `limit` messages, or as many as the server likes.
    ///
    /// # Errors
    /// If the server refuses, or doesn't answer in time.
    pub async fn history(
        &self,
        room: &RoomName,
        of: PageOf,
        limit: Option<u32>,
    ) -> Result<Page, Error> {
        let room = room.clone();
        let Answer::Page(page) = self.ask(Command::History { room, of, limit }).await? else {
            return Err(unexpected("history"));
        };
        Ok(page)
    }

    /// Presents a fresh token of the same user to the session, and, unless tokens come from a
    /// provider, to those that follow.
    ///
    /// # Errors
    /// If the server refuses it, or doesn't answer in time.
    pub async fn authenticate(&self, token: impl Into<String>) -> Result<(), Error> {
        let token = token.into();
        self.done(Command::Authenticate { token }).await
    }

    /// How far `room` has come: up to here, everything was put on the stream of events. To be
    /// handed to [`JoinOptions::since`] by a later client. `None` if the room isn't joined, or not
    /// yet.
    ///
    /// # Errors
    /// If the client has stopped.
    pub async fn position(&self, room: &RoomName) -> Result<Option<Since>, Error> {
        let room = room.clone();
        let Answer::Position(since) = self.ask(Command::Position { room }).await? else {
            return Err(unexpected("position"));
        };
        Ok(since)
    }

    /// Closes the connection and stops the client, all its handles included. What has no ack yet
    /// fails with [`Error::Closed`]; whoever wants acks awaits them first.
    pub async fn close(&self) {
        let (reply, closed) = oneshot::channel();
        if self.asks.send(Ask::Close { reply }).await.is_ok() {
            // An error says that it has stopped already.
            let _stopped = closed.await;
        }
    }

    /// Why the client stopped for good, if it has.
    pub fn end(&self) -> Option<&End> {
        self.end.get()
    }

    async fn done(&self, command: Command) -> Result<(), Error> {
        let Answer::Done = self.ask(command).await? else {
            return Err(unexpected("a request"));
        };
        Ok(())
    }

    async fn ask(&self, command: Command) -> Result<Answer, Error> {
        let answer = self.hand_over(command).await?;
        answer.await.unwrap_or_else(|_| Err(stopped(&self.end)))
    }

    async fn hand_over(
        &self,
        command: Command,
    ) -> Result<oneshot::Receiver<Result<Answer, Error>>, Error> {
        let (reply, answer) = oneshot::channel();
        let command = Box::new(command);
        match self.asks.send(Ask::Do { command, reply }).await {
            Ok(()) => Ok(answer),
            Err(_) => Err(stopped(&self.end)),
        }
    }
}

impl Future for Receipt {
    type Output = Result<Ack, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.answer)
            .poll(cx)
            .map(|answer| match answer {
                Ok(Ok(Answer::Acked(ack))) => Ok(ack),
                Ok(Ok(_)) => Err(unexpected("a message")),
                Ok(Err(error)) => Err(error),
                Err(_) => Err(stopped(&self.end)),
            })
    }
}

/// 128 random bits: no two messages of a user share them.
fn random_key() -> IdempotencyKey {
    format!("{:032x}", rand::random::<u128>())
        .parse()
        .expect("32 hex digits are a key")
}

fn stopped(end: &OnceLock<End>) -> Error {
    Error::Closed(end.get().cloned().unwrap_or(End::Told))
}

/// A server that answers with another kind of frame has not answered.
fn unexpected(asked: &str) -> Error {
    tracing::warn!(asked, "the answer is of another kind than was asked for");
    Error::NoAnswer
}
