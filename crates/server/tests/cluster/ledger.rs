//! What one client saw and said, written down as it happened, for the audit to judge afterwards.
//!
//! Owns the words of the audit. Keeps nothing out: a repetition or a hole is written down as it came.

use std::collections::BTreeMap;
use std::fmt;

use roomcast_protocol::{Chat, Epoch, GapRange, MessageId, RoomName, UserId};

/// A position in a room.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) epoch: Epoch,
    pub(crate) seq: u64,
}

impl Place {
    pub(crate) fn next(self) -> Self {
        let seq = self.seq + 1;
        Self { seq, ..self }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.epoch, self.seq)
    }
}

/// A message as it stood on the wire.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Heard {
    pub(crate) at: Place,
    pub(crate) id: MessageId,
    pub(crate) from: UserId,
    pub(crate) key: Option<String>,
    pub(crate) text: String,
}

impl Heard {
    pub(crate) fn of(chat: &Chat) -> Self {
        Self {
            at: Place {
                epoch: chat.epoch,
                seq: chat.seq.value(),
            },
            id: chat.id,
            from: chat.from.clone(),
            key: chat.key.as_ref().map(|key| key.as_str().to_owned()),
            text: chat.message.clone(),
        }
    }
}

/// One thing that reached a client in a room.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Line {
    /// `joined`, before its messages.
    Joined {
        since: Option<Place>,
        /// Where the client must stand after the messages.
        covers: Place,
        recovered: bool,
        gap: Option<GapRange>,
        messages: usize,
    },
    Chat(Heard),
    Gap {
        epoch: Epoch,
        from: u64,
        to: u64,
    },
}

/// A message a client wanted said.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) room: RoomName,
    pub(crate) key: String,
    pub(crate) text: String,
    /// Every position an ack gave it, with its `duplicate`.
    pub(crate) acks: Vec<(Place, bool)>,
}

/// A session's end, seen from the client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Ended {
    pub(crate) node: String,
    /// The close code; `None` for a cut line.
    pub(crate) code: Option<u16>,
    /// Whether `reconnect` was told before.
    pub(crate) told: bool,
}

/// Everything one client saw and said.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) user: String,
    pub(crate) rooms: BTreeMap<RoomName, Vec<Line>>,
    pub(crate) sent: Vec<Sent>,
    /// Nodes that said `connected`.
    pub(crate) sessions: Vec<String>,
    pub(crate) ended: Vec<Ended>,
    /// Upgrades that failed, with why.
    pub(crate) turned_away: Vec<String>,
    /// Refusals by code.
    pub(crate) refusals: BTreeMap<u16, u32>,
    /// `user_left`, as told.
    pub(crate) left: Vec<(RoomName, UserId)>,
    /// The users a `who` named, by room; the last answer.
    pub(crate) members: BTreeMap<RoomName, (u64, Vec<UserId>)>,
    /// What should never come; each is a fault.
    pub(crate) oddities: Vec<String>,
}

impl Ledger {
    /// Where the client stands in a room: what it would resume from, with the message's id.
    pub(crate) fn stands(&self, room: &RoomName) -> Option<(Place, Option<MessageId>)> {
        self.rooms
            .get(room)?
            .iter()
            .rev()
            .find_map(|line| match line {
                Line::Chat(heard) => Some((heard.at, Some(heard.id))),
                Line::Gap { epoch, to, .. } => {
                    let (epoch, seq) = (*epoch, *to);
                    Some((Place { epoch, seq }, None))
                }
                Line::Joined {
                    gap: Some(gap),
                    covers,
                    ..
                } => {
                    let seq = gap.to.value();
                    Some((Place { seq, ..*covers }, None))
                }
                Line::Joined {
                    since: None,
                    covers,
                    ..
                } => Some((*covers, None)),
                // Resumed without a gap: it stands where it stood.
                Line::Joined { since: Some(_), .. } => None,
            })
    }

    /// Messages heard in a room.
    pub(crate) fn heard<'a>(&'a self, room: &RoomName) -> impl Iterator<Item = &'a Heard> {
        let lines = self.rooms.get(room).into_iter().flatten();
        lines.filter_map(|line| match line {
            Line::Chat(heard) => Some(heard),
            Line::Joined { .. } | Line::Gap { .. } => None,
        })
    }

    /// How many of the messages are acked.
    pub(crate) fn acked(&self) -> usize {
        self.sent
            .iter()
            .filter(|sent| !sent.acks.is_empty())
            .count()
    }
}
