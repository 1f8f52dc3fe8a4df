//! `roomcast chat`: talks in rooms from a terminal, or from a pipe, through the client crate.
//!
//! On a terminal, lines that begin with a slash are commands. From a pipe, every line is a message,
//! and the end of input ends the program once everything was acked; it fails if something could
//! not be said. Leaves reconnecting and resuming to the client.

mod input;
mod screen;
mod typed;

use std::collections::{HashMap, VecDeque};
use std::io::{self, IsTerminal};
use std::time::Duration;

use roomcast_client::{
    Client, Config, Error, Event, Events, JoinOptions, JoinedRoom, Outgoing, Page, PageOf,
    TokenSource, Who,
};
use roomcast_protocol::{Ack, IdempotencyKey, RoomName, Seq, UserId};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::secret::Secret;
use input::{HELP, Input};
use screen::Screen;

/// Messages of a room that are shown when coming in.
const HISTORY_MESSAGES: u32 = 20;
/// Requests that may wait for their answers; then no line is read.
const WAITING_MAX: usize = 64;
/// How often it is told how far a person has read.
const TELL_SEEN_EVERY: Duration = Duration::from_secs(2);
/// Keys of own messages that are remembered, so that a pipe doesn't get its own words back.
const OWN_KEYS_MAX: usize = 1_024;

/// The arguments of `roomcast chat`.
#[derive(clap::Args, Debug)]
pub struct ChatArgs {
    /// Where the server is; may be repeated, then one is chosen at random and the others are tried
    /// when it fails.
    #[arg(
        long = "url",
        value_name = "URL",
        default_value = "ws://127.0.0.1:8080/v1/ws"
    )]
    urls: Vec<String>,
    /// Who to be, on a server in development mode.
    #[arg(long)]
    user: Option<UserId>,
    /// The room to talk in.
    #[arg(long, default_value = "lobby")]
    room: RoomName,
    /// The token that says who one is.
    #[arg(long, value_parser = secret)]
    token: Option<Secret>,
}

fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text))
}

/// What a request came to.
enum Done {
    Said(Result<Ack, Error>),
    Joined(RoomName, Result<JoinedRoom, Error>),
    Left(RoomName, Result<(), Error>),
    Members(RoomName, Result<Who, Error>),
    Page(Result<Page, Error>),
    Seen,
}

/// Talks until told to stop.
///
/// # Errors
/// A sentence, if the client can't start or stopped by itself, or something could not be said.
pub async fn run(args: ChatArgs) -> Result<(), String> {
    let mut config = Config::new("");
    config.urls = args.urls;
    config.user = args.user.map(|user| user.to_string());
    config.token = args.token.map(|token| TokenSource::fixed(token.reveal()));
    let (client, events) = Client::connect(config).map_err(|error| error.to_string())?;
    let lines = typed::lines().map_err(|error| error.to_string())?;
    let mut talk = Talk {
        client: client.clone(),
        screen: Screen::of_process(),
        is_typed: io::stdin().is_terminal(),
        room: None,
        waiting: JoinSet::new(),
        own_keys: VecDeque::new(),
        user: None,
        seen: HashMap::new(),
        unsaid: 0,
    };
    talk.join(args.room);
    let talked = talk.until_the_end(lines, events).await;
    client.close().await;
    match talked {
        // Whoever read what we wrote has gone; that is no failure of ours.
        Err(Stop::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(Stop::Output(error)) => Err(error.to_string()),
        Err(Stop::Client(reason)) => Err(reason),
        Ok(()) => match talk.unsaid {
            0 => Ok(()),
            unsaid => Err(format!("{unsaid} requests failed")),
        },
    }
}

/// Why a talk ended before its time.
enum Stop {
    Output(io::Error),
    Client(String),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

struct Talk {
    client: Client,
    screen: Screen,
    /// Whether a person types.
    is_typed: bool,
    /// Where lines go.
    room: Option<RoomName>,
    /// At most [`WAITING_MAX`].
    waiting: JoinSet<Done>,
    own_keys: VecDeque<IdempotencyKey>,
    /// Who we are, once the server has said so.
    user: Option<UserId>,
    /// How far a person has seen each room, where the server doesn't know it yet.
    seen: HashMap<RoomName, Seq>,
    unsaid: u64,
}

impl Talk {
    async fn until_the_end(
        &mut self,
        mut lines: mpsc::Receiver<String>,
        mut events: Events,
    ) -> Result<(), Stop> {
        let mut has_ended = false;
        let mut tell_seen = interval(TELL_SEEN_EVERY);
        tell_seen.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !has_ended || !self.waiting.is_empty() {
            let may_read = !has_ended && self.waiting.len() < WAITING_MAX;
            tokio::select! {
                event = events.next() => match event {
                    Some(Event::Closed { reason }) => return Err(Stop::Client(reason.to_string())),
                    None => return Err(Stop::Client("the client has stopped".to_owned())),
                    Some(event) => self.show(&event)?,
                },
                Some(done) = self.waiting.join_next() => {
                    let done = done.map_err(|error| Stop::Client(error.to_string()))?;
                    self.finish(done)?;
                }
                line = lines.recv(), if may_read => match line {
                    Some(line) => match input::parse(&line, self.is_typed) {
                        Input::Quit => return Ok(()),
                        input => self.take(input).await?,
                    },
                    None => has_ended = true,
                },
                _ = tell_seen.tick(), if !self.seen.is_empty() => {
                    for (room, seq) in self.seen.drain() {
                        let client = self.client.clone();
                        self.waiting.spawn(async move {
                            // A mark that is lost is made good by the next.
                            let _ = client.read(&room, seq).await;
                            Done::Seen
                        });
                    }
                }
                interrupted = tokio::signal::ctrl_c() => return Ok(interrupted?),
            }
        }
        Ok(())
    }

    async fn take(&mut self, input: Input) -> Result<(), Stop> {
        let client = self.client.clone();
        match input {
            Input::Nothing | Input::Quit => {}
            Input::Help => self.screen.tell(HELP)?,
            Input::Wrong(why) => self.screen.tell(why)?,
            Input::Join(room) => self.join(room),
            Input::Direct(user, text) => self.say(Outgoing::to_user(user, text)).await?,
            Input::Say(text) => {
                if let Some(room) = self.here()? {
                    if self.is_typed {
                        self.screen.erase_typed_line()?;
                    }
                    self.say(Outgoing::to_room(room, text)).await?;
                }
            }
            Input::Who => {
                if let Some(room) = self.here()? {
                    self.waiting.spawn(async move {
                        let who = client.who(&room).await;
                        Done::Members(room, who)
                    });
                }
            }
            Input::Leave => {
                if let Some(room) = self.here()? {
                    self.room = None;
                    self.waiting.spawn(async move {
                        let left = client.leave(&room).await;
                        Done::Left(room, left)
                    });
                }
            }
            Input::History(count) => {
                if let Some(room) = self.here()? {
                    self.page(room, count);
                }
            }
            Input::Inbox(count) => {
                if let Some(user) = &self.user {
                    self.page(RoomName::inbox(user), count);
                }
            }
        }
        Ok(())
    }

    fn page(&mut self, room: RoomName, count: u32) {
        let client = self.client.clone();
        self.waiting.spawn(async move {
            let of = PageOf::Latest;
            Done::Page(client.history(&room, of, Some(count)).await)
        });
    }

    /// The current room; without one, says so.
    fn here(&mut self) -> io::Result<Option<RoomName>> {
        if self.room.is_none() {
            self.unsaid += 1;
            self.screen.tell("you are in no room; /join one first")?;
        }
        Ok(self.room.clone())
    }

    fn join(&mut self, room: RoomName) {
        self.room = Some(room.clone());
        let client = self.client.clone();
        self.waiting.spawn(async move {
            let options = JoinOptions {
                history: Some(HISTORY_MESSAGES),
                since: None,
            };
            let joined = client.join(&room, options).await;
            Done::Joined(room, joined)
        });
    }

    /// Hands a message over at once, so that lines keep their order.
    async fn say(&mut self, outgoing: Outgoing) -> Result<(), Stop> {
        let key = own_key();
        if self.own_keys.len() >= OWN_KEYS_MAX {
            self.own_keys.pop_front();
        }
        self.own_keys.push_back(key.clone());
        let receipt = self.client.submit(outgoing.key(key)).await;
        let receipt = receipt.map_err(|error| Stop::Client(error.to_string()))?;
        self.waiting.spawn(async move { Done::Said(receipt.await) });
        Ok(())
    }

    fn show(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Connected { user, .. } => self.user = Some(user.clone()),
            Event::Chat(chat) | Event::Direct(chat) => {
                let key = chat.key.as_ref();
                let is_own = key.is_some_and(|key| self.own_keys.contains(key));
                if is_own && !self.is_typed {
                    return Ok(());
                }
                if self.is_typed {
                    self.seen.insert(chat.room.clone(), chat.seq);
                }
            }
            _ => {}
        }
        self.screen.event(event)
    }

    fn finish(&mut self, done: Done) -> io::Result<()> {
        let failed = match done {
            Done::Said(Ok(_)) | Done::Left(_, Ok(())) | Done::Seen => return Ok(()),
            // What came is told by its event.
            Done::Joined(_, Ok(_) | Err(Error::AlreadyJoined)) => return Ok(()),
            Done::Members(room, Ok(who)) => {
                return self.screen.members(&room, who.count, &who.members);
            }
            Done::Page(Ok(page)) => {
                return page
                    .messages
                    .iter()
                    .try_for_each(|chat| self.screen.message(chat));
            }
            Done::Said(Err(error)) => format!("not said: {error}"),
            Done::Joined(room, Err(error)) => {
                if self.room.as_ref() == Some(&room) {
                    self.room = None;
                }
                format!("not in {room}: {error}")
            }
            Done::Left(room, Err(error)) => format!("left {room}, unanswered: {error}"),
            Done::Members(_, Err(error)) | Done::Page(Err(error)) => error.to_string(),
        };
        self.unsaid += 1;
        self.screen.tell(failed)
    }
}

fn own_key() -> IdempotencyKey {
    format!("{:032x}", rand::random::<u128>())
        .parse()
        .expect("32 hex digits are a key")
}
