//! The beat of one node at one Redis: keeps the lease, finds the dead, begins anew when in doubt.
//!
//! Owns connecting and the lives of this node. Keeps true: a life whose lease ran out is never
//! revived; people are entered again under a fresh one, and the old one is declared dead, so that
//! what was written late under it is reaped. The dead are given to the reaper only by a node that
//! itself has beaten steadily: after an outage everybody's lease is over and nobody is dead.

use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::call::Call;
use super::keys;
use super::life::Life;
use super::link::corrupt;
use super::place::Place;
use super::typing;
use crate::port::PresenceError;

/// How many dead lives one beat finds.
const DEAD_MAX: usize = 32;
/// How long after another's lease ended we look, so that its string has expired as well.
const AFTERWARDS: Duration = Duration::from_millis(10);
/// The shortest pause between two beats.
const PAUSE_MIN: Duration = Duration::from_millis(20);
/// The same where calls go astray: each of them asks for a beat, again and again, and a beat at a Cluster
/// asks all of its masters.
const LOST_PAUSE: Duration = Duration::from_millis(100);

/// What one beat remembers for the next.
#[derive(Debug)]
pub(super) struct Standing {
    /// Which Redis process the present life began in.
    run_id: Option<String>,
    /// The mark of its memory.
    mark: Option<String>,
    /// Since when every beat was answered.
    steady_since: Option<Instant>,
    /// Lives of ours that the others are yet to be told are over.
    undeclared: Vec<Life>,
    dead: mpsc::Sender<Dead>,
}

/// A life that is over, as far as was seen while the link had changed so often.
#[derive(Debug)]
pub(super) struct Dead {
    pub(super) life: Life,
    pub(super) link_changes: u64,
}

impl Standing {
    /// Before the first beat. The dead are sent to `dead`; when it is full, a later beat finds
    /// them again.
    pub(super) fn new(dead: mpsc::Sender<Dead>) -> Self {
        Self {
            run_id: None,
            mark: None,
            steady_since: None,
            undeclared: Vec::new(),
            dead,
        }
    }
}

/// What a beat saw of the others.
struct Seen {
    mark: String,
    /// When the next lease of another ends.
    next_end: Option<Duration>,
    dead: Vec<Life>,
}

/// Runs until it is aborted.
pub(super) async fn keep_beating(place: Arc<Place>, mut standing: Standing) {
    let mut was_well = true;
    loop {
        let result = beat(&place, &mut standing).await;
        let is_well = result.is_ok();
        match result {
            Ok(pause) => {
                tokio::select! {
                    () = tokio::time::sleep(pause.max(PAUSE_MIN)) => {}
                    () = place.link.lost.notified() => tokio::time::sleep(LOST_PAUSE).await,
                }
            }
            Err(error) => {
                if was_well {
                    tracing::warn!(redis = place.index, %error, "Presence misses a beat");
                }
                tokio::time::sleep(reconnect_pause(place.config.beat())).await;
            }
        }
        if is_well && !was_well {
            tracing::info!(redis = place.index, "Presence beats again");
        }
        was_well = is_well;
    }
}

/// Often enough to be back well within a beat, and not all nodes at once.
fn reconnect_pause(beat: Duration) -> Duration {
    let longest = beat.min(Duration::from_secs(2)) / 4;
    rand::rng()
        .random_range(longest / 2..=longest)
        .max(PAUSE_MIN)
}

/// One beat: how long until the next.
pub(super) async fn beat(
    place: &Place,
    standing: &mut Standing,
) -> Result<Duration, PresenceError> {
    let result = try_beat(place, standing).await;
    if result.is_err() {
        standing.steady_since = None;
        place.link.hang_up();
    }
    result
}

async fn try_beat(place: &Place, standing: &mut Standing) -> Result<Duration, PresenceError> {
    let reached = place.link.connect().await?;
    let started = Instant::now();
    if reached.is_new {
        standing.steady_since = None;
        let scripts = [&place.scripts.all()[..], &place.bans.all()].concat();
        place.link.load(&scripts).await?;
    }
    let steady_since = *standing.steady_since.get_or_insert(started);
    let present = place.ledger.lock().life();
    let is_same_process = standing.run_id.as_ref() == Some(&reached.run_id);
    let kept = match &present {
        Some(life) if is_same_process => keep(place, life, started).await?.then(|| life.clone()),
        Some(_) | None => None,
    };
    let seen = match kept {
        Some(life) => {
            let seen = look(place, &life).await?;
            // Another mark than before: Redis forgot everything since the lease was renewed, just now. The
            // next beat finds no lease, and is to know why.
            standing.mark.get_or_insert_with(|| seen.mark.clone());
            seen
        }
        None => {
            standing.steady_since = Some(started);
            begin_life(place, standing, present, &reached.run_id, started).await?
        }
    };
    while let Some(old) = standing.undeclared.last().cloned() {
        declare_dead(place, &old).await?;
        standing.undeclared.pop();
    }
    if started.duration_since(steady_since) >= 2 * place.config.beat() {
        let link_changes = place.link.changes();
        for life in seen.dead {
            if standing.dead.try_send(Dead { life, link_changes }).is_err() {
                break;
            }
        }
    }
    if let Err(error) = typing::adopt_overdue(place).await {
        // In a Cluster another master may keep it: that is no reason to doubt the lease.
        tracing::debug!(redis = place.index, %error, "Presence leaves typing to a later beat");
    }
    let beat = place.config.beat();
    Ok(seen.next_end.map_or(beat, |end| beat.min(end + AFTERWARDS)))
}

/// Keeps the lease. False if there is none any more.
///
/// In a Cluster the master that has it may be away, and with it whoever could say that it ended. Others
/// look for the dead at another master, and don't doubt a life that is renewed there in time: so it
/// is, as long as it is believed in, and this beat has failed all the same.
async fn keep(place: &Place, life: &Life, started: Instant) -> Result<bool, PresenceError> {
    let renewed = renew(place, life).await;
    let is_unsure = renewed.is_err() && place.link.is_cluster();
    let may_be_seen = is_unsure && place.ledger.lock().is_believed(Instant::now());
    if may_be_seen {
        look(place, life).await?;
    }
    if may_be_seen || matches!(renewed, Ok(true)) {
        place.ledger.lock().believe(started + place.config.lease());
    }
    renewed
}

/// Renews the lease. False if there is none any more.
async fn renew(place: &Place, life: &Life) -> Result<bool, PresenceError> {
    let mut command = redis::cmd("PEXPIRE");
    command.arg(keys::lease(life)).arg(place.config.lease_ms);
    place.link.ask(&command).await
}

/// Notes the lease among the nodes' and looks at the others'.
async fn look(place: &Place, life: &Life) -> Result<Seen, PresenceError> {
    let mut call = Call::of(&place.scripts.beat);
    let new_mark = format!("!{:016x}", rand::random::<u64>());
    call.key(keys::NODES)
        .arg(life.as_str())
        .arg(place.config.lease_ms);
    call.arg(new_mark).arg(DEAD_MAX);
    let answer: Vec<redis::Value> = place.link.run(&call).await?;
    let mut answer = answer.into_iter();
    let mut take = || answer.next().ok_or_else(|| corrupt("beat.lua: too short"));
    let told = |error: redis::ParsingError| corrupt(&error.to_string());
    let mark = redis::from_redis_value(take()?).map_err(told)?;
    let next_end_ms: i64 = redis::from_redis_value(take()?).map_err(told)?;
    let next_end = u64::try_from(next_end_ms).ok().map(Duration::from_millis);
    let dead = answer
        .filter_map(|value| redis::from_redis_value::<String>(value).ok())
        .filter_map(|text| Life::parse(&text))
        .filter(|dead| dead != life)
        .collect();
    Ok(Seen {
        mark,
        next_end,
        dead,
    })
}

/// Takes a fresh life and puts everybody on the agenda, to be entered again under it.
async fn begin_life(
    place: &Place,
    standing: &mut Standing,
    old: Option<Life>,
    run_id: &str,
    started: Instant,
) -> Result<Seen, PresenceError> {
    let life = Life::fresh(&place.node);
    let mut command = redis::cmd("SET");
    command.arg(keys::lease(&life)).arg(place.node.as_str());
    command.arg("PX").arg(place.config.lease_ms);
    place.link.ask::<()>(&command).await?;
    let seen = look(place, &life).await?;
    let forgot = match &old {
        None => false,
        Some(old) => {
            let is_other_memory = standing.mark.as_ref() != Some(&seen.mark)
                || standing.run_id.as_deref() != Some(run_id);
            // Whatever Redis remembers: if we were reaped, the rooms were told so.
            is_other_memory && !was_reaped(place, old).await?
        }
    };
    let until = started + place.config.lease();
    place
        .ledger
        .lock()
        .begin_life(life.clone(), until, forgot, Instant::now());
    place.settle_now.notify_one();
    standing.mark = Some(seen.mark.clone());
    standing.run_id = Some(run_id.to_owned());
    if let Some(old) = old {
        tracing::warn!(redis = place.index, %old, %life, forgot, "Presence enters its members again");
        standing.undeclared.push(old);
    }
    Ok(seen)
}

async fn was_reaped(place: &Place, life: &Life) -> Result<bool, PresenceError> {
    let mut command = redis::cmd("EXISTS");
    command.arg(keys::reaper(life));
    place.link.ask(&command).await
}

/// Tells the others that a life of ours is over, with every room in which something may still be
/// written under it: a command may have been on its way when the lease ended.
async fn declare_dead(place: &Place, life: &Life) -> Result<(), PresenceError> {
    let rooms = place.ledger.lock().room_names();
    for some in rooms.chunks(500) {
        let mut add = redis::cmd("SADD");
        add.arg(keys::rooms(life));
        for room in some {
            add.arg(room.as_str());
        }
        place.link.ask::<u64>(&add).await?;
    }
    let mut drop_lease = redis::cmd("DEL");
    drop_lease.arg(keys::lease(life));
    place.link.ask::<u64>(&drop_lease).await?;
    let mut note = redis::cmd("ZADD");
    note.arg(keys::NODES).arg(1).arg(life.as_str());
    place.link.ask::<u64>(&note).await.map(|_| ())
}
