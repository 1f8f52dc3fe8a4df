//! What was said to a room: each message with its tries, its acks, and where it stands.
//!
//! Keeps true: a message under a key that its sender had used before speaks for the first one, since
//! that is what the cluster does for it (P5).

use crate::audit::map::Map;
use smallvec::SmallVec;

use crate::payload::Said;

/// A position, with the epoch by its number in the room.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(in crate::audit) struct Spot {
    pub(in crate::audit) life: u32,
    pub(in crate::audit) seq: u64,
}

/// An ack.
#[derive(Clone, Copy)]
pub(in crate::audit) struct Ack {
    pub(in crate::audit) spot: Spot,
    pub(in crate::audit) at_us: u64,
}

/// A message.
#[derive(Default)]
pub(in crate::audit) struct Message {
    pub(in crate::audit) sent: u32,
    pub(in crate::audit) has_key: bool,
    /// Refusals that say for sure that nothing was stored.
    pub(in crate::audit) refused: u32,
    pub(in crate::audit) first_sent_us: u64,
    pub(in crate::audit) last_sent_us: u64,
    /// The furthest ack its sender had in the room before it was first sent.
    pub(in crate::audit) floor: Option<Spot>,
    /// Each position once.
    pub(in crate::audit) acks: SmallVec<[Ack; 1]>,
    /// Where it stands, each position once.
    pub(in crate::audit) stands: SmallVec<[Spot; 1]>,
}

/// All messages of a room.
#[derive(Default)]
pub(in crate::audit) struct Messages {
    pub(in crate::audit) all: Map<Said, Message>,
    /// By client and key: the first message, and when it was first sent.
    keys: Map<(u32, u64), (Said, u64)>,
    /// Messages under a key that another had before, and that one.
    speaks_for: Map<Said, Said>,
    /// By client: the furthest ack.
    acked: Map<u32, Spot>,
}

impl Messages {
    /// The message for which this one speaks: mostly itself.
    pub(in crate::audit) fn first_of_key(&self, said: Said) -> Said {
        self.speaks_for.get(&said).copied().unwrap_or(said)
    }

    /// Messages that speak for another one.
    pub(in crate::audit) fn repeats(&self) -> impl Iterator<Item = (Said, Said)> {
        self.speaks_for.iter().map(|(said, first)| (*said, *first))
    }

    pub(in crate::audit) fn sent(
        &mut self,
        said: Said,
        key: Option<u64>,
        at_us: u64,
        window_us: u64,
    ) {
        if let Some(key) = key {
            let first = self.keys.entry((said.client, key)).or_insert((said, at_us));
            if at_us.saturating_sub(first.1) > window_us {
                *first = (said, at_us);
            } else if first.0 != said {
                self.speaks_for.insert(said, first.0);
            }
        }
        let message = self.all.entry(said).or_default();
        if message.sent == 0 {
            message.first_sent_us = at_us;
            message.floor = self.acked.get(&said.client).copied();
        }
        message.sent += 1;
        message.last_sent_us = at_us;
        message.has_key |= key.is_some();
    }

    pub(in crate::audit) fn acked(&mut self, said: Said, spot: Spot, at_us: u64) {
        let furthest = self.acked.entry(said.client).or_insert(spot);
        // Another epoch can't be compared; the one that was told last counts.
        if furthest.life != spot.life || furthest.seq < spot.seq {
            *furthest = spot;
        }
        let message = self.all.entry(said).or_default();
        if !message.acks.iter().any(|ack| ack.spot == spot) {
            message.acks.push(Ack { spot, at_us });
        }
    }

    pub(in crate::audit) fn refused(&mut self, said: Said) {
        self.all.entry(said).or_default().refused += 1;
    }

    /// Notes that a message stands somewhere; called once for each position.
    pub(in crate::audit) fn stands(&mut self, said: Said, spot: Spot) {
        self.all.entry(said).or_default().stands.push(spot);
    }
}
