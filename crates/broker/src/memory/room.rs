//! One room's log in memory: a bounded ring, what keys were seen, and whether somebody listens.
//! Pure: time and randomness are given.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use roomcast_protocol::{
    Draft, Epoch, IdempotencyKey, Message, MessageId, Position, Seq, Since, UserId,
};
use tokio::time::Instant;

use super::config::MemoryConfig;
use crate::port::{Head, Published, Slice, Span};

/// Keys remembered in one room; the oldest is forgotten first.
const KEYS_MAX: usize = 65_536;

pub(super) struct Room {
    config: MemoryConfig,
    head: Head,
    ring: VecDeque<Kept>,
    ring_bytes: usize,
    keys: HashMap<(UserId, IdempotencyKey), Published>,
    keys_by_age: VecDeque<(Instant, (UserId, IdempotencyKey))>,
    pub(super) subscribed: bool,
    pub(super) active_at: Instant,
}

struct Kept {
    message: Message,
    at: Instant,
}

impl Room {
    pub(super) fn new(config: MemoryConfig, epoch: Epoch, now: Instant) -> Self {
        Self {
            config,
            head: Head {
                epoch,
                seq: Seq::ZERO,
                base: Seq::ZERO,
            },
            ring: VecDeque::new(),
            ring_bytes: 0,
            keys: HashMap::new(),
            keys_by_age: VecDeque::new(),
            subscribed: false,
            active_at: now,
        }
    }

    pub(super) fn head(&self) -> Head {
        self.head
    }

    pub(super) fn epoch(&self) -> Epoch {
        self.head.epoch
    }

    pub(super) fn seq(&self) -> Seq {
        self.head.seq
    }

    pub(super) fn subscribed(&self) -> bool {
        self.subscribed
    }

    /// Goes on under another epoch; what was kept stays readable.
    pub(super) fn fence(&mut self, epoch: Epoch) {
        self.head = Head {
            epoch,
            seq: self.head.seq,
            base: self.head.seq,
        };
        for kept in &mut self.ring {
            kept.message.position.epoch = epoch;
        }
    }

    /// Keeps a draft; the message, unless its key was seen before.
    pub(super) fn publish(
        &mut self,
        draft: &Draft,
        now: Instant,
        timestamp_ms: u64,
    ) -> (Published, Option<Message>) {
        self.active_at = now;
        self.forget_keys(now);
        let key = draft.key.clone().map(|key| (draft.from.clone(), key));
        if let Some(first) = key.as_ref().and_then(|key| self.keys.get(key)) {
            return (
                Published {
                    duplicate: true,
                    ..first.clone()
                },
                None,
            );
        }
        self.head.seq = self.head.seq.next();
        let position = Position {
            epoch: self.head.epoch,
            seq: self.head.seq,
        };
        let message = Message {
            room: draft.room.clone(),
            position,
            id: draft.id,
            timestamp_ms,
            body: draft.body.clone(),
            trace: draft.trace.clone(),
        };
        let published = Published {
            position,
            timestamp_ms,
            id: draft.id,
            duplicate: false,
        };
        if let Some(key) = key {
            self.keys.insert(key.clone(), published.clone());
            self.keys_by_age.push_back((now, key));
        }
        self.ring_bytes += message.body.as_str().len();
        self.ring.push_back(Kept {
            message: message.clone(),
            at: now,
        });
        self.trim(now);
        (published, Some(message))
    }

    pub(super) fn read(&mut self, span: Span, now: Instant) -> Slice {
        self.trim(now);
        match span {
            Span::After { since, limit } => self.after(&since, limit),
            Span::From { after, limit } => self.slice_from(after, limit, None),
            Span::Before { before, limit } => {
                let end = self
                    .ring
                    .partition_point(|kept| kept.message.position.seq < before);
                self.slice_to(end, limit)
            }
            Span::Latest { limit } => self.slice_to(self.ring.len(), limit),
        }
    }

    fn after(&self, since: &Since, limit: usize) -> Slice {
        if since.epoch != self.head.epoch {
            return self.slice_from(self.head.base, limit, None);
        }
        let at = self
            .ring
            .binary_search_by_key(&since.seq, |kept| kept.message.position.seq);
        let proof = at.ok().map(|index| self.ring[index].message.id);
        self.slice_from(since.seq, limit, proof)
    }

    fn slice_from(&self, after: Seq, limit: usize, proof: Option<MessageId>) -> Slice {
        let start = self
            .ring
            .partition_point(|kept| kept.message.position.seq <= after);
        let messages = self.messages(start, start.saturating_add(limit).min(self.ring.len()));
        let more = start + messages.len() < self.ring.len();
        Slice {
            head: self.head,
            proof,
            messages,
            more,
            fading: false,
        }
    }

    fn slice_to(&self, end: usize, limit: usize) -> Slice {
        let start = end.saturating_sub(limit);
        let messages = self.messages(start, end);
        Slice {
            head: self.head,
            proof: None,
            messages,
            more: start > 0,
            fading: false,
        }
    }

    fn messages(&self, start: usize, end: usize) -> Vec<Message> {
        self.ring
            .range(start..end)
            .map(|kept| kept.message.clone())
            .collect()
    }

    fn trim(&mut self, now: Instant) {
        let too_old = Duration::from_millis(self.config.log.history_ms);
        while let Some(oldest) = self.ring.front() {
            let fits = self.ring.len() <= self.config.log.history_messages
                && self.ring_bytes <= self.config.history_bytes_max
                && now.duration_since(oldest.at) <= too_old;
            if fits {
                break;
            }
            self.ring_bytes -= oldest.message.body.as_str().len();
            self.ring.pop_front();
        }
    }

    fn forget_keys(&mut self, now: Instant) {
        let too_old = Duration::from_millis(self.config.log.dedupe_ms);
        while let Some((at, key)) = self.keys_by_age.front() {
            if self.keys.len() < KEYS_MAX && now.duration_since(*at) <= too_old {
                break;
            }
            self.keys.remove(key);
            self.keys_by_age.pop_front();
        }
    }
}
