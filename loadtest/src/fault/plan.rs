//! Faults together: plans that the dice make, and plans that can't be played.
//!
//! Keeps true: the same seed makes the same plan; a node suffers one thing at a time, and so does Redis;
//! the last tenth is quiet, so that what is broken has time to show.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use super::Fault;
use super::deed::Deed;
use super::error::PlanError;

/// What a drain takes at most: its window, and the start of the node that follows.
const DRAIN: Duration = Duration::from_secs(15);
/// What a node or Redis gets to recover before the next thing happens to it.
const REST: Duration = Duration::from_secs(5);
/// How often the dice are thrown for a place that is free, a fault.
const THROWS_MAX: u32 = 50;
/// Clients of a fault of the load.
const CLIENTS_MAX: u32 = 50;

/// Faults of the standard kinds, at random, in the order in which they begin. There may be fewer than
/// `count` where the time is too short for so many.
pub fn random(seed: u64, over: Duration, nodes: &[String], count: usize) -> Vec<Fault> {
    let mut dice = StdRng::seed_from_u64(seed);
    let busy_ms = u64::try_from(over.as_millis()).unwrap_or(u64::MAX) / 10 * 9;
    let mut plan: Vec<Fault> = Vec::new();
    for _ in 0..count {
        for _ in 0..THROWS_MAX {
            let deed = throw(&mut dice, nodes);
            let at = Duration::from_millis(dice.random_range(0..=busy_ms));
            let fault = Fault::usual(deed, at);
            let is_over = end(&fault) <= Duration::from_millis(busy_ms);
            if is_over && !plan.iter().any(|other| meet(other, &fault)) {
                plan.push(fault);
                break;
            }
        }
    }
    plan.sort_by_key(|fault| fault.at);
    plan
}

/// Whether all faults of a plan can be done as they stand.
///
/// # Errors
/// Two of them can't: both act on one process at a time, or a node that was killed or drained would have to
/// start while Redis is away.
pub fn check(plan: &[Fault]) -> Result<(), PlanError> {
    for (place, one) in plan.iter().enumerate() {
        for other in &plan[place + 1..] {
            let is_same = process(&one.deed).is_some_and(|name| process(&other.deed) == Some(name));
            let why = if is_same && one.at < end(other) && other.at < end(one) {
                "they are done to one process at a time"
            } else if starts_without_redis(one, other) || starts_without_redis(other, one) {
                "a node that starts anew needs Redis"
            } else {
                continue;
            };
            return Err(PlanError {
                one: one.name.clone(),
                other: other.name.clone(),
                why,
            });
        }
    }
    Ok(())
}

/// The process that a deed changes for a while.
fn process(deed: &Deed) -> Option<&str> {
    let is_redis = matches!(deed, Deed::RedisRestart | Deed::RedisStop);
    deed.node().or(is_redis.then_some("redis"))
}

/// Whether the one's node may start anew while the other keeps Redis away.
fn starts_without_redis(one: &Fault, other: &Fault) -> bool {
    let from = match one.deed {
        Deed::Kill { .. } => end(one),
        // It may be over at once.
        Deed::Drain { .. } => one.at,
        _ => return false,
    };
    let is_away = matches!(other.deed, Deed::RedisRestart | Deed::RedisStop);
    is_away && from < end(other) && other.at <= end(one)
}

fn throw(dice: &mut StdRng, nodes: &[String]) -> Deed {
    // The first four need a node.
    let kind = dice.random_range(if nodes.is_empty() { 4 } else { 0 }..13);
    let node = |dice: &mut StdRng| nodes[dice.random_range(0..nodes.len())].clone();
    match kind {
        0 => Deed::Kill { node: node(dice) },
        1 => Deed::Stop { node: node(dice) },
        2 => Deed::Drain { node: node(dice) },
        3 => Deed::Starve { node: node(dice) },
        4 => Deed::CutFeed,
        5 => Deed::CutCommands,
        6 => Deed::RedisRestart,
        7 => Deed::RedisFlush,
        8 => Deed::RedisFull,
        9 => Deed::RedisStop,
        10 => Deed::Reconnect,
        11 => Deed::SlowReaders {
            clients: dice.random_range(1..=CLIENTS_MAX),
        },
        _ => Deed::HalfOpen {
            clients: dice.random_range(1..=CLIENTS_MAX),
        },
    }
}

/// When a fault is over for sure.
fn end(fault: &Fault) -> Duration {
    let takes = match fault.deed {
        Deed::Drain { .. } => DRAIN,
        _ => fault.lasts,
    };
    fault.at + takes
}

/// Whether two faults would happen to the same at once, or with too little rest between them.
fn meet(one: &Fault, other: &Fault) -> bool {
    let is_same = victim(&one.deed) == victim(&other.deed);
    let holds_up = holds_up(&one.deed, &other.deed) || holds_up(&other.deed, &one.deed);
    (is_same || holds_up) && one.at < end(other) + REST && other.at < end(one) + REST
}

/// Whether whoever does the one deed may not be able to do the other in time: a drain is waited for, and a
/// node that is started anew waits for Redis.
fn holds_up(one: &Deed, other: &Deed) -> bool {
    match one {
        Deed::Drain { .. } => true,
        Deed::Kill { .. } => other.node().is_none() && !other.is_of_the_load(),
        _ => false,
    }
}

fn victim(deed: &Deed) -> &str {
    let other = match deed.is_of_the_load() {
        true => "the load",
        false => "Redis",
    };
    deed.node().unwrap_or(other)
}
