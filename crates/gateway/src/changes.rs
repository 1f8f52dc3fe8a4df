//! Tells rooms what presence says has changed: the way from one crate's state to the other's channel.
//!
//! Keeps true: a coming or going is told until it is told, or until too many wait; whoever hears of
//! it late knows by its revision. Typing that ended is told once: it is forgotten everywhere by
//! itself.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use roomcast_broker::Broker;
use roomcast_presence::{Change, Changes};
use roomcast_protocol::{Signal, TypingSeen, UserJoined, UserLeft};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval};

/// Changes that are told at once.
const AT_ONCE_MAX: usize = 64;
/// Changes that wait because they could not be told; the oldest goes first, and nodes find out when
/// the next one comes.
const UNTOLD_MAX: usize = 10_000;
/// How often those are tried again.
const RETRY_EVERY: Duration = Duration::from_millis(500);

/// Asks to be told when everything that has changed so far was told.
pub(crate) type Flush = oneshot::Sender<()>;

/// Runs until presence is gone.
pub(crate) async fn tell(
    broker: Arc<dyn Broker>,
    mut changes: Changes,
    mut flushes: mpsc::Receiver<Flush>,
) {
    let mut asked = Vec::new();
    let mut telling = FuturesUnordered::new();
    let mut untold = VecDeque::new();
    let mut retry = interval(RETRY_EVERY);
    retry.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let tell = async |signal: Signal| {
        let told = broker.signal(&signal).await;
        (signal, told)
    };
    loop {
        let may_tell = telling.len() < AT_ONCE_MAX;
        tokio::select! {
            change = changes.next(), if may_tell => match change {
                Some(change) => telling.extend(signal(change).map(&tell)),
                None => return,
            },
            Some((signal, told)) = telling.next() => if let Err(error) = told {
                tracing::debug!(%error, "a change of presence could not be told");
                if matches!(signal, Signal::Joined { .. } | Signal::Left { .. }) {
                    if untold.len() == UNTOLD_MAX {
                        untold.pop_front();
                    }
                    untold.push_back(signal);
                }
            },
            Some(flush) = flushes.recv() => asked.push(flush),
            _ = retry.tick(), if may_tell && !untold.is_empty() => {
                let some = untold.len().min(AT_ONCE_MAX - telling.len());
                telling.extend(untold.drain(..some).map(&tell));
            }
        }
        if changes.is_empty() && telling.is_empty() && untold.is_empty() {
            for flush in asked.drain(..) {
                let _ = flush.send(());
            }
        }
    }
}

/// What the room is told. In an inbox its user is alone.
fn signal(change: Change) -> Option<Signal> {
    let signal = match change {
        Change::Joined {
            room,
            user,
            name,
            count,
            revision,
        } => Signal::Joined {
            user: UserJoined {
                room,
                user,
                name,
                count,
            },
            revision,
        },
        Change::Left {
            room,
            user,
            name,
            count,
            revision,
        } => Signal::Left {
            user: UserLeft {
                room,
                user,
                name,
                count,
            },
            revision,
        },
        Change::TypingEnded { room, user } => Signal::Typing(TypingSeen {
            room,
            user,
            typing: false,
        }),
    };
    (!signal.room().is_inbox()).then_some(signal)
}
