//! One room's log in memory: stamps, keeps the latest messages and the keys they came with, and says
//! what follows a position. Pure; takes the time.

use std::collections::{HashMap, VecDeque};

use roomcast_protocol::{
    Draft, Epoch, ErrorCode, GapRange, IdempotencyKey, Message, Position, Refusal, Seq, Since,
    UserId,
};

/// How long a key makes a retry safe.
const KEY_WINDOW_MS: u64 = 300_000;

/// Where a message was put.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kept {
    pub(crate) position: Position,
    pub(crate) timestamp_ms: u64,
    pub(crate) is_duplicate: bool,
}

/// What a session gets that comes in.
pub(crate) struct Entry {
    pub(crate) is_recovered: bool,
    pub(crate) gap: Option<GapRange>,
    /// All that was missed, or the tail that was asked for.
    pub(crate) messages: Vec<Message>,
}

/// A page of the log.
pub(crate) struct Page {
    pub(crate) messages: Vec<Message>,
    pub(crate) has_more: bool,
}

pub(crate) struct Log {
    epoch: Epoch,
    head: u64,
    messages_max: usize,
    messages: VecDeque<Message>,
    keys: HashMap<(UserId, IdempotencyKey), Kept>,
    /// In the order in which they were first used.
    keys_by_age: VecDeque<(u64, UserId, IdempotencyKey)>,
    /// Whether it has begun anew; it does so once.
    pub(crate) is_reborn: bool,
}

impl Log {
    pub(crate) fn new(epoch: Epoch, messages_max: usize) -> Self {
        Self {
            epoch,
            head: 0,
            messages_max,
            messages: VecDeque::new(),
            keys: HashMap::new(),
            keys_by_age: VecDeque::new(),
            is_reborn: false,
        }
    }

    pub(crate) fn head(&self) -> Position {
        self.at(self.head)
    }

    /// The position the next message gets.
    pub(crate) fn next(&self) -> Position {
        self.at(self.head + 1)
    }

    /// Keeps only the latest so many from now on.
    pub(crate) fn trim_to(&mut self, messages_max: usize) {
        self.messages_max = messages_max;
        let too_many = self.messages.len().saturating_sub(messages_max);
        self.messages.drain(..too_many);
    }

    /// Forgets all messages and goes on at 1.
    pub(crate) fn begin_anew(&mut self, epoch: Epoch) {
        self.messages.clear();
        (self.epoch, self.head, self.is_reborn) = (epoch, 0, true);
    }

    /// What the same user has said with this key before.
    pub(crate) fn first_with(&mut self, draft: &Draft, now_ms: u64) -> Option<Kept> {
        let is_old = |(used_ms, ..): &(u64, _, _)| used_ms + KEY_WINDOW_MS < now_ms;
        while self.keys_by_age.front().is_some_and(is_old) {
            if let Some((_, user, key)) = self.keys_by_age.pop_front() {
                self.keys.remove(&(user, key));
            }
        }
        let first = self.keys.get(&(draft.from.clone(), draft.key.clone()?))?;
        Some(Kept {
            is_duplicate: true,
            ..*first
        })
    }

    pub(crate) fn append(&mut self, draft: &Draft, now_ms: u64) -> Message {
        self.head += 1;
        let message = Message {
            room: draft.room.clone(),
            position: self.head(),
            id: draft.id,
            timestamp_ms: now_ms,
            body: draft.body.clone(),
            trace: None,
        };
        if let Some(key) = draft.key.clone() {
            let kept = Kept {
                position: message.position,
                timestamp_ms: now_ms,
                is_duplicate: false,
            };
            let from = draft.from.clone();
            self.keys_by_age
                .push_back((now_ms, from.clone(), key.clone()));
            self.keys.insert((from, key), kept);
        }
        self.messages.push_back(message.clone());
        self.trim_to(self.messages_max);
        message
    }

    /// The message that stands there, if it is kept.
    pub(crate) fn message_at(&self, seq: Seq) -> Option<&Message> {
        let at = self.messages.partition_point(|m| m.position.seq < seq);
        self.messages.get(at).filter(|m| m.position.seq == seq)
    }

    /// What a newcomer gets: the latest messages.
    pub(crate) fn tail(&self, count: usize) -> Entry {
        let skipped = self.messages.len().saturating_sub(count);
        Entry {
            is_recovered: false,
            gap: None,
            messages: self.messages.iter().skip(skipped).cloned().collect(),
        }
    }

    /// What somebody gets who was at `since`.
    pub(crate) fn entry_since(&self, since: &Since) -> Result<Entry, Refusal> {
        let first = self.head - self.messages.len() as u64 + 1;
        if since.epoch != self.epoch {
            return Ok(Entry {
                is_recovered: false,
                gap: Some(self.gap(first, first - 1)),
                messages: self.messages.iter().cloned().collect(),
            });
        }
        let there = self.message_at(since.seq);
        let is_other = matches!((there, since.id), (Some(message), Some(id)) if message.id != id);
        if is_other || since.seq.value() > self.head {
            let complaint = "nothing that this log ever held stood at that position";
            return Err(Refusal::new(ErrorCode::BadValue, complaint));
        }
        let missed = since.seq.value() + 1;
        let gap = (missed < first).then(|| self.gap(missed, first - 1));
        Ok(Entry {
            is_recovered: gap.is_none(),
            gap,
            messages: self.after(since.seq).cloned().collect(),
        })
    }

    /// What stands behind `seq`, and not a word of anything else: the lie of a log that began anew.
    pub(crate) fn entry_as_if_nothing_happened(&self, since: &Since) -> Entry {
        let is_same = since.epoch == self.epoch;
        let from = if is_same { since.seq } else { Seq::ZERO };
        Entry {
            is_recovered: true,
            gap: None,
            messages: self.after(from).cloned().collect(),
        }
    }

    pub(crate) fn page(&self, before: Option<Seq>, after: Option<Seq>, limit: usize) -> Page {
        if let Some(after) = after {
            let mut messages: Vec<_> = self.after(after).take(limit + 1).cloned().collect();
            let has_more = messages.len() > limit;
            messages.truncate(limit);
            return Page { messages, has_more };
        }
        let stands_before = |m: &Message| before.is_none_or(|before| m.position.seq < before);
        let all = self.messages.partition_point(stands_before);
        let skipped = all.saturating_sub(limit);
        Page {
            messages: (self.messages.range(skipped..all)).cloned().collect(),
            has_more: skipped > 0,
        }
    }

    fn after(&self, seq: Seq) -> impl Iterator<Item = &Message> {
        let seen = self.messages.partition_point(|m| m.position.seq <= seq);
        self.messages.range(seen..)
    }

    fn at(&self, seq: u64) -> Position {
        let seq = Seq::try_from(seq).expect("a test never says that much");
        Position {
            epoch: self.epoch,
            seq,
        }
    }

    fn gap(&self, from: u64, to: u64) -> GapRange {
        let (from, to) = (self.at(from).seq, self.at(to).seq);
        GapRange { from, to }
    }
}
