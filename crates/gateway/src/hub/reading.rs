//! Reads of the log that the relay waits for, each a straight story: what to do about a room that
//! isn't there, a log that forked (P8), an entry that can't be read.

use std::time::Duration;

use roomcast_broker::{Broker, BrokerError, Continuation, Head, Slice, Span};
use roomcast_presence::PresenceError;
use roomcast_protocol::{
    Cursor, Epoch, GapRange, Message, Position, RoomName, Seq, SessionId, Since,
};
use tokio::time::sleep;

use super::asking::People;
use super::order::JoinRequest;

/// How often a read is begun again because the log changed under it.
const ATTEMPTS_MAX: usize = 4;
/// Messages in one read of a repair.
const REPAIR_MESSAGES_MAX: usize = 200;
/// Messages in one read for a member who is behind.
const REFILL_MESSAGES_MAX: usize = 64;

/// What a read found.
pub(super) enum Done {
    /// A room was subscribed to, and stands here.
    Opened(RoomName, Result<Cursor, BrokerError>),
    /// A room is no longer subscribed to.
    Unsubscribed(RoomName),
    /// How a room goes on from where its relay stands.
    Repaired(RoomName, Result<Onward, BrokerError>),
    /// The same for many rooms; `None` needs a closer look.
    Reconciled(Vec<(RoomName, Option<Onward>)>),
    /// Rooms whose log stands elsewhere than their relay stood.
    Suspects(Vec<RoomName>),
    /// What a joiner gets.
    Admitted(JoinRequest, Result<Welcome, BrokerError>),
    /// What a member who is behind gets.
    Refilled(RoomName, SessionId, Result<Onward, BrokerError>),
    /// Who is in a room, and whether its bans were looked up.
    People(RoomName, Result<People, PresenceError>, bool),
    /// Something was done that nothing follows from.
    Nothing,
}

/// What a relay knows of its room when it asks the log.
#[derive(Clone, Copy)]
pub(super) struct Known {
    /// Where it stands.
    pub(super) since: Since,
    /// The furthest position of that epoch that anybody here was told, or told of.
    pub(super) floor: Seq,
}

impl Known {
    /// Whether this log calls itself the epoch that the relay knows and is another log all the same:
    /// it ends before what was told, or has another message where the relay stands (P8).
    fn is_denied_by(&self, slice: &Slice) -> bool {
        let Since { epoch, seq, id } = self.since;
        let other = |message: &Message| {
            message.position.seq == seq && id.is_some_and(|id| id != message.id)
        };
        slice.head.epoch == epoch
            && (slice.head.seq < self.floor || slice.messages.iter().any(other))
    }
}

/// How a log goes on from a position.
pub(super) struct Onward {
    pub(super) head: Head,
    /// What can't be told, before the messages.
    pub(super) gap: Option<GapRange>,
    pub(super) messages: Vec<Message>,
    pub(super) more: bool,
    pub(super) fading: bool,
    /// Whether the position asked from was ahead of the log or another message's, for which the
    /// room went into a new epoch.
    pub(super) fenced: bool,
}

/// What a joiner gets.
pub(super) struct Welcome {
    pub(super) onward: Onward,
    pub(super) recovered: bool,
}

/// Subscribes, then finds the head: in this order, or what is said in between would be missed.
pub(super) async fn open(broker: &dyn Broker, room: &RoomName) -> Result<Cursor, BrokerError> {
    broker.subscribe(room).await?;
    for _ in 0..ATTEMPTS_MAX {
        match broker.read(room, Span::Latest { limit: 1 }).await {
            Ok(Some(slice)) => {
                let position = Position {
                    epoch: slice.head.epoch,
                    seq: slice.head.seq,
                };
                let id = slice
                    .messages
                    .last()
                    .filter(|m| m.position == position)
                    .map(|m| m.id);
                return Ok(Cursor::new(position, id));
            }
            Ok(None) => {
                let head = broker.open(room, None).await?;
                // Unless somebody was faster and has spoken, there is no message to know it by.
                if head.seq == Seq::ZERO {
                    return Ok(at(&head));
                }
            }
            Err(BrokerError::Corrupt(_)) => return Ok(at(&broker.open(room, None).await?)),
            Err(error) => return Err(error),
        }
    }
    Err(unstable(room))
}

/// At a room's head, whose message is not known.
fn at(head: &Head) -> Cursor {
    let position = Position {
        epoch: head.epoch,
        seq: head.seq,
    };
    Cursor::new(position, None)
}

/// Reads how a room goes on from where its relay stands, after `delay`.
pub(super) async fn repair(
    broker: &dyn Broker,
    room: &RoomName,
    known: Known,
    delay: Duration,
) -> Result<Onward, BrokerError> {
    pause(delay).await;
    onward(broker, room, known.since, known, REPAIR_MESSAGES_MAX).await
}

/// The same for many rooms in few round trips; those that need more than a look are left out.
pub(super) async fn reconcile(
    broker: &dyn Broker,
    rooms: Vec<(RoomName, Known)>,
) -> Vec<(RoomName, Option<Onward>)> {
    let span = |known: &Known| Span::After {
        since: known.since,
        limit: REPAIR_MESSAGES_MAX,
    };
    let spans = rooms
        .iter()
        .map(|(room, known)| (room.clone(), span(known)))
        .collect();
    let slices = broker.read_many(spans).await;
    let looked = rooms.into_iter().zip(slices);
    looked
        .map(|((room, known), slice)| {
            let found = slice.ok().flatten();
            let found = found.filter(|slice| !known.is_denied_by(slice));
            (room, found.and_then(|slice| continued(slice, &known.since)))
        })
        .collect()
}

/// Which of these rooms have a log that stands elsewhere than their relay. A relay that is merely
/// a moment behind its feed is suspected too: a repair then finds nothing amiss.
pub(super) async fn suspects(broker: &dyn Broker, rooms: Vec<(RoomName, Since)>) -> Vec<RoomName> {
    let span = |since: &Since| Span::After {
        since: *since,
        limit: 1,
    };
    let spans = rooms
        .iter()
        .map(|(room, since)| (room.clone(), span(since)))
        .collect();
    let slices = broker.read_many(spans).await;
    let amiss = |since: &Since, slice: &Result<Option<Slice>, BrokerError>| match slice {
        Ok(Some(slice)) => {
            slice.head.epoch != since.epoch
                || slice.head.seq != since.seq
                || slice.forks_from(since)
                || slice.fading
        }
        Ok(None) | Err(BrokerError::Corrupt(_)) => true,
        // The link's own road deals with that.
        Err(BrokerError::Unavailable(_) | BrokerError::Refused { .. }) => false,
    };
    let looked = rooms.into_iter().zip(slices);
    looked
        .filter(|((_, since), slice)| amiss(since, slice))
        .map(|((room, _), _)| room)
        .collect()
}

/// Reads what a joiner gets. `may_fence`: whether to believe them that the log has forked.
pub(super) async fn welcome(
    broker: &dyn Broker,
    request: &JoinRequest,
    known: Known,
    messages_max: usize,
    may_fence: bool,
) -> Result<Welcome, BrokerError> {
    let room = &request.room;
    let Some(since) = request.since else {
        return latest(broker, room, known, request.history.min(messages_max)).await;
    };
    if !may_fence {
        let span = Span::After { since, limit: 1 };
        let slice = read_or_skip(broker, room, span).await?;
        if slice.is_some_and(|slice| slice.forks_from(&since)) {
            return unvouched(broker, room, known, messages_max).await;
        }
    }
    let onward = onward(broker, room, since, known, messages_max).await?;
    let recovered = onward.gap.is_none();
    Ok(Welcome { onward, recovered })
}

/// Reads what a member who is behind gets next, after `delay`.
pub(super) async fn refill(
    broker: &dyn Broker,
    room: &RoomName,
    since: Since,
    known: Known,
    delay: Duration,
) -> Result<Onward, BrokerError> {
    pause(delay).await;
    onward(broker, room, since, known, REFILL_MESSAGES_MAX).await
}

/// Waits, unless there is nothing to wait for: the timer's own grain would be felt a page.
pub(super) async fn pause(delay: Duration) {
    if !delay.is_zero() {
        sleep(delay).await;
    }
}

async fn onward(
    broker: &dyn Broker,
    room: &RoomName,
    since: Since,
    known: Known,
    limit: usize,
) -> Result<Onward, BrokerError> {
    let mut fenced = false;
    for _ in 0..ATTEMPTS_MAX {
        match read_or_skip(broker, room, Span::After { since, limit }).await? {
            // Redis has forgotten the room: it begins a new life, and that is told as a gap.
            None => drop(broker.open(room, None).await?),
            Some(slice) if known.is_denied_by(&slice) => {
                fence(broker, room, known.since.epoch).await?;
            }
            Some(slice) if slice.forks_from(&since) => {
                fence(broker, room, since.epoch).await?;
                fenced = true;
            }
            Some(slice) => {
                let onward = continued(slice, &since).ok_or_else(|| unstable(room))?;
                return Ok(Onward { fenced, ..onward });
            }
        }
    }
    Err(unstable(room))
}

async fn fence(broker: &dyn Broker, room: &RoomName, stale: Epoch) -> Result<(), BrokerError> {
    tracing::warn!(%room, "the log has forked; the room goes into a new epoch");
    broker.open(room, Some(stale)).await.map(drop)
}

/// The latest messages, as a joiner without a position gets them.
async fn latest(
    broker: &dyn Broker,
    room: &RoomName,
    known: Known,
    limit: usize,
) -> Result<Welcome, BrokerError> {
    for _ in 0..ATTEMPTS_MAX {
        if let Some(slice) = read_or_skip(broker, room, Span::Latest { limit }).await? {
            if known.is_denied_by(&slice) {
                fence(broker, room, known.since.epoch).await?;
                continue;
            }
            let Slice {
                head,
                messages,
                fading,
                ..
            } = slice;
            let onward = Onward {
                head,
                gap: None,
                messages,
                more: false,
                fading,
                fenced: false,
            };
            return Ok(Welcome {
                onward,
                recovered: false,
            });
        }
        broker.open(room, None).await?;
    }
    Err(unstable(room))
}

/// The latest messages behind a gap that vouches for nothing before them.
async fn unvouched(
    broker: &dyn Broker,
    room: &RoomName,
    known: Known,
    limit: usize,
) -> Result<Welcome, BrokerError> {
    let mut welcome = latest(broker, room, known, limit).await?;
    let first = welcome
        .onward
        .messages
        .first()
        .map(|message| message.position.seq);
    let to = first.unwrap_or(welcome.onward.head.seq.next()).previous();
    welcome.onward.gap = Some(GapRange {
        from: Seq::ZERO.next(),
        to,
    });
    Ok(welcome)
}

/// Reads a slice; one with an entry that can't be read is given without any, which makes it a gap.
async fn read_or_skip(
    broker: &dyn Broker,
    room: &RoomName,
    span: Span,
) -> Result<Option<Slice>, BrokerError> {
    match broker.read(room, span).await {
        Err(BrokerError::Corrupt(_)) => broker.read(room, Span::Latest { limit: 0 }).await,
        read => read,
    }
}

fn continued(slice: Slice, since: &Since) -> Option<Onward> {
    let (head, more, fading) = (slice.head, slice.more, slice.fading);
    let (gap, messages) = match slice.continue_from(since) {
        Continuation::Unbroken(messages) => (None, messages),
        Continuation::Trimmed(gap, messages) | Continuation::OtherEpoch(gap, messages) => {
            (Some(gap), messages)
        }
        Continuation::Forked => return None,
    };
    Some(Onward {
        head,
        gap,
        messages,
        more,
        fading,
        fenced: false,
    })
}

fn unstable(room: &RoomName) -> BrokerError {
    BrokerError::Unavailable(format!("the log of {room} changed again and again"))
}
