//! A stage for tests of the state: no socket, no clock; the test plays the server and the time.

use roomcast_protocol::{
    Ack, Chat, ClientFrame, Connected, Draft, Epoch, ErrorCode, ErrorFrame, Gap, GapRange, Join,
    JoinRoom, Joined, Json, Message, MessageId, Position, RequestId, RoomName, Said, Seq,
    ServerFrame, Since, UserId, WireLimits,
};

use crate::ask::ask;
use crate::command::{Answer, Command};
use crate::config::Config;
use crate::error::Error;
use crate::event::Event;
use crate::hear::hear;
use crate::outgoing::{JoinOptions, Outgoing};
use crate::state::{Action, State, Ticket};

pub(crate) const EPOCH: Epoch = Epoch::from_bits(0xa);
pub(crate) const OTHER_EPOCH: Epoch = Epoch::from_bits(0xb);

pub(crate) fn room() -> RoomName {
    "lobby".parse().unwrap()
}

pub(crate) fn seq(n: u64) -> Seq {
    n.try_into().unwrap()
}

/// The id of the message that tests know by `n`.
pub(crate) fn message_id(n: u64) -> MessageId {
    format!("00000000-0000-4000-8000-{n:012x}").parse().unwrap()
}

/// The client's own inbox.
pub(crate) fn inbox() -> RoomName {
    "@alice".parse().unwrap()
}

/// Message `n` where it stands in the room.
pub(crate) fn message(epoch: Epoch, at: u64, n: u64) -> Message {
    message_in(room(), epoch, at, n)
}

/// Message `n` where it stands in `room`.
pub(crate) fn message_in(room: RoomName, epoch: Epoch, at: u64, n: u64) -> Message {
    let said = Said {
        id: message_id(n),
        from: "bob".parse().unwrap(),
        name: None,
        to: room.is_inbox().then(|| "alice".parse().unwrap()),
        message: format!("message {n}"),
        data: None,
        key: None,
    };
    let draft = Draft::new(room.clone(), &said);
    Message {
        room,
        position: Position {
            epoch,
            seq: seq(at),
        },
        id: said.id,
        timestamp_ms: 1,
        body: draft.body,
        trace: None,
    }
}

pub(crate) fn chat(epoch: Epoch, at: u64, n: u64) -> ServerFrame {
    ServerFrame::Chat(Box::new(message(epoch, at, n).to_chat()))
}

/// A direct message to the client.
pub(crate) fn direct(epoch: Epoch, at: u64, n: u64) -> ServerFrame {
    ServerFrame::Chat(Box::new(message_in(inbox(), epoch, at, n).to_chat()))
}

pub(crate) fn gap(epoch: Epoch, from: u64, to: u64) -> ServerFrame {
    ServerFrame::Gap(Gap {
        room: room(),
        epoch,
        from: seq(from),
        to: seq(to),
    })
}

pub(crate) fn error(id: &RequestId, code: ErrorCode, retry_after_ms: Option<u64>) -> ServerFrame {
    ServerFrame::Error(ErrorFrame {
        id: Some(id.clone()),
        room: None,
        code: code.number(),
        message: "no".into(),
        retry_after_ms,
    })
}

/// The answer to `join`, up to `at`, with messages whose number is their seq.
pub(crate) fn joined(join: &Join, epoch: Epoch, at: u64, carried: &[u64]) -> Joined {
    let room = join.rooms[0].room.clone();
    let messages: Vec<Json> = carried
        .iter()
        .map(|n| message_in(room.clone(), epoch, *n, *n).to_json())
        .collect();
    Joined {
        id: Some(join.id.clone()),
        room,
        epoch,
        seq: seq(at),
        recovered: join.rooms[0].since.is_some(),
        messages,
        gap: None,
        count: 1,
        members: None,
        typing: None,
        read: None,
        unread: None,
    }
}

/// What a session hears of its inbox without asking, in answer to the `inbox` of its address.
pub(crate) fn in_inbox(since: Option<Since>, epoch: Epoch, at: u64, carried: &[u64]) -> Joined {
    let (room, history) = (inbox(), None);
    let rooms = vec![JoinRoom {
        room,
        since,
        history,
    }];
    let id = RequestId::Number(0);
    let mut told = joined(&Join { id, rooms }, epoch, at, carried);
    told.id = None;
    told
}

pub(crate) fn gap_range(from: u64, to: u64) -> Option<GapRange> {
    Some(GapRange {
        from: seq(from),
        to: seq(to),
    })
}

pub(crate) struct Scene {
    pub(crate) state: State,
    pub(crate) now_ms: u64,
    tickets: u64,
    sent: Vec<ClientFrame>,
    events: Vec<Event>,
    answers: Vec<(Ticket, Result<Answer, Error>)>,
}

impl Scene {
    /// A client without a connection.
    pub(crate) fn offline(config: impl FnOnce(&mut Config)) -> Self {
        let mut with = Config::new("ws://localhost/");
        config(&mut with);
        Self {
            state: State::new(&with),
            now_ms: 1_000,
            tickets: 0,
            sent: Vec::new(),
            events: Vec::new(),
            answers: Vec::new(),
        }
    }

    /// A client that is connected, and in the room at `at`.
    pub(crate) fn in_room_at(at: u64) -> Self {
        let mut scene = Self::offline(|_| ());
        scene.open();
        scene.join();
        let join = scene.sent_join();
        scene.hear(ServerFrame::Joined(joined(&join, EPOCH, at, &[])));
        scene.events();
        scene
    }

    /// Connects; the inbox is empty, or as it was left.
    pub(crate) fn open(&mut self) {
        self.open_as("alice".parse().unwrap());
        let since = self.state.inbox_since();
        let at = since.map_or(0, |since| since.seq.value());
        self.hear(ServerFrame::Joined(in_inbox(since, EPOCH, at, &[])));
        self.events();
    }

    /// Connects; nothing was heard of the inbox yet.
    pub(crate) fn open_as(&mut self, user: UserId) {
        let connected = Connected {
            session: "00000000-0000-4000-8000-000000000000".parse().unwrap(),
            user,
            node: "n1".parse().unwrap(),
            protocol: 1,
            heartbeat_ms: 25_000,
            server_time: 0,
            limits: WireLimits {
                frame_bytes_max: 2_000,
                message_bytes_max: 1_000,
                data_bytes_max: 1_000,
                rooms_max: 10,
                page_messages_max: 100,
            },
        };
        let mut out = Vec::new();
        self.state.opened(connected, &mut out);
        self.settle(out);
        self.events();
    }

    pub(crate) fn cut(&mut self) {
        let mut out = Vec::new();
        self.state.lost_link(&mut out);
        self.settle(out);
    }

    pub(crate) fn ask(&mut self, command: Command) -> Ticket {
        self.tickets += 1;
        let (ticket, mut out) = (Ticket(self.tickets), Vec::new());
        ask(&mut self.state, ticket, command, self.now_ms, &mut out);
        self.settle(out);
        ticket
    }

    pub(crate) fn join(&mut self) -> Ticket {
        let options = JoinOptions::default();
        self.ask(Command::Join {
            room: room(),
            options,
        })
    }

    pub(crate) fn say(&mut self, message: &str) -> Ticket {
        let key = format!("key-{message}").parse().unwrap();
        self.ask(Command::Say(Outgoing::to_room(room(), message).key(key)))
    }

    pub(crate) fn hear(&mut self, frame: ServerFrame) {
        let mut out = Vec::new();
        hear(&mut self.state, frame, self.now_ms, &mut out);
        self.settle(out);
    }

    pub(crate) fn ack(&mut self, id: &RequestId) {
        self.hear(ServerFrame::Ack(Ack {
            id: id.clone(),
            room: room(),
            epoch: EPOCH,
            seq: seq(1),
            timestamp: 1,
            duplicate: false,
        }));
    }

    /// Lets time pass, waking the state whenever it wants to be woken.
    pub(crate) fn pass(&mut self, by_ms: u64) {
        let until_ms = self.now_ms + by_ms;
        while let Some(at) = self
            .state
            .wake_at_ms(self.now_ms)
            .filter(|at| *at <= until_ms)
        {
            self.now_ms = at;
            self.settle(Vec::new());
        }
        self.now_ms = until_ms;
        self.settle(Vec::new());
    }

    fn settle(&mut self, mut out: Vec<Action>) {
        self.state.pump(self.now_ms, &mut out);
        for action in out {
            match action {
                Action::Send(frame) => self.sent.push(frame),
                Action::Tell(event) => self.events.push(event),
                Action::Answer(ticket, answer) => self.answers.push((ticket, answer)),
                Action::ComeBack { .. } => {}
            }
        }
    }

    pub(crate) fn sent(&mut self) -> Vec<ClientFrame> {
        std::mem::take(&mut self.sent)
    }

    /// The last `join` sent; nothing but joins and leaves was.
    pub(crate) fn sent_join(&mut self) -> Join {
        match self.sent().pop() {
            Some(ClientFrame::Join(join)) => join,
            other => panic!("no join: {other:?}"),
        }
    }

    /// The ids, texts and keys of the messages sent; nothing else was.
    pub(crate) fn said(&mut self) -> Vec<(RequestId, String, String)> {
        let said = |frame| match frame {
            ClientFrame::Chat(say) => {
                let key = say.key.expect("every message has a key").to_string();
                (say.id, say.message, key)
            }
            other => panic!("no message: {other:?}"),
        };
        self.sent().into_iter().map(said).collect()
    }

    /// The texts of the messages sent.
    pub(crate) fn said_texts(&mut self) -> Vec<String> {
        self.said().into_iter().map(|(_, text, _)| text).collect()
    }

    pub(crate) fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// The numbers of the messages told; nothing else was.
    pub(crate) fn told(&mut self) -> Vec<u64> {
        let told = |event| match event {
            Event::Chat(chat) => number(&chat),
            other => panic!("no message: {other:?}"),
        };
        self.events().into_iter().map(told).collect()
    }

    pub(crate) fn answer(&mut self, ticket: Ticket) -> Option<Result<Answer, Error>> {
        let index = self.answers.iter().position(|(to, _)| *to == ticket)?;
        Some(self.answers.remove(index).1)
    }
}

/// The number by which tests know a message.
pub(crate) fn number(chat: &Chat) -> u64 {
    chat.message
        .strip_prefix("message ")
        .unwrap()
        .parse()
        .unwrap()
}
