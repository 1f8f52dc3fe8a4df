//! The Lua scripts, and how their arguments and answers are laid out.

use std::sync::LazyLock;

use redis::{Cmd, FromRedisValue as _, Script, Value};
use roomcast_protocol::{Body, Draft, Epoch, Message, MessageId, Position, RoomName, Seq};

use super::keys;
use crate::error::BrokerError;
use crate::port::{Head, LogConfig, Published, Slice, Span};

static PUBLISH: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("scripts/publish.lua")));
static READ: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/read.lua")));
static OPEN: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/open.lua")));

/// How much longer than its log a room's meta key lives: a week, so that a quiet room keeps its
/// epoch and nobody who comes back is told of a loss that was none.
const META_OUTLIVES_LOG_MS: u64 = 7 * 24 * 3_600_000;

/// Every script, to be loaded on a new link.
pub(super) fn all() -> [&'static Script; 3] {
    [&PUBLISH, &READ, &OPEN]
}

fn call(script: &Script, keys: &[String]) -> Cmd {
    let mut command = redis::cmd("EVALSHA");
    command.arg(script.get_hash()).arg(keys.len()).arg(keys);
    command
}

pub(super) fn publish(
    draft: &Draft,
    floor: Option<Position>,
    log: &LogConfig,
    spare: Epoch,
) -> Cmd {
    let room = &draft.room;
    let mut keys = vec![keys::meta(room), keys::log(room)];
    keys.extend(
        draft
            .key
            .as_ref()
            .map(|key| keys::dedupe(room, &draft.from, key)),
    );
    let mut call = call(&PUBLISH, &keys);
    let (floor_epoch, floor_seq) = match floor {
        Some(floor) => (floor.epoch.to_string(), floor.seq.value()),
        None => (String::new(), 0),
    };
    call.arg(spare.to_string())
        .arg(draft.id.to_string())
        .arg(draft.body.as_str())
        .arg(floor_epoch)
        .arg(floor_seq)
        .arg(log.history_messages)
        .arg(log.history_ms)
        .arg(meta_ttl_ms(log))
        .arg(log.dedupe_ms);
    call
}

/// Writes a draft's dedupe entry again, where it has one.
pub(super) fn touch(draft: &Draft, log: &LogConfig) -> Option<Cmd> {
    let key = draft.key.as_ref()?;
    let mut touch = redis::cmd("PEXPIRE");
    touch
        .arg(keys::dedupe(&draft.room, &draft.from, key))
        .arg(log.dedupe_ms);
    Some(touch)
}

pub(super) fn published(answer: &Value) -> Result<Published, BrokerError> {
    let fields = Vec::<String>::from_redis_value_ref(answer).map_err(corrupt)?;
    let [duplicate, epoch, seq, timestamp, id] = &fields[..] else {
        return Err(BrokerError::Corrupt(format!(
            "publish answered {} fields",
            fields.len()
        )));
    };
    Ok(Published {
        position: Position {
            epoch: parse_epoch(epoch)?,
            seq: parse_seq(seq)?,
        },
        timestamp_ms: timestamp.parse().map_err(corrupt)?,
        id: parse_id(id)?,
        duplicate: duplicate == "1",
    })
}

pub(super) fn open(room: &RoomName, stale: Option<Epoch>, log: &LogConfig, spare: Epoch) -> Cmd {
    let mut call = call(&OPEN, &[keys::meta(room)]);
    call.arg(spare.to_string())
        .arg(stale.map(|epoch| epoch.to_string()).unwrap_or_default())
        .arg(meta_ttl_ms(log));
    call
}

pub(super) fn opened(answer: &Value) -> Result<Head, BrokerError> {
    let (epoch, seq, base) =
        <(String, String, String)>::from_redis_value_ref(answer).map_err(corrupt)?;
    head(&epoch, &seq, &base)
}

pub(super) fn read(room: &RoomName, span: Span) -> Cmd {
    let mut call = call(&READ, &[keys::meta(room), keys::log(room)]);
    match span {
        Span::After { since, limit } => call
            .arg("after")
            .arg(since.epoch.to_string())
            .arg(since.seq.value())
            .arg(limit),
        Span::From { after, limit } => call.arg("from").arg("").arg(after.value()).arg(limit),
        Span::Before { before, limit } => call.arg("before").arg("").arg(before.value()).arg(limit),
        Span::Latest { limit } => call.arg("latest").arg("").arg(0).arg(limit),
    };
    call
}

pub(super) fn slice(
    answer: &Value,
    room: &RoomName,
    span: Span,
    log: &LogConfig,
) -> Result<Option<Slice>, BrokerError> {
    if *answer == Value::Nil {
        return Ok(None);
    }
    type Entry = (String, Vec<String>);
    let (epoch, seq, base, ttl_ms, entries) =
        <(String, String, String, i64, Vec<Entry>)>::from_redis_value_ref(answer)
            .map_err(corrupt)?;
    let head = head(&epoch, &seq, &base)?;
    let mut messages = entries
        .iter()
        .map(|(id, fields)| message(room, head.epoch, id, fields))
        .collect::<Result<Vec<_>, _>>()?;
    let (proof, limit) = match span {
        Span::After { since, limit } => {
            let is_proof = since.epoch == head.epoch
                && messages
                    .first()
                    .is_some_and(|first| first.position.seq == since.seq);
            (is_proof.then(|| messages.remove(0).id), limit)
        }
        Span::From { limit, .. } => (None, limit),
        Span::Before { limit, .. } | Span::Latest { limit } => (None, limit),
    };
    let more = messages.len() > limit;
    messages.truncate(limit);
    if matches!(span, Span::Before { .. } | Span::Latest { .. }) {
        messages.reverse();
    }
    let fading = u64::try_from(ttl_ms).is_ok_and(|ttl_ms| ttl_ms < meta_ttl_ms(log) / 2);
    Ok(Some(Slice {
        head,
        proof,
        messages,
        more,
        fading,
    }))
}

fn meta_ttl_ms(log: &LogConfig) -> u64 {
    log.history_ms.saturating_add(META_OUTLIVES_LOG_MS)
}

fn head(epoch: &str, seq: &str, base: &str) -> Result<Head, BrokerError> {
    Ok(Head {
        epoch: parse_epoch(epoch)?,
        seq: parse_seq(seq)?,
        base: parse_seq(base)?,
    })
}

fn message(
    room: &RoomName,
    epoch: Epoch,
    entry_id: &str,
    fields: &[String],
) -> Result<Message, BrokerError> {
    let [t, timestamp, i, id, b, body] = fields else {
        return Err(BrokerError::Corrupt(format!(
            "{room}: entry {entry_id} has other fields"
        )));
    };
    if (t.as_str(), i.as_str(), b.as_str()) != ("t", "i", "b") {
        return Err(BrokerError::Corrupt(format!(
            "{room}: entry {entry_id} has other fields"
        )));
    }
    let seq = entry_id.strip_suffix("-0").unwrap_or_default();
    Ok(Message {
        room: room.clone(),
        position: Position {
            epoch,
            seq: parse_seq(seq)?,
        },
        id: parse_id(id)?,
        timestamp_ms: timestamp.parse().map_err(corrupt)?,
        body: Body::from_log(body)
            .ok_or_else(|| BrokerError::Corrupt(format!("{room}: entry {entry_id} has no body")))?,
    })
}

pub(super) fn parse_epoch(text: &str) -> Result<Epoch, BrokerError> {
    text.parse().map_err(corrupt)
}

pub(super) fn parse_seq(text: &str) -> Result<Seq, BrokerError> {
    Seq::try_from(text.parse::<u64>().map_err(corrupt)?).map_err(corrupt)
}

pub(super) fn parse_id(text: &str) -> Result<MessageId, BrokerError> {
    text.parse().map_err(corrupt)
}

fn corrupt(error: impl std::fmt::Display) -> BrokerError {
    BrokerError::Corrupt(error.to_string())
}
