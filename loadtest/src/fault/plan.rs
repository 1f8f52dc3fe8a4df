//! Plans that the dice make.
//!
//! Keeps true: the same seed makes the same plan; a node suffers one thing at a time, and so does Redis;
//! the last tenth is quiet, so that what is broken has time to show.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use super::Fault;
use super::deed::Deed;

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
